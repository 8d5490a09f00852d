import type { Random } from './contract.ts'

/** mulberry32: 32 bits of state are plenty for one history, and it is the same on every platform. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    pick<T>(values: readonly T[]): T {
      if (values.length === 0) throw new RangeError('there is nothing to pick from')
      return values[between(0, values.length - 1)] as T
    },
    chance: probability => next() < probability,
  }
}
