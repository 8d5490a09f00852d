import type { Clock } from '../../shared/clock.ts'
import type { WorldClock } from './contract.ts'

/** Whoever sleeps; what it sleeps for can be forgotten when it is killed. */
export interface Life {
  readonly isDead: boolean
  /** Resolves at its death. */
  readonly died: Promise<undefined>
  readonly kill: () => void
}

export function createLife(): Life {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let isDead = false
  const kill = (): void => {
    isDead = true
    resolve(undefined)
  }
  return {
    get isDead() {
      return isDead
    },
    died: promise,
    kill,
  }
}

/** Virtual time, and the events that wait for it. */
export interface EventClock extends WorldClock {
  /** The clock as somebody sees it. */
  viewOf(whose: 'controllers' | 'cluster' | 'cloud', life?: Life): Clock
  /** Lets virtual time pass, event by event. */
  advance(ms: number): Promise<void>
  /** Lets it pass until the work ends. @throws Error when that takes longer than the limit */
  run<T>(work: Promise<T>, limitMs: number): Promise<T>
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
  readonly life: Life | undefined
}

const START = Date.UTC(2026, 0, 1)
/** Rounds of real work between two moments; more means that something waits for no virtual time. */
const MAX_ROUNDS = 100_000

/** @param isBusy whether work is under way that waits for no virtual time */
export function createEventClock(isBusy: () => boolean): EventClock {
  let now = START
  let sleepers: Sleeper[] = []
  const skews = { controllers: 0, cluster: 0, cloud: 0 }

  function sleep(ms: number, signal?: AbortSignal, life?: Life): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        sleepers = sleepers.filter(other => other !== sleeper)
        reject(signal?.reason)
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const sleeper = { at: now + Math.max(ms, 0), wake, life }
      insert(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Sorted by time; of the same time in the order of their coming. */
  function insert(sleeper: Sleeper): void {
    let index = sleepers.length
    while (index > 0 && (sleepers[index - 1] as Sleeper).at > sleeper.at) index -= 1
    sleepers.splice(index, 0, sleeper)
  }

  async function settle(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await new Promise(resolve => setImmediate(resolve))
      if (!isBusy()) return
    }
    throw new Error('work in the world does not end')
  }

  /** @returns false when nothing waits until `end` */
  function wakeNext(end: number): boolean {
    const next = sleepers[0]
    if (next === undefined || next.at > end) return false
    sleepers.shift()
    now = Math.max(now, next.at)
    if (!next.life?.isDead) next.wake()
    return true
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms
    await settle()
    while (wakeNext(end)) await settle()
    now = end
  }

  async function run<T>(work: Promise<T>, limitMs: number): Promise<T> {
    const state = { isDone: false }
    const ended = work.finally(() => {
      state.isDone = true
    })
    ended.catch(() => undefined)
    const end = now + limitMs
    await settle()
    while (!state.isDone && wakeNext(end)) await settle()
    if (!state.isDone) throw new Error(`the work did not end within ${limitMs / 1000} virtual seconds`)
    return work
  }

  return {
    now: () => now,
    sleep,
    skew: (whose, ms) => {
      skews[whose] = ms
    },
    viewOf: (whose, life) => ({
      now: () => now + skews[whose],
      sleep: (ms, signal) => sleep(ms, signal, life),
    }),
    advance,
    run,
  }
}
