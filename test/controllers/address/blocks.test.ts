import t from 'tap'
import type { AddressBlock } from '../../../shared/cloud-provider/load-balancer.ts'
import { decideGates, type GateInput } from '../../../shared/controllers/address/blocks.ts'
import type { Claim, Gate } from '../../../shared/controllers/address/contract.ts'
import { toExpectedBlocks } from '../../../shared/controllers/address/source.ts'
import { makeBlock, makeSupply, NOW } from './_blocks.ts'

const GRACE_MS = 600_000
const OLD = NOW - GRACE_MS
const YOUNG = OLD + 1

const makeGate = (change: Partial<Gate> = {}): Gate => ({
  address: '203.0.113.0',
  blockId: 'b1',
  state: 'open',
  since: 0,
  unusedSince: undefined,
  uid: 'uid',
  resourceVersion: '1',
  ...change,
})

const makeClaim = (change: Partial<Claim> = {}): Claim => ({
  address: '203.0.113.2',
  family: 'IPv4',
  service: { namespace: 'default', name: 'web' },
  state: 'active',
  since: 0,
  serviceUid: 'u1',
  blockId: 'b1',
  restMs: undefined,
  why: undefined,
  uid: 'uid',
  resourceVersion: '1',
  ...change,
})

interface Case {
  readonly blocks?: readonly AddressBlock[]
  readonly gates?: readonly Gate[]
  readonly claims?: readonly Claim[]
  readonly unreadable?: readonly string[]
  readonly rules?: Partial<GateInput>
}

function decide({ blocks = [makeBlock('b1')], gates = [], claims = [], unreadable = [], rules }: Case) {
  const input = { now: NOW, graceMs: GRACE_MS, minFree: 0, needed: new Set<string>(), countFree: () => 5 }
  const book = { claims, gates, unreadable, now: NOW }
  const judged = new Set(toExpectedBlocks(book))
  return decideGates({ book, supply: makeSupply(blocks), judged, ...input, ...rules })
}

/** As `open b1`; a removal names the gate's block. */
const told = (given: Case): string[] =>
  decide(given).actions.map(
    action => `${action.do} ${action.do === 'remove' ? action.gate.blockId : action.block.id}`,
  )

const one = (change: Partial<AddressBlock>) => [makeBlock('b1', change)]
const unused = makeGate({ unusedSince: OLD })
const closing = makeGate({ state: 'closing' })
const closed = makeGate({ state: 'closed' })
const needed = { needed: new Set(['b1']) }
const STATES = ['unconfirmed', 'active', 'released', 'retained'] as const

const CASES: readonly [name: string, given: Case, actions: readonly string[], held?: RegExp][] = [
  ['an assigned block without a gate', {}, ['open b1']],
  ['one whose claims were there before', { claims: [makeClaim()] }, ['open b1']],
  ['one without a range yet', { blocks: one({ cidr: undefined }) }, []],
  [
    'one whose gate somebody broke',
    { unreadable: ['203.0.113.0'] },
    [],
    /203\.0\.113\.0 cannot be understood/,
  ],
  [
    'one that has the range of a block that has gone',
    { gates: [makeGate({ blockId: 'b0' })], claims: [makeClaim({ blockId: 'b0' })] },
    ['open b1'],
  ],
  ['two with the same range', { blocks: [makeBlock('b1'), makeBlock('b2')] }, [], /same network address/],
  ['a block in use', { gates: [makeGate()], claims: [makeClaim()] }, []],
  [
    'one in use by its address alone',
    { gates: [unused], claims: [makeClaim({ blockId: 'b0' })] },
    ['noteUsed b1'],
  ],
  ['one used again', { gates: [unused], claims: [makeClaim()] }, ['noteUsed b1']],
  ['one that is not used any more', { gates: [makeGate()] }, ['noteUnused b1']],
  ['one unused since the future', { gates: [makeGate({ unusedSince: NOW + 3_600_000 })] }, ['noteUnused b1']],
  ['one unused for less than the grace', { gates: [makeGate({ unusedSince: YOUNG })] }, []],
  ['one unused for the grace', { gates: [unused] }, ['close b1']],
  ['one that waiting Services need', { gates: [unused], rules: needed }, []],
  ['one with an object that nobody understands', { gates: [makeGate()], unreadable: ['203.0.113.5'] }, []],
  ...STATES.map((state): [string, Case, string[]] => [
    `one with a claim that is ${state}`,
    { gates: [unused], claims: [makeClaim({ state })] },
    ['noteUsed b1'],
  ]),

  ['closing without claims', { gates: [closing] }, ['close b1']],
  [
    'closing with a claim',
    { gates: [closing], claims: [makeClaim({ state: 'unconfirmed' })] },
    ['reopen b1'],
  ],
  ['closing while it is needed', { gates: [closing], rules: needed }, ['reopen b1']],
  [
    'closing, marked, with a claim',
    { gates: [closing], claims: [makeClaim()], blocks: one({ marked: true }) },
    [],
    /waits for 203\.0\.113\.2 \(active, default\/web\)/,
  ],
  [
    'closing, marked, although needed',
    { gates: [closing], blocks: one({ marked: true }), rules: needed },
    ['close b1'],
  ],
  [
    'closing, failed, with a claim',
    { gates: [closing], claims: [makeClaim()], blocks: one({ state: 'failed' }) },
    [],
    /waits for/,
  ],
  ['closed', { gates: [closed] }, ['giveBack b1']],
  [
    'closed, whatever became of the block',
    { gates: [closed], blocks: one({ state: 'going', marked: true }) },
    ['giveBack b1'],
  ],
  [
    'closed, with what a killed claimer left',
    { gates: [closed], claims: [makeClaim({ state: 'unconfirmed' })] },
    ['giveBack b1'],
  ],
  [
    'closed, with a claim that a Service has',
    { gates: [closed], claims: [makeClaim()] },
    [],
    /kept because of 203\.0\.113\.2/,
  ],
  ['closed, needed', { gates: [closed], rules: needed }, ['giveBack b1']],

  ['marked', { blocks: one({ marked: true }) }, ['close b1']],
  ['marked, with an open gate', { blocks: one({ marked: true }), gates: [makeGate()] }, ['close b1']],
  [
    'marked, with a claim',
    { blocks: one({ marked: true }), claims: [makeClaim()] },
    [],
    /marked to be given back, and waits/,
  ],
  ['marked, without a range', { blocks: one({ marked: true, cidr: undefined }) }, ['giveBack b1']],

  ...(['coming', 'failed', 'going'] as const).flatMap((state): [string, Case, string[], RegExp?][] => [
    [`${state}, needed by nobody, old`, { blocks: one({ state, createdAt: OLD }) }, ['close b1']],
    [`${state}, young`, { blocks: one({ state, createdAt: YOUNG }) }, []],
    [`${state}, needed`, { blocks: one({ state, createdAt: OLD }), rules: needed }, []],
    [`${state}, with a claim`, { blocks: one({ state, createdAt: OLD }), claims: [makeClaim()] }, []],
    [`${state}, of unknown age`, { blocks: one({ state, createdAt: undefined }) }, [], /how old/],
    [`${state}, no range, old`, { blocks: one({ state, cidr: undefined, createdAt: OLD }) }, ['giveBack b1']],
    [`${state}, unused for long`, { blocks: one({ state }), gates: [unused] }, ['close b1']],
    [
      `${state}, unused since lately`,
      { blocks: one({ state }), gates: [makeGate({ unusedSince: YOUNG })] },
      [],
    ],
    [`${state}, unused since now`, { blocks: one({ state }), gates: [makeGate()] }, ['noteUnused b1']],
  ]),

  ['a gate whose block has gone', { blocks: [], gates: [closed] }, ['remove b1']],
  ['an open one', { blocks: [], gates: [makeGate()] }, ['remove b1']],
  ['one with claims', { blocks: [], gates: [closed], claims: [makeClaim()] }, [], /it has gone/],
  ['one whose block has lost its range', { blocks: one({ cidr: undefined }), gates: [makeGate()] }, []],
  [
    'one at the wrong address',
    { gates: [makeGate(), makeGate({ address: '203.0.113.4' })], claims: [makeClaim()] },
    ['remove b1'],
  ],
  [
    'one in the way of a block that is coming',
    { blocks: [makeBlock('b2', { state: 'coming', createdAt: NOW })], gates: [closed] },
    ['remove b1'],
  ],
]
for (const [name, given, actions, held] of CASES)
  t.test(`${actions.join(', ') || 'nothing'}: ${name}`, async t => {
    t.strictSame(told(given), actions)
    const said = decide(given).held
    if (held) t.match(said[0], held)
    else t.strictSame(said, [])
    for (const { why } of decide(given).actions) t.ok(why)
  })

t.test('a gate that is taken over comes with the action', async t => {
  const gate = makeGate({ blockId: 'b0', state: 'closed' })
  t.match(decide({ gates: [gate] }).actions, [{ do: 'open', gate, why: /range of block b0/ }])
})

t.test('spare addresses stay, and the block that has been unused for longest goes first', async t => {
  const ranges = ['203.0.113.0', '203.0.113.8', '203.0.113.16']
  const blocks = ranges.map((address, n) => makeBlock(`b${n}`, { cidr: `${address}/29` }))
  const gates = ranges.map((address, n) => makeGate({ address, blockId: `b${n}`, unusedSince: OLD - n }))
  for (const [minFree, closes] of [
    [0, ['close b2', 'close b1', 'close b0']],
    [1, ['close b2', 'close b1']],
    [5, ['close b2', 'close b1']],
    [6, ['close b2']],
    [11, []],
    [16, []],
  ] as const)
    t.strictSame(told({ blocks, gates, rules: { minFree } }), closes, `${minFree} are to stay`)
  const inUse = makeClaim({ address: '203.0.113.2', blockId: 'b0' })
  t.strictSame(
    told({
      blocks,
      gates: gates.map(gate => ({ ...gate, unusedSince: gate.blockId === 'b0' ? undefined : OLD })),
      claims: [inUse],
      rules: { minFree: 5 },
    }),
    ['close b1', 'close b2'],
    'what is free in blocks in use counts',
  )
})

t.test('only open blocks of the same family hold spare addresses', async t => {
  const others = [
    makeBlock('b2', { cidr: '203.0.113.8/29', state: 'coming', createdAt: NOW }),
    makeBlock('b3', { cidr: '2001:db8::/64', family: 'IPv6' }),
    makeBlock('b4', { cidr: '203.0.113.16/29' }),
  ]
  const gates = [
    unused,
    makeGate({ blockId: 'b3', address: '2001:db8::' }),
    makeGate({ blockId: 'b4', address: '203.0.113.16', state: 'closing' }),
  ]
  const given = { blocks: [makeBlock('b1'), ...others], gates }
  t.ok(told({ ...given, rules: { minFree: 0 } }).includes('close b1'))
  t.notOk(told({ ...given, rules: { minFree: 1 } }).includes('close b1'))
})

t.test('one block’s trouble does not stop the others', async t => {
  const blocks = [makeBlock('b1', { cidr: 'nonsense' }), makeBlock('b2', { cidr: '203.0.113.8/29' })]
  t.strictSame(told({ blocks }), ['open b2'])
})
