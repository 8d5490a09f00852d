import type { Clock } from '../shared/clock.ts'

/** Limits of time are at least this long, and pauses between two attempts shorter. */
const SHORTEST_LIMIT_MS = 100_000
const START = 1_800_000_000_000

/** A clock on which a pause is over at once, and takes its time all the same; no limit of time is ever reached. */
export function createHastyClock(shortestLimitMs = SHORTEST_LIMIT_MS): Clock {
  let now = START
  return {
    now: () => now,
    async sleep(ms, signal) {
      if (ms < shortestLimitMs) now += ms
      else await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    },
  }
}

/** A clock that stands still: nothing on it ever waits for its time. */
export const createStillClock = (): Clock => createHastyClock(0)
