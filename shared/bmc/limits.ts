import type { Clock } from '../clock.ts'

/** The longest delay that a timer of Node takes; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A time limit under way: `signal` aborts when it is reached, `stop` ends it unreached. */
export interface Limit {
  readonly signal: AbortSignal
  stop(): void
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
  return { signal: reached.signal, stop: () => stopped.abort() }
}

/** A signal that aborts with the first of those given. */
export function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter(signal => signal !== undefined))
}

/** Waits for `promise` no longer than until `signal` aborts (then rejects with its reason); the work itself goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    const settled = (): void => signal.removeEventListener('abort', onAbort)
    promise.then(resolve, reject).finally(settled)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A back-off; none at all takes no turn of the clock. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (ms > 0) await clock.sleep(ms, signal)
}
