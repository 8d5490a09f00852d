import t from 'tap'
import {
  isKept,
  toCount,
  toLine,
  toMeasured,
  toNumberText,
  toRatio,
  toVerdictText,
} from '../../bench/figure.ts'

const NAMED = { name: 'a figure' }

t.test('what was measured is told by its median, with all between the ends', async t => {
  t.match(toMeasured({ ...NAMED, unit: 'ms' }, [5, 1, 9]), {
    value: 5,
    repeats: 3,
    spread: { min: 1, max: 9 },
  })
})

t.test('a ratio is that of each round with its neighbour, not of two medians', async t => {
  const figure = toRatio({ ...NAMED, reference: 'another' }, [2, 30, 8], [1, 10, 4])
  t.match(figure, { value: 2, unit: '×', reference: 'another', spread: { min: 2, max: 3 } })
})

t.test('a round without its neighbour is no figure, and keeps no budget', async t => {
  const budget = { atLeast: 0 }
  const figure = toRatio({ ...NAMED, reference: 'another', budget }, [1], [])
  t.ok(Number.isNaN(figure.value))
  t.notOk(isKept(figure))
})

for (const [value, budget, kept] of [
  [2, { atMost: 2 }, true],
  [2.001, { atMost: 2 }, false],
  [0.6, { atLeast: 0.6 }, true],
  [0.599, { atLeast: 0.6 }, false],
  [0, { atMost: 0 }, true],
  [Number.POSITIVE_INFINITY, undefined, true],
  [Number.NaN, { atMost: 1 }, false],
  [Number.NaN, { atLeast: 1 }, false],
] as const)
  t.test(`${value} with ${JSON.stringify(budget)} is ${kept ? '' : 'not '}kept`, async t =>
    t.equal(isKept({ value, budget }), kept),
  )

for (const [value, text] of [
  [0, '0'],
  [1234, '1234'],
  [1234.5, '1235'],
  [12.345, '12.3'],
  [0.012345, '0.0123'],
  [99.96, '100'],
] as const)
  t.test(`${value} is written ${text}`, async t => t.equal(toNumberText(value), text))

t.test('a line says value, unit, spread and whether the budget is kept', async t => {
  const of = (atMost: number): string =>
    toLine(toMeasured({ ...NAMED, unit: 'ms', budget: { atMost } }, [1, 2, 3])).replaceAll(/ +/g, ' ')
  t.equal(of(2), 'a figure 2 ms [1–3, 3 repeats] at most 2: kept')
  t.equal(of(1), 'a figure 2 ms [1–3, 3 repeats] at most 1: NOT KEPT')
  t.equal(toLine(toCount({ ...NAMED, unit: 'lists' }, 1)).replaceAll(/ +/g, ' '), 'a figure 1 lists')
})

const aimedAt = (atLeast: number) => toCount({ ...NAMED, unit: 'lists', goal: { atLeast } }, 1)

t.test('a goal is told and need not be reached', async t => {
  t.equal(toVerdictText(aimedAt(1)), 'goal at least 1: reached')
  t.equal(toVerdictText(aimedAt(2)), 'goal at least 2: not reached')
  t.ok(isKept(aimedAt(2)))
  const both = { ...aimedAt(2), budget: { atLeast: 1 } }
  t.equal(toVerdictText(both), 'at least 1: kept; goal at least 2: not reached')
})
