/** Smallest and largest of the repeats. */
export interface Spread {
  readonly min: number
  readonly max: number
}

/** The middle one, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/**
 * The smallest value that so large a share of all does not exceed (nearest rank); NaN of none.
 *
 * @param share above 0, at most 1
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(Math.ceil(sorted.length * share), 1) - 1] ?? Number.NaN
}

export const spreadOf = (values: readonly number[]): Spread => ({
  min: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
  max: values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
})

/** What was measured at one size. */
export interface Point {
  readonly size: number
  readonly value: number
}

/**
 * What one more costs between the two largest sizes, over what it costs between the two before: 1 where the cost is linear,
 * about ten where it is quadratic and each size ten times the one before.
 *
 * @param points by size, smallest first; at least three
 */
export function growth(points: readonly Point[]): number {
  const [first, second, third] = points.slice(-3)
  if (!first || !second || !third) return Number.NaN
  return slope(second, third) / slope(first, second)
}

/** What one more costs. */
export const slope = (one: Point, other: Point): number => (other.value - one.value) / (other.size - one.size)
