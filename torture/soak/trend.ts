import type { DayReport } from './contract.ts'

export interface Trend {
  /** Bytes a day, by the least squares of the days after the first ones. */
  readonly slope: number
  /** Days that were looked at, and their mean heap in bytes. */
  readonly days: number
  readonly mean: number
  /** Share of the mean by which the heap would grow over these days. */
  readonly growth: number
  readonly isFlat: boolean
}

/** Caches fill and code is compiled in the first days. */
const WARM_UP = 0.2
/** What may be chance: how much is waiting or under way at midnight differs from day to day. */
const MOST_GROWTH = 0.1

export function toTrend(reports: readonly DayReport[]): Trend {
  const looked = reports.slice(Math.floor(reports.length * WARM_UP))
  const days = looked.length
  const mean = average(looked.map(({ heap }) => heap))
  const middle = average(looked.map(({ day }) => day))
  const spread = looked.reduce((sum, { day }) => sum + (day - middle) ** 2, 0)
  const slope =
    spread === 0 ? 0 : looked.reduce((sum, { day, heap }) => sum + (day - middle) * (heap - mean), 0) / spread
  const growth = mean === 0 ? 0 : (slope * (days - 1)) / mean
  return { slope, days, mean, growth, isFlat: growth <= MOST_GROWTH }
}

const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
