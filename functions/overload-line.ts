import type { Clock } from '../shared/clock.ts'

/** Those who wait for their turn, in the order of their coming. */
export interface Line {
  readonly size: number
  /** @returns true when called up, false when the time was over or the signal came first */
  wait(ms: number, signal?: AbortSignal): Promise<boolean>
  /** Calls up the first one. */
  callUp(): void
}

/** A reason of our own costs no stack, which an abort without one would. */
const LEFT = 'left the line'

export function createLine(clock: Clock): Line {
  const waiting = new Set<() => void>()

  async function wait(ms: number, signal?: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const go = (): void => resolve(true)
    // Out of the line at once: who is called up has a place that must not be lost.
    const giveUp = (): void => {
      waiting.delete(go)
      resolve(false)
    }
    const over = new AbortController()
    waiting.add(go)
    clock.sleep(ms, over.signal).then(giveUp, () => {})
    signal?.addEventListener('abort', giveUp, { once: true })
    if (signal?.aborted) giveUp()
    const called = await promise
    signal?.removeEventListener('abort', giveUp)
    over.abort(LEFT)
    return called
  }

  return {
    get size() {
      return waiting.size
    },
    wait,
    callUp() {
      const [first] = waiting
      if (!first) return
      waiting.delete(first)
      first()
    },
  }
}
