import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { countForAnybody, countFree, listCandidates } from '../../../shared/controllers/address/candidates.ts'
import { formatAddress, parseAddress } from '../../../shared/ip-address.ts'
import { API, familyOf, first, makeBlock, makeClaim, makeIndex, type ViewSketch, WEB } from './_view.ts'

const A = makeBlock('a', '203.0.113.0/29')
const B = makeBlock('b', '203.0.113.8/29')
const V6 = makeBlock('v6', '2001:db8::/64')
const MINE = makeBlock('mine', '203.0.113.16/29', { dedicatedTo: WEB })
const THEIRS = makeBlock('theirs', '203.0.113.24/29', { dedicatedTo: API })

const ips = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `203.0.113.${from + index}`)

const packed = (sketch: ViewSketch, service = WEB) =>
  first(listCandidates(makeIndex(sketch), service, 'IPv4', 'packed'))

const FREE: readonly [name: string, sketch: ViewSketch, free: readonly string[]][] = [
  ['a block without network, gateway and broadcast', { blocks: [A] }, ips(2, 6)],
  ['nothing of a block whose gate is closing', { blocks: [A], gates: { a: 'closing' } }, []],
  ['nothing of a block whose gate is closed', { blocks: [A], gates: { a: 'closed' } }, []],
  ['nothing of a block without a gate', { blocks: [A], gates: { a: null } }, []],
  [
    'no claimed address, whatever its state',
    { blocks: [A], claims: [makeClaim('203.0.113.3', 'a', { service: API, state: 'released' })] },
    ['203.0.113.2', ...ips(4, 6)],
  ],
  ['no address of a server', { blocks: [A], members: ['203.0.113.4'] }, [...ips(2, 3), ...ips(5, 6)]],
  [
    'no reserved address',
    { blocks: [A], reserved: ['203.0.113.0-203.0.113.3', '203.0.113.6/32'] },
    ips(4, 5),
  ],
  ['no address whose claim cannot be read', { blocks: [A], unreadable: ['203.0.113.2', 'x'] }, ips(3, 6)],
  ['nothing of a block that is too small', { blocks: [makeBlock('s', '203.0.113.0/31')] }, []],
  ['nothing of the other family', { blocks: [V6] }, []],
]
for (const [name, sketch, free] of FREE)
  t.test(`offers ${name}`, async t => {
    const offered = packed(sketch)
    t.strictSame(offered.toSorted(), free)
    t.equal(countFree(makeIndex(sketch), 'IPv4'), BigInt(sketch.gates?.a === null ? 5 : free.length))
  })

for (const [name, block, taken, count] of [
  ['all of one that is nobody’s', A, [], 5n],
  ['all but the first of one that is a Service’s alone', MINE, [], 4n],
  ['all but those that are claimed', MINE, ['203.0.113.18', '203.0.113.19'], 3n],
] as const)
  t.test(`anybody could have ${name}`, async t => {
    const claims = taken.map(address => makeClaim(address, block.id))
    t.equal(countForAnybody(makeIndex({ blocks: [block], claims }), block), count)
  })

t.test('the fullest block comes first, so that others empty', async t => {
  const claims = ips(10, 12).map(address => makeClaim(address, 'b', { service: API }))
  const offered = packed({ blocks: [A, B], claims })
  t.strictSame(offered.slice(0, 2).toSorted(), ips(13, 14))
  t.strictSame(offered.slice(2).toSorted(), ips(2, 6))
})

t.test('of two equally full ones all begin with the same, in whatever order they are listed', async t => {
  const six = makeBlock('c', '203.0.113.32/28')
  for (const blocks of [
    [A, B, six],
    [six, B, A],
    [B, six, A],
  ]) {
    const offered = packed({ blocks })
    t.strictSame(offered.slice(0, 5).toSorted(), ips(2, 6))
    t.strictSame(offered.slice(5, 10).toSorted(), ips(10, 14))
    t.equal(offered.length, 23)
  }
})

t.test(
  'a block whose usable addresses cannot be read offers nothing, not even the one that is left over',
  async t => {
    t.strictSame(packed({ blocks: [{ ...THEIRS, usable: undefined }, A] }).toSorted(), ips(2, 6))
  },
)

t.test('a block of its own comes first, what is left over in others’ own blocks last', async t => {
  const offered = packed({ blocks: [THEIRS, A, MINE] })
  t.strictSame(offered.slice(0, 5), ips(18, 22))
  t.strictSame(offered.slice(5, 10).toSorted(), ips(2, 6))
  t.strictSame(offered.slice(10).toSorted(), ips(27, 30), 'without the address that is theirs')
})

t.test('dedicated takes IPv4 from its own block only, from the third address on', async t => {
  const index = makeIndex({ blocks: [A, THEIRS, MINE, V6] })
  t.strictSame(first(listCandidates(index, WEB, 'IPv4', 'dedicated')), ips(18, 22))
  t.strictSame(first(listCandidates(index, { ...WEB, name: 'other' }, 'IPv4', 'dedicated')), [])
  t.equal(
    first(listCandidates(index, WEB, 'IPv6', 'dedicated'), 1).length,
    1,
    'a network takes one IPv6 block',
  )
})

t.test('concurrent creators begin at different addresses', async t => {
  const index = makeIndex({ blocks: [makeBlock('a', '203.0.113.0/24')] })
  const names = Array.from({ length: 50 }, (_, number) => `web-${number}`)
  const starts = names.map(name => first(listCandidates(index, { ...WEB, name }, 'IPv4', 'packed'), 1)[0])
  t.ok(new Set(starts).size > 40, `${new Set(starts).size} of 50`)
  t.strictSame(
    starts,
    names.map(name => first(listCandidates(index, { ...WEB, name }, 'IPv4', 'packed'), 1)[0]),
  )
})

t.test('whoever sees fewer addresses free begins at the same one, unless it is among those', async t => {
  const all = packed({ blocks: [A] })
  for (const gone of all) {
    const claims = [makeClaim(gone, 'a', { service: API })]
    t.strictSame(
      packed({ blocks: [A], claims }),
      all.filter(address => address !== gone),
    )
  }
})

t.test('says where a candidate lies, and can be gone through again', async t => {
  const candidates = listCandidates(makeIndex({ blocks: [A] }), WEB, 'IPv4', 'packed')
  const [candidate] = candidates
  t.match(candidate, { family: 'IPv4', blockId: 'a', gateAddress: '203.0.113.0' })
  t.strictSame(first(candidates), first(candidates))
})

t.test('a /64 costs no more than a /29', async t => {
  const claims = Array.from({ length: 500 }, (_, number) =>
    makeClaim(`2001:db8::${(number + 2).toString(16)}`, 'v6', { service: API }),
  )
  const index = makeIndex({
    blocks: [V6],
    claims,
    reserved: ['2001:db8::8000:0:0:0-2001:db8::ffff:ffff:ffff:ffff'],
  })
  const offered = first(listCandidates(index, WEB, 'IPv6', 'packed'))
  t.equal(offered.length, 1024, 'it ends, although nobody could count them')
  t.equal(new Set(offered).size, 1024)
  t.ok(countFree(index, 'IPv6') > 1n << 60n)
})

const FOUR = fc.integer({ min: 0, max: 31 }).map(number => `203.0.113.${number}`)
const SIX = fc.integer({ min: 0, max: 31 }).map(number => `2001:db8::${number.toString(16)}`)
const SMALL6 = makeBlock('small6', '2001:db8::/123')
const anySketch = fc.record({
  blocks: fc.subarray([A, B, MINE, THEIRS, SMALL6]),
  claimed: fc.uniqueArray(fc.oneof(FOUR, SIX), { maxLength: 20 }),
  members: fc.array(fc.oneof(FOUR, SIX), { maxLength: 4 }),
  unreadable: fc.array(fc.oneof(FOUR, SIX), { maxLength: 4 }),
  reserved: fc.array(fc.oneof(FOUR, SIX), { maxLength: 4 }),
  gates: fc.record({
    a: fc.constantFrom('open', 'closing', 'closed', null),
    b: fc.constantFrom('open', null),
    theirs: fc.constantFrom('open', 'closing'),
  } as const),
  name: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 }),
  family: fc.constantFrom('IPv4', 'IPv6'),
} as const)

t.test('whatever there is: every address that may be given once, and never another', async t => {
  fc.assert(
    fc.property(anySketch, ({ claimed, name, family, ...sketch }) => {
      const claims = claimed.map(address => makeClaim(address, 'a', { service: API }))
      const index = makeIndex({ ...sketch, claims })
      const service = { namespace: 'default', name }
      const offered = first(listCandidates(index, service, family, 'packed'))
      const taken = new Set([...claimed, ...sketch.members, ...sketch.unreadable, ...sketch.reserved])
      const expected = sketch.blocks
        .filter(block => block.family === family && index.gateOf(block.id)?.state === 'open')
        .flatMap(({ usable, dedicatedTo }) => {
          const from = parseAddress(usable?.first ?? '')?.value ?? 0n
          return Array.from({ length: usable?.count ?? 0 }, (_, at) =>
            formatAddress(family, from + BigInt(at)),
          ).slice(dedicatedTo ? 1 : 0)
        })
        .filter(address => !taken.has(address))
      assert.deepStrictEqual(offered.toSorted(), expected.toSorted())
      assert.ok(offered.every(address => familyOf(address) === family))
    }),
    { numRuns: 300 },
  )
  t.pass('held')
})
