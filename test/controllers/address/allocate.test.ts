import t from 'tap'
import { allocate } from '../../../shared/controllers/address/allocate.ts'
import { type Settlement, settle, type Taken } from '../../../shared/controllers/address/allocation.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import {
  API,
  first,
  makeBlock,
  makeClaim,
  makeIndex,
  makeRequest,
  type RequestSketch,
  type ViewSketch,
  WEB,
} from './_view.ts'

const A = makeBlock('a', '203.0.113.0/29')
const B = makeBlock('b', '203.0.113.8/29')
const V6 = makeBlock('v6', '2001:db8::/64')
const FAILED = makeBlock('a', '203.0.113.0/29', { state: 'failed', status: 'error assigning' })
const FREE = ['203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5', '203.0.113.6']
const DUAL = { families: ['IPv4', 'IPv6'] as const }
const ask = (...requested: string[]) => ({ wish: { requested } })
const theirs = (address: string, block = 'a') => makeClaim(address, block, { service: API })
const full = FREE.map(address => theirs(address))

interface Expected {
  /** Of the first family. */
  readonly keep?: string | undefined
  /** In any order, of the first family; `some` for any at all. */
  readonly candidates?: readonly string[] | 'some'
  readonly otherwise?: 'full' | 'refused' | 'onHold'
  readonly codes?: readonly ErrorCode[]
  readonly broken?: readonly string[]
}

const CASES: readonly [name: string, sketch: ViewSketch, request: RequestSketch, expected: Expected][] = [
  ['a new Service: any free address', { blocks: [A] }, {}, { candidates: FREE, otherwise: 'full' }],
  ['no block', {}, {}, { otherwise: 'full' }],
  ['all taken', { blocks: [A], claims: full }, {}, { otherwise: 'full' }],
  [
    'its own claim, whatever its state: unconfirmed',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { state: 'unconfirmed' })] },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'released',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { state: 'released' })] },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'retained, before one that was released later',
    {
      blocks: [A],
      claims: [
        makeClaim('203.0.113.3', 'a', { state: 'released', since: 9e15 }),
        makeClaim('203.0.113.4', 'a', { state: 'retained' }),
      ],
    },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'of several released ones the last',
    {
      blocks: [A],
      claims: [
        makeClaim('203.0.113.3', 'a', { state: 'released', since: 1 }),
        makeClaim('203.0.113.4', 'a', { state: 'released', since: 2 }),
      ],
    },
    {},
    { keep: '203.0.113.4' },
  ],
  [
    'what it is served with, before any other',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a', { since: 9e15 }), makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],
  [
    'no claim of the same name elsewhere',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { service: { ...WEB, namespace: 'other' } })] },
    {},
    { candidates: FREE.filter(address => address !== '203.0.113.4') },
  ],

  [
    'its released claim while the gate is closing: wait for it',
    {
      blocks: [A, B],
      claims: [makeClaim('203.0.113.4', 'a', { state: 'released' })],
      gates: { a: 'closing' },
    },
    {},
    { otherwise: 'onHold' },
  ],
  [
    'its claim that nobody has seen with an open gate: another',
    {
      blocks: [A, B],
      claims: [makeClaim('203.0.113.4', 'a', { state: 'unconfirmed' })],
      gates: { a: 'closing' },
    },
    {},
    { candidates: 'some', otherwise: 'full' },
  ],
  [
    'live, while the gate is closing',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a')], gates: { a: 'closing' } },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],

  [
    'a requested address that is free',
    { blocks: [A] },
    ask('203.0.113.5'),
    { candidates: ['203.0.113.5'], otherwise: 'refused' },
  ],
  [
    'a requested address in another Service’s own block',
    { blocks: [makeBlock('a', '203.0.113.0/29', { dedicatedTo: API })] },
    ask('203.0.113.2'),
    { candidates: ['203.0.113.2'] },
  ],
  [
    'requested and claimed already',
    {
      blocks: [A],
      claims: [makeClaim('203.0.113.3', 'a'), makeClaim('203.0.113.5', 'a', { state: 'released' })],
    },
    ask('203.0.113.5'),
    { keep: '203.0.113.5' },
  ],
  [
    'requested but taken',
    { blocks: [A], claims: [theirs('203.0.113.5')] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'requested but reserved',
    { blocks: [A], reserved: ['203.0.113.5'] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested but a server’s',
    { blocks: [A], members: ['203.0.113.5'] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested but the gateway',
    { blocks: [A] },
    ask('203.0.113.1'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested but its claim is unreadable',
    { blocks: [A], unreadable: ['203.0.113.5'] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_RESERVED'] },
  ],
  [
    'requested outside',
    { blocks: [A] },
    ask('192.0.2.1'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_OUTSIDE'] },
  ],
  [
    'requested in a block on its way',
    { known: [makeBlock('b', '203.0.113.8/29', { state: 'coming' })] },
    ask('203.0.113.10'),
    { otherwise: 'onHold' },
  ],
  [
    'requested in a block on its way out',
    { known: [makeBlock('b', '203.0.113.8/29', { state: 'going' })] },
    ask('203.0.113.10'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_OUTSIDE'] },
  ],
  [
    'requested in a block whose gate is closed',
    { blocks: [A], gates: { a: 'closed' } },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_OUTSIDE'] },
  ],
  [
    'requested in a block whose gate opens soon',
    { blocks: [A], gates: { a: null } },
    ask('203.0.113.5'),
    { otherwise: 'onHold' },
  ],
  [
    'requested of the other family: no other instead',
    { blocks: [A, V6] },
    ask('2001:db8::5'),
    { otherwise: 'refused', codes: ['CCM_FAMILY_UNAVAILABLE'] },
  ],
  [
    'two requested of one family',
    { blocks: [A] },
    ask('203.0.113.4', '203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_MALFORMED'] },
  ],
  [
    'the same requested twice',
    { blocks: [A] },
    ask('203.0.113.4', '203.0.113.4'),
    { candidates: ['203.0.113.4'] },
  ],
  [
    'part of the request is no address',
    { blocks: [A] },
    { wish: { isUnclear: true } },
    { otherwise: 'refused' },
  ],
  ['its location cannot be', { blocks: [A] }, { wish: { isBlocked: true } }, { otherwise: 'refused' }],
  [
    'its location cannot be, and it asks for a free address',
    { blocks: [A] },
    { wish: { isBlocked: true, requested: ['203.0.113.5'] } },
    { otherwise: 'refused' },
  ],
  [
    'its location cannot be: what it is not served with is not taken back',
    { blocks: [A], claims: [makeClaim('203.0.113.4', 'a', { state: 'released' })] },
    { wish: { isBlocked: true } },
    { otherwise: 'refused' },
  ],

  [
    'live, asks for a free one: moves when that is claimed',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a')] },
    { live: ['203.0.113.3'], ...ask('203.0.113.5') },
    { keep: '203.0.113.3', candidates: ['203.0.113.5'] },
  ],
  [
    'live, asks for a taken one: keeps what it has',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a'), theirs('203.0.113.5')] },
    { live: ['203.0.113.3'], ...ask('203.0.113.5') },
    { keep: '203.0.113.3', codes: ['CCM_ADDRESS_TAKEN'] },
  ],
  [
    'live, its location cannot be any more',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a')] },
    { live: ['203.0.113.3'], wish: { isBlocked: true } },
    { keep: '203.0.113.3' },
  ],
  [
    'live, and the request cannot be read',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a')] },
    { live: ['203.0.113.3'], wish: { isUnclear: true } },
    { keep: '203.0.113.3' },
  ],
  [
    'not served yet, asks for a taken one: not what it had before',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a', { state: 'released' }), theirs('203.0.113.5')] },
    ask('203.0.113.5'),
    { otherwise: 'refused', codes: ['CCM_ADDRESS_TAKEN'] },
  ],

  ['restored, its address free', { blocks: [A, B] }, { live: ['203.0.113.12'] }, { candidates: 'some' }],
  [
    'restored, its address taken',
    { blocks: [A], claims: [theirs('203.0.113.5')] },
    { live: ['203.0.113.5'] },
    { candidates: FREE.filter(address => address !== '203.0.113.5'), codes: ['CCM_ADDRESS_REPLACED'] },
  ],
  [
    'restored elsewhere',
    { blocks: [A] },
    { live: ['192.0.2.1'] },
    { candidates: FREE, codes: ['CCM_ADDRESS_REPLACED'] },
  ],
  [
    'restored, the gate of its block not open yet',
    { blocks: [A, B], gates: { a: null } },
    { live: ['203.0.113.5'] },
    { otherwise: 'onHold' },
  ],

  [
    'its block has failed: it comes back',
    { blocks: [B], known: [FAILED, B], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { otherwise: 'onHold', broken: ['203.0.113.4'], codes: ['CCM_ADDRESS_WITHDRAWN'] },
  ],
  [
    'its block has gone: another',
    { blocks: [B], known: [B], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { candidates: 'some', broken: ['203.0.113.4'], codes: ['CCM_ADDRESS_REPLACED', 'CCM_ADDRESS_WITHDRAWN'] },
  ],
  [
    'the inventory does not know its block: no proof',
    { blocks: [B], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],
  [
    'its block is marked by mistake',
    { blocks: [], known: [{ ...A, marked: true }], claims: [makeClaim('203.0.113.4', 'a')] },
    { live: ['203.0.113.4'] },
    { keep: '203.0.113.4' },
  ],
  [
    'an unconfirmed claim in a failed block is nothing to wait for',
    { blocks: [B], known: [FAILED, B], claims: [makeClaim('203.0.113.4', 'a', { state: 'unconfirmed' })] },
    {},
    { candidates: 'some' },
  ],
]
for (const [name, sketch, request, expected] of CASES)
  t.test(name, async t => {
    const { families, problems, broken } = allocate(makeIndex(sketch), makeRequest(request))
    const [row] = families
    t.equal(row?.keep?.address, expected.keep)
    const candidates = first(row?.candidates ?? [])
    if (expected.candidates === 'some') t.ok(candidates.length > 0)
    else t.strictSame(candidates.toSorted(), [...(expected.candidates ?? [])])
    if (expected.otherwise) t.equal(row?.otherwise, expected.otherwise)
    t.strictSame(problems.map(({ code }) => code).toSorted(), [...(expected.codes ?? [])])
    t.ok(problems.every(({ message }) => message.length <= 256))
    t.strictSame(
      broken.map(({ claim }) => claim.address),
      [...(expected.broken ?? [])],
    )
  })

t.test('what it had before comes first, then any other, each once', async t => {
  const request = makeRequest({ held: ['203.0.113.12'] })
  const offered = first(allocate(makeIndex({ blocks: [A, B] }), request).families[0]?.candidates ?? [])
  t.equal(offered[0], '203.0.113.12')
  t.equal(offered.length, 10)
  t.equal(new Set(offered).size, 10)
})

function settled(sketch: ViewSketch, request: RequestSketch, take: 'all' | 'none' = 'all'): Settlement {
  const allocation = allocate(makeIndex(sketch), makeRequest(request))
  const taken: Taken = Object.fromEntries(
    allocation.families.flatMap(({ family, candidates }) => {
      const [candidate] = candidates
      return candidate && take === 'all' ? [[family, candidate]] : []
    }),
  )
  return settle(allocation, taken)
}

const SIX = makeClaim('2001:db8::5', 'v6')
const FOUR = makeClaim('203.0.113.3', 'a')
const ENDS: readonly [name: string, end: Settlement, expected: Partial<Record<keyof Settlement, unknown>>][] =
  [
    ['nothing free', settled({}, {}), { kind: 'wait', addresses: [], lacking: ['IPv4'] }],
    [
      'what was refused is not to be bought',
      settled({ blocks: [A] }, ask('192.0.2.1')),
      { kind: 'wait', lacking: [] },
    ],
    [
      'candidates that all turned out taken',
      settled({ blocks: [A] }, {}, 'none'),
      { kind: 'wait', lacking: ['IPv4'] },
    ],
    [
      'a requested one that turned out taken',
      settled({ blocks: [A] }, ask('203.0.113.5'), 'none'),
      { kind: 'wait', lacking: [] },
    ],
    [
      'primary family first',
      settled({ blocks: [A, V6], claims: [SIX, FOUR] }, { families: ['IPv6', 'IPv4'] }),
      { kind: 'serve', addresses: ['2001:db8::5', '203.0.113.3'] },
    ],
    [
      'both required, one there: waits and keeps it',
      settled({ blocks: [A], claims: [{ ...FOUR, state: 'unconfirmed' }] }, DUAL),
      { kind: 'wait', addresses: ['203.0.113.3'], lacking: ['IPv6'], surplus: [] },
    ],
    [
      'one is welcome only: served without, and still lacking',
      settled({ blocks: [A], claims: [FOUR] }, { ...DUAL, required: ['IPv4'] }),
      { kind: 'serve', addresses: ['203.0.113.3'], lacking: ['IPv6'] },
    ],
    [
      'both required, one live already: goes on with it',
      settled({ blocks: [A], claims: [FOUR] }, { ...DUAL, live: ['203.0.113.3'] }),
      { kind: 'serve', addresses: ['203.0.113.3'], lacking: ['IPv6'] },
    ],
    [
      'a family was dropped',
      settled({ blocks: [A, V6], claims: [FOUR, SIX] }, { live: ['203.0.113.3', '2001:db8::5'] }),
      { kind: 'serve', addresses: ['203.0.113.3'], surplus: [SIX] },
    ],
    [
      'moved to the one that it asks for',
      settled({ blocks: [A], claims: [FOUR] }, { live: ['203.0.113.3'], ...ask('203.0.113.5') }),
      { kind: 'serve', addresses: ['203.0.113.5'], claims: [], surplus: [FOUR] },
    ],
    [
      'could not move',
      settled({ blocks: [A], claims: [FOUR] }, { live: ['203.0.113.3'], ...ask('203.0.113.5') }, 'none'),
      { kind: 'serve', addresses: ['203.0.113.3'], claims: [FOUR], surplus: [] },
    ],
    [
      'one in a failed block stays its own',
      settled({ blocks: [], known: [FAILED], claims: [FOUR] }, { live: ['203.0.113.3'] }),
      { kind: 'wait', addresses: [], surplus: [], lacking: [] },
    ],
    [
      'released ones that it does not use rest on',
      settled(
        { blocks: [A], claims: [FOUR, makeClaim('203.0.113.4', 'a', { state: 'released' })] },
        { live: ['203.0.113.3'] },
      ),
      { claims: [FOUR], surplus: [] },
    ],
  ]
for (const [name, end, expected] of ENDS)
  t.test(`in the end: ${name}`, async t => {
    for (const [key, value] of Object.entries(expected))
      t.strictSame(end[key as keyof Settlement], value, key)
  })
