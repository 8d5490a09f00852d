/** Choices of one step, made by its numbers in order; another choice before leaves those after as they are. */
export interface Picks {
  /** @returns undefined of nothing */
  of<T>(values: readonly T[]): T | undefined
  /** Of values that are never none. */
  one<const T>(values: readonly [T, ...T[]]): T
  /** A whole number in [least, most]. */
  between(least: number, most: number): number
  /** True for so many of a hundred, and never of 0, the simplest number. */
  percent(share: number): boolean
}

const HUNDRED = 100

/** @param numbers whole and not negative; when they are used up, zeros follow */
export function createPicks(numbers: readonly number[]): Picks {
  let used = 0
  const next = (): number => numbers[used++] ?? 0
  return {
    of: values => values[next() % Math.max(1, values.length)],
    one: values => values[next() % values.length] ?? values[0],
    between: (least, most) => least + (next() % (most - least + 1)),
    percent: share => next() % HUNDRED >= HUNDRED - share,
  }
}
