import type { Clock } from './clock.ts'

/** The longest delay that a timer of Node takes; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A reason of our own costs no stack, which an abort without one would. */
const STOPPED = 'the limit is needed no more'

/** A time limit under way: `signal` aborts when it is reached, `stop` ends it unreached. */
export interface Limit {
  readonly signal: AbortSignal
  stop(): void
}

/** Work under a signal that aborts when the limit is reached, or with `signal`. */
export async function withinLimit<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = startLimit(clock, ms)
  try {
    return await work(signal ? AbortSignal.any([signal, limit.signal]) : limit.signal)
  } finally {
    limit.stop()
  }
}

/** Starts a limit of `ms` milliseconds; undefined (or longer than a timer can be) is no limit, 0 and less is reached at once. */
export function startLimit(clock: Clock, ms: number | undefined): Limit {
  const reached = new AbortController()
  const stopped = new AbortController()
  if (ms !== undefined && ms <= 0) reached.abort()
  else if (ms !== undefined && ms <= MAX_TIMER_MS) {
    clock.sleep(ms, stopped.signal).then(
      () => reached.abort(),
      () => undefined,
    )
  }
  return { signal: reached.signal, stop: () => stopped.abort(STOPPED) }
}
