import { median, type Spread, spreadOf } from './statistics.ts'

/** What a figure must keep. */
export type Budget = { readonly atMost: number } | { readonly atLeast: number }

/** One measured figure: the median of its repeats. */
export interface Figure {
  readonly name: string
  readonly value: number
  /** What is counted; `×` is a ratio of two figures of one run. */
  readonly unit: string
  /** How often it was measured. */
  readonly repeats: number
  readonly spread: Spread
  /** What a ratio is against. */
  readonly reference?: string | undefined
  readonly budget?: Budget | undefined
  /** What is aimed at and need not be kept: the page about performance says what stands in the way. */
  readonly goal?: Budget | undefined
}

/** The unit of a ratio: such a figure says the same on every machine, as a count does. */
export const RATIO = '×'

type Naming = Pick<Figure, 'name' | 'reference' | 'budget' | 'goal'>

/** What was measured several times. */
export const toMeasured = (
  naming: Naming & { readonly unit: string },
  values: readonly number[],
): Figure => ({
  ...naming,
  value: median(values),
  repeats: values.length,
  spread: spreadOf(values),
})

/** Rounds of ours against those of the reference, each against its neighbour in time, so that drift cancels. */
export const toRatio = (
  naming: Naming & { readonly reference: string },
  ours: readonly number[],
  reference: readonly number[],
): Figure =>
  toMeasured(
    { ...naming, unit: RATIO },
    ours.map((value, round) => value / (reference[round] ?? Number.NaN)),
  )

/** What is counted, and comes out the same each time. */
export const toCount = (naming: Naming & { readonly unit: string }, value: number): Figure =>
  toMeasured(naming, [value])

/** True unless the figure has a budget and does not keep it; what could not be measured keeps none. */
export const isKept = ({ value, budget }: Pick<Figure, 'value' | 'budget'>): boolean =>
  !budget || isWithin(value, budget)

export const isWithin = (value: number, budget: Budget): boolean =>
  'atMost' in budget ? value <= budget.atMost : value >= budget.atLeast

export const toBudgetText = (budget: Budget): string =>
  'atMost' in budget ? `at most ${budget.atMost}` : `at least ${budget.atLeast}`

/** Three digits that say something; a whole number as it is. */
export function toNumberText(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** How far the repeats lie apart; empty where there was one. */
export const toSpreadText = ({ repeats, spread: { min, max } }: Figure): string =>
  repeats < 2 ? '' : `${toNumberText(min)}–${toNumberText(max)}`

/** What is asked of the figure, and whether it is so; empty where nothing is. */
export function toVerdictText(figure: Figure): string {
  const { value, budget, goal } = figure
  return [
    ...(budget ? [`${toBudgetText(budget)}: ${isKept(figure) ? 'kept' : 'NOT KEPT'}`] : []),
    ...(goal ? [`goal ${toBudgetText(goal)}: ${isWithin(value, goal) ? 'reached' : 'not reached'}`] : []),
  ].join('; ')
}

/** One line of the table on a terminal. */
export function toLine(figure: Figure): string {
  const { name, value, unit, repeats } = figure
  const spread = toSpreadText(figure)
  const told = `${name.padEnd(NAME_WIDTH)} ${toNumberText(value).padStart(7)} ${unit}`
  const measured = spread === '' ? told : `${told.padEnd(NAME_WIDTH + 18)} [${spread}, ${repeats} repeats]`
  const verdict = toVerdictText(figure)
  return verdict === '' ? measured : `${measured.padEnd(NAME_WIDTH + 50)} ${verdict}`
}

/** The longest name is not much longer. */
const NAME_WIDTH = 80
