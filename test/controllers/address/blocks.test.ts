import t from 'tap'
import type { AddressBlock } from '../../../shared/cloud-provider/load-balancer.ts'
import { SKEW_MS } from '../../../shared/kubernetes/leases.ts'
import { makeBlock, makeSupply, NOW } from './_blocks.ts'
import { type Case, decide, makeClaim, makeGate, OLD, told, YOUNG } from './_gates.ts'

const OLD_MS = NOW - OLD
const YOUNG_MS = NOW - YOUNG

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
  [
    'one whose range is not believed',
    { blocks: one({ cidr: undefined, doubt: 'its range is odd' }), gates: [unused] },
    [],
    /^block b1: its range is odd: nobody gets an address of it, and it stays$/,
  ],
  [
    'one that is not believed, marked, on no network and old',
    { blocks: one({ cidr: undefined, doubt: 'odd', state: 'coming', marked: true, ageMs: OLD_MS }) },
    [],
    /it stays/,
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
  [
    'one unused since a moment that two clocks do not agree on',
    { gates: [makeGate({ unusedSince: NOW + SKEW_MS - 1 })] },
    [],
  ],
  [
    'one unused since later than that',
    { gates: [makeGate({ unusedSince: NOW + SKEW_MS })] },
    ['noteUnused b1'],
  ],
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
  ['marked, but waiting Services need it', { blocks: one({ marked: true }), rules: needed }, []],
  ['marked, without a range', { blocks: one({ marked: true, cidr: undefined }) }, ['giveBack b1']],

  ...(['coming', 'failed', 'going'] as const).flatMap((state): [string, Case, string[], RegExp?][] => [
    [`${state}, needed by nobody, old`, { blocks: one({ state, ageMs: OLD_MS }) }, ['close b1']],
    [`${state}, young`, { blocks: one({ state, ageMs: YOUNG_MS }) }, []],
    [`${state}, needed`, { blocks: one({ state, ageMs: OLD_MS }), rules: needed }, []],
    [`${state}, with a claim`, { blocks: one({ state, ageMs: OLD_MS }), claims: [makeClaim()] }, []],
    [`${state}, of unknown age`, { blocks: one({ state, ageMs: undefined }) }, [], /how old/],
    [`${state}, no range, old`, { blocks: one({ state, cidr: undefined, ageMs: OLD_MS }) }, ['giveBack b1']],
    [`${state}, unused for long`, { blocks: one({ state }), gates: [unused] }, ['close b1']],
    [
      `${state}, unused since lately`,
      { blocks: one({ state }), gates: [makeGate({ unusedSince: YOUNG })] },
      [],
    ],
    [`${state}, unused since now`, { blocks: one({ state }), gates: [makeGate()] }, ['noteUnused b1']],
  ]),

  [
    'on another network, with a claim',
    { blocks: one({ state: 'elsewhere' }), gates: [unused], claims: [makeClaim()] },
    [],
    /^block b1: it is on another network than the settings name, and stays because of 203\.0\.113\.2/,
  ],
  [
    'on another network, used by nobody',
    { blocks: one({ state: 'elsewhere' }), gates: [unused] },
    ['close b1'],
  ],

  [
    'a gate that came after the blocks were read',
    { blocks: [], gates: [closed], rules: { judged: new Set(['b2']) } },
    [],
  ],
  [
    'one whose block only lost our tags',
    { blocks: [], gates: [closed], rules: { supply: { ...makeSupply([]), unlisted: ['b1'] } } },
    [],
  ],
  [
    'one whose block has gone, while another one is in use',
    {
      blocks: [makeBlock('b2', { cidr: '203.0.113.8/29' })],
      gates: [closed, makeGate({ blockId: 'b2', address: '203.0.113.8' })],
      claims: [makeClaim({ address: '203.0.113.10', blockId: 'b2' })],
    },
    ['remove b1'],
  ],
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
    'one whose range two other blocks have, of which one serves',
    {
      blocks: [makeBlock('b2'), makeBlock('b3', { state: 'coming', ageMs: 0 })],
      gates: [makeGate()],
    },
    [],
    /^block b2: block b3 has the same network address/,
  ],
  [
    'one in the way of a block that is coming',
    { blocks: [makeBlock('b2', { state: 'coming', ageMs: 0 })], gates: [closed] },
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

t.test('a gate of another block is no gate to take over', async t => {
  const other = makeGate({ blockId: 'b2', address: '203.0.113.8' })
  const blocks = [makeBlock('b1'), makeBlock('b2', { cidr: '203.0.113.8/29' })]
  const claims = [makeClaim({ address: '203.0.113.10', blockId: 'b2' })]
  t.strictSame(decide({ blocks, gates: [other], claims }).actions, [
    { do: 'open', block: blocks[0], gate: undefined, why: 'it is assigned' },
  ])
})

t.test('one block’s trouble does not stop the others', async t => {
  const blocks = [makeBlock('b1', { cidr: 'nonsense' }), makeBlock('b2', { cidr: '203.0.113.8/29' })]
  t.strictSame(told({ blocks }), ['open b2'])
})

const net = (index: number): string => `10.${index >> 8}.${index & 255}`

/** How often anything is read of blocks, gates and claims, of which there are as many each. */
function countWork(count: number): number {
  let reads = 0
  const counted = <T extends object>(object: T): T =>
    new Proxy(object, {
      get(target, key): unknown {
        reads++
        return Reflect.get(target, key)
      },
    })
  const numbers = Array.from({ length: count }, (_, index) => index)
  const blocks = numbers.map(n => counted(makeBlock(`b${n}`, { cidr: `${net(n)}.0/29` })))
  const claims = numbers.map(n =>
    counted(makeClaim({ address: `${net((n * 7) % count)}.2`, blockId: `b${n}` })),
  )
  const gates = numbers.map(n => counted(makeGate({ address: `${net(n)}.0`, blockId: `b${n + count / 2}` })))
  decide({ blocks, claims, gates })
  return reads
}

t.test('twice as many blocks, gates and claims are twice the work', async t => {
  const [small, large] = [countWork(64), countWork(512)]
  t.ok(large < small * 8 * 2, `${small} and ${large} reads`)
})
