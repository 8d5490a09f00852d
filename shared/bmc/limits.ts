import type { Clock } from '../clock.ts'

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
