import t from 'tap'
import { growth, median, percentile, slope, spreadOf } from '../../bench/statistics.ts'

for (const [values, middle] of [
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
  [[10, 9, 100, 1], 9.5],
] as const)
  t.test(`the median of ${values.join(', ')}`, async t => t.equal(median(values), middle))

t.test('nothing has no median and no percentile', async t => {
  t.ok(Number.isNaN(median([])))
  t.ok(Number.isNaN(percentile([], 0.5)))
})

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index)
for (const [values, share, expected] of [
  [HUNDRED, 0.5, 50],
  [HUNDRED, 0.99, 99],
  [HUNDRED, 1, 100],
  [[7, 3], 0.5, 3],
  [[7, 3], 0.51, 7],
  [[7, 3], 0.01, 3],
  [[10, 9, 1], 0.99, 10],
] as const)
  t.test(`${share} of ${values.length} values`, async t => t.equal(percentile(values, share), expected))

t.test('the spread is from the smallest to the largest, in whatever order', async t => {
  t.strictSame(spreadOf([10, 9, 100]), { min: 9, max: 100 })
})

/** What n costs, at three sizes. */
const at = (cost: (size: number) => number) => [10, 100, 1000].map(size => ({ size, value: cost(size) }))

t.test('growth tells a straight line from a curve, whatever the fixed part', async t => {
  t.equal(growth(at(size => 50 + 3 * size)), 1)
  t.equal(Math.round(growth(at(size => size * size))), 10)
  t.ok(growth(at(size => 5 + size * Math.log10(size))) < 2)
  t.ok(Number.isNaN(growth(at(size => size).slice(1))))
})

t.test('growth looks at the largest sizes', async t => {
  const points = [{ size: 1, value: 1000 }, ...at(size => size)]
  t.equal(growth(points), 1)
})

t.test('a slope is what one more costs', async t => {
  t.equal(slope({ size: 10, value: 5 }, { size: 20, value: 35 }), 3)
})
