import type { Clock } from '../clock.ts'

/** A clock that stands still until it is turned. */
export interface TurnableClock extends Clock {
  /** Moves the time forward by `ms` and wakes, in order, every sleeper whose time has come. */
  turn(ms: number): Promise<void>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** Lets everything that is ready to run do so before time moves on. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** @param start milliseconds since 1970; a fixed date by default, so that tests are the same every day */
export function createTurnableClock(start = Date.UTC(2026, 0, 1)): TurnableClock {
  let now = start
  let sleepers: Sleeper[] = []

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { at: now + ms, wake: resolve }
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      sleepers.push(sleeper)
      signal?.addEventListener(
        'abort',
        () => {
          sleepers = sleepers.filter(other => other !== sleeper)
          reject(signal.reason)
        },
        { once: true },
      )
    })
  }

  async function turn(ms: number): Promise<void> {
    const end = now + ms
    for (;;) {
      await settle()
      const next = sleepers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      sleepers = sleepers.filter(other => other !== next)
      now = Math.max(now, next.at)
      next.wake()
    }
    now = end
    await settle()
  }

  return { now: () => now, sleep, turn }
}
