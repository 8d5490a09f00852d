/** Time as a value that is passed in: real in a host, turned by hand in a test. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A longer timer of the runtime rings at once: its delay is a 32-bit number. */
const LONGEST_TIMER_MS = 2_147_483_647

/** What runs behind by less is drift, and no clock that was set back. */
const STEP_MS = 1000

/**
 * A time of day that never goes back: while a wrong clock is set right, what waits, keeps and measures by it goes on,
 * and is ahead of the time of day from then on. One that is set forward, or a machine that was asleep, is followed.
 *
 * @param wall milliseconds since 1970
 * @param steady milliseconds of a clock that nobody sets
 */
export function toSteadyNow(wall: () => number, steady: () => number): () => number {
  let ahead = 0
  // Asked several times in each review: it makes nothing that has to be collected.
  let [told, toldAt] = [wall(), steady()]
  return () => {
    const [at, time] = [steady(), wall()]
    const due = told + (at - toldAt)
    if (due - (time + ahead) > STEP_MS) ahead = Math.round(due - time)
    told = Math.max(time + ahead, told)
    toldAt = at
    return told
  }
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: toSteadyNow(
    () => Date.now(),
    () => performance.now(),
  ),
  async sleep(ms, signal) {
    let left = ms
    for (; left > LONGEST_TIMER_MS; left -= LONGEST_TIMER_MS) await waitFor(LONGEST_TIMER_MS, signal)
    await waitFor(left, signal)
  },
}

const waitFor = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
