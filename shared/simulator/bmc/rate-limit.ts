import type { Clock } from '../../clock.ts'

/** A bucket: what finds it empty is answered 429. The token endpoint has one of its own, of the same size. */
export interface RateLimit {
  /** Requests that a full one grants at once. */
  readonly burst: number
  /** Requests that it gains in a second. */
  readonly perSecond: number
  /** Whether a refusal says in Retry-After when to come again. */
  readonly tellsWhen: boolean
}

export interface Bucket {
  /** Takes one request out. @returns undefined, or the milliseconds until there is one again */
  take(): number | undefined
}

export function createBucket(clock: Clock, { burst, perSecond }: RateLimit): Bucket {
  let [level, at] = [burst, clock.now()]
  return {
    take() {
      const now = clock.now()
      level = Math.min(burst, level + ((now - at) * perSecond) / 1000)
      at = now
      if (level < 1) return ((1 - level) * 1000) / perSecond
      level -= 1
      return undefined
    },
  }
}
