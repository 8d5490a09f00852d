import t from 'tap'
import { makeBlock } from './_blocks.ts'
import { makeClaim, makeGate, OLD, told } from './_gates.ts'

t.test(
  'of blocks unused for the same time the one with the lower id goes first, however they are listed',
  async t => {
    const blocks = [2, 0, 1].map(n => makeBlock(`b${n}`, { cidr: `203.0.113.${n * 8}/29` }))
    const gates = [0, 1, 2].map(n =>
      makeGate({ address: `203.0.113.${n * 8}`, blockId: `b${n}`, unusedSince: OLD }),
    )
    for (const listed of [blocks, blocks.toReversed()])
      t.strictSame(told({ blocks: listed, gates, rules: { minFree: 6 } }), ['close b0'])
  },
)

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
    makeBlock('b2', { cidr: '203.0.113.8/29', state: 'coming', ageMs: 0 }),
    makeBlock('b3', { cidr: '2001:db8::/64', family: 'IPv6' }),
    makeBlock('b4', { cidr: '203.0.113.16/29' }),
  ]
  const gates = [
    makeGate({ unusedSince: OLD }),
    makeGate({ blockId: 'b3', address: '2001:db8::' }),
    makeGate({ blockId: 'b4', address: '203.0.113.16', state: 'closing' }),
  ]
  const given = { blocks: [makeBlock('b1'), ...others], gates }
  t.ok(told({ ...given, rules: { minFree: 0 } }).includes('close b1'))
  t.notOk(told({ ...given, rules: { minFree: 1 } }).includes('close b1'))
})

t.test('a block of IPv6 is no spare', async t => {
  const blocks = [makeBlock('b1'), makeBlock('b2', { cidr: '2001:db8::/64', family: 'IPv6' })]
  const gates = [
    makeGate({ unusedSince: OLD }),
    makeGate({ blockId: 'b2', address: '2001:db8::', unusedSince: OLD }),
  ]
  t.strictSame(told({ blocks, gates, rules: { minFree: 1 } }), ['close b2'])
})
