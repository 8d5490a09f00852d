import type { Clock } from '../shared/clock.ts'

/** Those who wait for their turn, in the order of their coming. */
export interface Line {
  readonly size: number
  /** What the first one said that it weighs; 0 where nobody waits. */
  readonly firstWeight: number
  /** @returns true when called up, false when the time was over or the signal came first */
  wait(ms: number, signal?: AbortSignal, weight?: number): Promise<boolean>
  /** Calls up the first one. */
  callUp(): void
}

/** A reason of our own costs no stack, which an abort without one would. */
const LEFT = 'left the line'

export function createLine(clock: Clock): Line {
  const waiting = new Map<() => void, number>()

  async function wait(ms: number, signal?: AbortSignal, weight = 0): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const go = (): void => resolve(true)
    // Out of the line at once: who is called up has a place that must not be lost.
    const giveUp = (): void => {
      waiting.delete(go)
      resolve(false)
    }
    const over = new AbortController()
    waiting.set(go, weight)
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
    get firstWeight() {
      const [first = 0] = waiting.values()
      return first
    },
    wait,
    callUp() {
      const [first] = waiting.keys()
      if (!first) return
      waiting.delete(first)
      first()
    },
  }
}
