import t from 'tap'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import {
  type ClaimCircumstances,
  type ClaimDecision,
  type ClaimService,
  countUnconfirmed,
  decideClaim,
  listBeyondLimit,
  MAX_UNCONFIRMED,
} from '../../../shared/controllers/address/lifecycle.ts'
import { API, makeClaim, makeView, NOW } from './_view.ts'

const MINUTE = 60_000
const SETTINGS = {
  releaseQuarantineMs: 10 * MINUTE,
  typeChangeQuarantineMs: 1440 * MINUTE,
  keepsAddressAfterTypeChange: true,
}
const service = (fields: Partial<ClaimService> = {}): ClaimService => ({
  uid: 'uid-of-web',
  cleanUp: undefined,
  retain: false,
  uses: () => true,
  ...fields,
})
const claim = (state: Claim['state'], ageMs: number, fields: Partial<Claim> = {}): Claim =>
  makeClaim('203.0.113.3', 'a', { state, since: NOW - ageMs, ...fields })
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
    { service: ended('typeChanged'), settings: { ...SETTINGS, keepsAddressAfterTypeChange: false } },
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
      settings: SETTINGS,
      ...circumstances,
    })
    t.match(decision, typeof decided === 'string' ? { do: decided } : decided)
    t.ok(decision.why)
  })

t.test('a rest that began in the future is over', async t => {
  const resting = claim('released', -60 * MINUTE, { restMs: 10 * MINUTE })
  t.match(decideClaim(resting, { service: 'absent', isBlockGone: false, now: NOW, settings: SETTINGS }), {
    do: 'free',
  })
})

t.test('counts what is unconfirmed in a namespace', async t => {
  const claims = [
    makeClaim('203.0.113.2', 'a', { state: 'unconfirmed' }),
    makeClaim('203.0.113.3', 'a', { state: 'unconfirmed', service: API }),
    makeClaim('203.0.113.4', 'a'),
    makeClaim('203.0.113.5', 'a', { state: 'unconfirmed', service: { namespace: 'other', name: 'web' } }),
  ]
  t.equal(countUnconfirmed(makeView({ claims }).book, 'default'), 2)
  t.equal(countUnconfirmed(makeView({ claims }).book, 'none'), 0)
})

t.test('beyond the limit are those that were claimed last, whatever their addresses', async t => {
  const claims = Array.from({ length: MAX_UNCONFIRMED + 2 }, (_, n) =>
    makeClaim(`203.0.113.${n + 2}`, 'a', { state: 'unconfirmed', resourceVersion: String(1000 - n) }),
  )
  const { book } = makeView({ claims: [...claims, makeClaim('203.0.113.60', 'a')] })
  t.strictSame(
    listBeyondLimit(book, 'default').map(({ address }) => address),
    ['203.0.113.3', '203.0.113.2'],
  )
  t.strictSame(listBeyondLimit(book, 'none'), [])
})
