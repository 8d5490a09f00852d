import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import t from 'tap'
import { countAddresses, subtractRanges, walkRanges } from '../../../shared/controllers/address/ranges.ts'
import type { AddressRange } from '../../../shared/ip-address.ts'

const range = (first: number, last: number, family: AddressRange['family'] = 'IPv4'): AddressRange => ({
  family,
  first: BigInt(first),
  last: BigInt(last),
})
const numbers = ({ first, last }: AddressRange): number[] =>
  Array.from({ length: Number(last - first) + 1 }, (_, index) => Number(first) + index)

const SUBTRACTED: readonly [name: string, taken: readonly AddressRange[], left: readonly AddressRange[]][] = [
  ['nothing', [], [range(10, 20)]],
  ['everything', [range(0, 99)], []],
  ['both ends', [range(20, 25), range(5, 10)], [range(11, 19)]],
  ['what touches its ends', [range(10, 12), range(18, 20)], [range(13, 17)]],
  ['its first and its last one', [range(10, 10), range(20, 20)], [range(11, 19)]],
  ['the same twice', [range(14, 15), range(14, 15)], [range(10, 13), range(16, 20)]],
  ['a part in the middle', [range(14, 15)], [range(10, 13), range(16, 20)]],
  ['one inside another', [range(12, 18), range(13, 14)], [range(10, 11), range(19, 20)]],
  ['overlapping ones', [range(14, 18), range(12, 15)], [range(10, 11), range(19, 20)]],
  ['what lies outside', [range(0, 9), range(21, 30)], [range(10, 20)]],
  ['another family', [range(0, 99, 'IPv6')], [range(10, 20)]],
]
for (const [name, taken, left] of SUBTRACTED)
  t.test(`takes away ${name}`, async t => {
    t.strictSame(subtractRanges(range(10, 20), taken), left)
  })

t.test(
  'every address is walked once from any place on, a place behind the last one is the first',
  async t => {
    const parts = [range(1, 2), range(5, 5), range(8, 9)]
    const walk = (start: number): number[] => [...walkRanges(parts, BigInt(start))].map(Number)
    t.strictSame([0, 1, 2, 3, 5, 9].map(walk), [
      [1, 2, 5, 8, 9],
      [2, 5, 8, 9, 1],
      [5, 8, 9, 1, 2],
      [8, 9, 1, 2, 5],
      [1, 2, 5, 8, 9],
      [1, 2, 5, 8, 9],
    ])
  },
)

const anyRange = fc.tuple(fc.nat(40), fc.nat(10)).map(([first, length]) => range(first, first + length))

t.test('whatever is taken: the rest, each once, from any start', async t => {
  fc.assert(
    fc.property(anyRange, fc.array(anyRange, { maxLength: 8 }), fc.nat(60), (whole, taken, start) => {
      const gone = new Set(taken.flatMap(numbers))
      const expected = numbers(whole).filter(number => !gone.has(number))
      const left = subtractRanges(whole, taken)
      assert.deepStrictEqual(left.flatMap(numbers), expected)
      assert.equal(countAddresses(left), BigInt(expected.length))
      const at = expected.length === 0 ? 0 : start % expected.length
      const walked = [...walkRanges(left, BigInt(at))].map(Number)
      assert.deepStrictEqual(walked, [...expected.slice(at), ...expected.slice(0, at)])
    }),
  )
  t.pass('held')
})
