import type { Clock } from '../../clock.ts'
import { CcmError } from '../../errors.ts'

/** What a shared read brought, and when it was begun in milliseconds since 1970. */
export interface Shared<T> {
  readonly value: T
  readonly startedAt: number
}

export interface SharedReadOptions<T> {
  readonly clock: Clock
  /** Who asks within this time after it was begun gets the same answer. */
  readonly keepMs: number
  /** Whether a failure is kept as long: asking again at once would only be another load. */
  readonly keepFailures: boolean
  readonly start: (signal: AbortSignal) => Promise<T>
}

interface Reading<T> {
  readonly startedAt: number
  readonly result: Promise<T>
  readonly abort: AbortController
  waiting: number
  state: 'running' | 'done' | 'failed'
}

/**
 * One read for all who ask within a time. It is aborted when nobody waits for it any more: a function leaves nothing
 * running when it answers.
 *
 * @returns a read that throws what the shared one throws, or CCM_DEADLINE when its own signal comes first; one that was
 *   begun before `notBefore` (milliseconds since 1970, not in the future) is not good enough for it
 */
export function createSharedRead<T>(
  options: SharedReadOptions<T>,
): (signal?: AbortSignal, notBefore?: number) => Promise<Shared<T>> {
  const { clock, keepMs, keepFailures } = options
  let current: Reading<T> | undefined

  function begin(): Reading<T> {
    const abort = new AbortController()
    const result = options.start(abort.signal)
    const reading: Reading<T> = { startedAt: clock.now(), result, abort, waiting: 0, state: 'running' }
    // A rejection that nobody waits for any more would end the process.
    result.then(
      () => (reading.state = 'done'),
      () => (reading.state = 'failed'),
    )
    return reading
  }

  const isGood = (reading: Reading<T>): boolean =>
    clock.now() - reading.startedAt < keepMs && (reading.state !== 'failed' || keepFailures)

  return async (signal, notBefore = 0) => {
    if (!current || !isGood(current) || current.startedAt < notBefore) current = begin()
    const mine = current
    // Of a burst all but the first find it read: who does not wait needs no watch on its signal.
    if (mine.state !== 'running' && !signal?.aborted)
      return { value: await mine.result, startedAt: mine.startedAt }
    mine.waiting++
    try {
      return { value: await untilAborted(mine.result, signal), startedAt: mine.startedAt }
    } finally {
      mine.waiting--
      if (mine.waiting === 0 && mine.state === 'running') {
        mine.abort.abort(NOBODY_WAITS)
        if (!keepFailures && current === mine) current = undefined
      }
    }
  }
}

/** A reason of our own costs no stack. */
const NOBODY_WAITS = 'nobody waits for it'

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(new CcmError('CCM_DEADLINE', 'there was no answer in the time given'))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
