import t from 'tap'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import {
  type ClaimCircumstances,
  type ClaimDecision,
  type ClaimLimits,
  type ClaimService,
  decideClaim,
  isAtLimit,
  listBeyondLimit,
  MAX_UNCONFIRMED,
  toReviewLimits,
  toStoredLimits,
} from '../../../shared/controllers/address/lifecycle.ts'
import { SKEW_MS } from '../../../shared/kubernetes/leases.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { API, makeBlock, makeClaim, makeIndex, makeView, NOW, REST_SETTINGS } from './_view.ts'

const MINUTE = 60_000
const service = (fields: Partial<ClaimService> = {}): ClaimService => ({
  uid: 'uid-of-web',
  cleanUp: undefined,
  retain: false,
  isKept: false,
  uses: () => true,
  ...fields,
})
const claim = (state: Claim['state'], ageMs: number, fields: Partial<Claim> = {}): Claim =>
  makeClaim('203.0.113.3', 'a', {
    state,
    since: NOW - ageMs,
    ...(state === 'released' ? { serviceUid: undefined } : {}),
    ...fields,
  })
const unused = service({ uses: () => false })
const ended = (cleanUp: ClaimService['cleanUp'], retain = false) => service({ cleanUp, retain })

type Decided = ClaimDecision['do'] | Partial<Record<string, unknown>>
const CASES: readonly [
  name: string,
  claim: Claim,
  circumstances: Partial<ClaimCircumstances>,
  decided: Decided,
][] = [
  ['unconfirmed, used', claim('unconfirmed', 0), {}, { do: 'confirm', serviceUid: 'uid-of-web' }],
  ['unconfirmed, used after hours', claim('unconfirmed', 600 * MINUTE), {}, 'confirm'],
  [
    'unconfirmed, its Service not stored yet',
    claim('unconfirmed', 5 * MINUTE - 1),
    { service: 'absent' },
    'keep',
  ],
  ['unconfirmed, its Service never stored', claim('unconfirmed', 5 * MINUTE), { service: 'absent' }, 'free'],
  [
    'unconfirmed, its Service uses another',
    claim('unconfirmed', 5 * MINUTE - 1),
    { service: unused },
    'keep',
  ],
  [
    'unconfirmed, its Service uses another still',
    claim('unconfirmed', 5 * MINUTE),
    { service: unused },
    'free',
  ],
  [
    'unconfirmed, its Service is going',
    claim('unconfirmed', 5 * MINUTE),
    { service: ended('deleted') },
    'free',
  ],
  ['active, used', claim('active', 0), {}, 'keep'],
  [
    'active, used by a recreated Service',
    claim('active', 0, { serviceUid: 'uid-before' }),
    {},
    { do: 'confirm', serviceUid: 'uid-of-web' },
  ],
  [
    'active, without a Service',
    claim('active', 0),
    { service: 'absent' },
    { do: 'release', restMs: 10 * MINUTE },
  ],
  ['active, exchanged', claim('active', 0), { service: unused }, { do: 'release', restMs: 10 * MINUTE }],
  [
    'active, exchanged, retaining',
    claim('active', 0),
    { service: service({ uses: () => false, retain: true }) },
    'release',
  ],
  [
    'active, deleted',
    claim('active', 0),
    { service: ended('deleted') },
    { do: 'release', restMs: 10 * MINUTE },
  ],
  [
    'active, another type',
    claim('active', 0),
    { service: ended('typeChanged') },
    { do: 'release', restMs: 1440 * MINUTE },
  ],
  [
    'active, another type, nothing stays on nodes',
    claim('active', 0),
    { service: ended('typeChanged'), settings: { ...REST_SETTINGS, keepsAddressAfterTypeChange: false } },
    { do: 'release', restMs: 10 * MINUTE },
  ],
  [
    'active, another class',
    claim('active', 0),
    { service: ended('classChanged') },
    { do: 'release', restMs: 10 * MINUTE },
  ],
  [
    'active, another pool',
    claim('active', 0),
    { service: ended('handedOver') },
    { do: 'release', restMs: 10 * MINUTE },
  ],
  ['active, deleted, retaining', claim('active', 0), { service: ended('deleted', true) }, 'retain'],
  ['active, another type, retaining', claim('active', 0), { service: ended('typeChanged', true) }, 'retain'],
  ['released, rests', claim('released', 10 * MINUTE - 1), { service: 'absent' }, 'keep'],
  ['released, rested', claim('released', 10 * MINUTE), { service: 'absent' }, 'free'],
  [
    'released, with a rest of its own',
    claim('released', 60 * MINUTE, { restMs: 90 * MINUTE }),
    { service: 'absent' },
    'keep',
  ],
  [
    'released, with a rest of its own, rested',
    claim('released', 90 * MINUTE, { restMs: 90 * MINUTE }),
    { service: 'absent' },
    'free',
  ],
  ['released, with no rest', claim('released', 0, { restMs: 0 }), { service: 'absent' }, 'free'],
  ['released, its Service still going', claim('released', 0), { service: ended('deleted') }, 'keep'],
  [
    'released, used again',
    claim('released', 600 * MINUTE),
    {},
    { do: 'reactivate', serviceUid: 'uid-of-web' },
  ],
  ['retained for years', claim('retained', 9e11), { service: 'absent' }, 'keep'],
  ['retained, used again', claim('retained', 0), {}, 'reactivate'],
  ['retained, its Service uses another', claim('retained', 0), { service: unused }, 'keep'],
  ['retained, its block gone', claim('retained', 0), { service: 'absent', isBlockGone: true }, 'free'],
  ['active, its block gone', claim('active', 0), { service: unused, isBlockGone: true }, 'free'],
  ['active and used, its block gone', claim('active', 0), { isBlockGone: true }, 'keep'],
]
for (const [name, claim, circumstances, decided] of CASES)
  t.test(name, async t => {
    const decision = decideClaim(claim, {
      service: service(),
      isBlockGone: false,
      now: NOW,
      settings: REST_SETTINGS,
      ...circumstances,
    })
    t.match(decision, typeof decided === 'string' ? { do: decided } : decided)
    t.ok(decision.why)
  })

const alone = (claim: Claim, service: 'absent' | ClaimService): ClaimDecision =>
  decideClaim(claim, { service, isBlockGone: false, now: NOW, settings: REST_SETTINGS })

t.test('a claim that is freed says whether its Service was never stored, or has no use for it', async t => {
  const row = claim('unconfirmed', 5 * MINUTE)
  t.strictSame(alone(row, 'absent'), { do: 'free', why: 'the Service default/web was never stored' })
  t.strictSame(alone(row, unused), { do: 'free', why: 'the Service default/web does not use it' })
})

for (const state of ['unconfirmed', 'released'] as const)
  t.test(`the time of one that is ${state} begins anew, unless two clocks only do not agree`, async t => {
    for (const [aheadMs, decided] of [
      [SKEW_MS - 1, 'keep'],
      [SKEW_MS, 'redate'],
      [60 * MINUTE, 'redate'],
    ] as const)
      t.match(alone(claim(state, -aheadMs, { restMs: 10 * MINUTE }), 'absent'), { do: decided })
  })

const OF_REVIEW: ClaimLimits = {
  unconfirmed: MAX_UNCONFIRMED,
  share: Number.POSITIVE_INFINITY,
  addresses: undefined,
}
const OTHER = { namespace: 'other', name: 'web' }
const unconfirmed = (address: string, fields: Partial<Claim> = {}): Claim =>
  makeClaim(address, 'a', { state: 'unconfirmed', ...fields })

t.test('counts what is unconfirmed in a namespace', async t => {
  const claims = [
    unconfirmed('203.0.113.2'),
    unconfirmed('203.0.113.3', { service: API }),
    makeClaim('203.0.113.4', 'a'),
    unconfirmed('203.0.113.5', { service: OTHER }),
  ]
  const { book } = makeView({ claims })
  const isAt = (count: number, namespace: string): boolean =>
    isAtLimit(book, namespace, { ...OF_REVIEW, unconfirmed: count })
  t.ok(isAt(2, 'default'))
  t.notOk(isAt(3, 'default'))
  t.notOk(isAt(1, 'none'))
  t.ok(isAtLimit(book, 'none', { ...OF_REVIEW, share: 3 }), 'together with all other namespaces')
  t.notOk(isAtLimit(book, 'none', { ...OF_REVIEW, share: 4 }))
})

t.test('beyond the limit are those that were claimed last, whatever their addresses', async t => {
  const claims = Array.from({ length: MAX_UNCONFIRMED + 2 }, (_, n) =>
    unconfirmed(`203.0.113.${n + 2}`, { resourceVersion: String(1000 - n) }),
  )
  const { book } = makeView({ claims: [...claims, makeClaim('203.0.113.60', 'a')] })
  t.strictSame(
    listBeyondLimit(book, 'default', OF_REVIEW).map(({ address }) => address),
    ['203.0.113.3', '203.0.113.2'],
  )
  t.strictSame(listBeyondLimit(book, 'none', OF_REVIEW), [])
})

t.test('and those that leave too little to all others, or are more than a namespace may have', async t => {
  const claims = [
    unconfirmed('203.0.113.2', { resourceVersion: '30' }),
    unconfirmed('203.0.113.3', { resourceVersion: '10', service: OTHER }),
    unconfirmed('203.0.113.4', { resourceVersion: '20' }),
    unconfirmed('2001:db8::2', { resourceVersion: '5' }),
    makeClaim('203.0.113.6', 'a', { state: 'retained' }),
  ]
  const { book } = makeView({ claims })
  const beyond = (limits: Partial<ClaimLimits>): string[] =>
    listBeyondLimit(book, 'default', { ...OF_REVIEW, ...limits }).map(({ address }) => address)
  t.strictSame(beyond({ share: 2 }), ['203.0.113.2'])
  t.strictSame(beyond({ share: 1 }), ['203.0.113.4', '203.0.113.2'])
  t.strictSame(beyond({ addresses: 3 }), ['203.0.113.2'])
  t.strictSame(beyond({ addresses: 0 }), ['2001:db8::2', '203.0.113.4', '203.0.113.2'])
})

t.test(
  'reviews leave half of what is free to other namespaces, and a quarter to Services that are stored',
  async t => {
    const A = makeBlock('a', '203.0.113.0/29')
    const { tenants } = SERVICE_SETTINGS
    const limitsOf = (claims: readonly Claim[], blocks = [A]): number[] => {
      const { unconfirmed: own, share } = toReviewLimits(makeIndex({ blocks, claims }), tenants)
      return [own, share]
    }
    t.strictSame(limitsOf([]), [3, 4], 'of five')
    t.strictSame(limitsOf([unconfirmed('203.0.113.2')]), [3, 4], 'what is unconfirmed counts as free')
    const used = [2, 3, 4, 5].map(place => makeClaim(`203.0.113.${place}`, 'a'))
    t.strictSame(limitsOf(used.slice(1)), [1, 1], 'of two')
    t.strictSame(limitsOf(used), [1, 1], 'the last one may be had')
    t.strictSame(
      limitsOf([], [makeBlock('b', '198.51.100.0/27')]),
      [10, 22],
      'never more than ten of a namespace',
    )
    t.strictSame(toStoredLimits({ ...tenants, maxAddresses: 4 }), {
      unconfirmed: Number.POSITIVE_INFINITY,
      share: Number.POSITIVE_INFINITY,
      addresses: 4,
    })
  },
)
