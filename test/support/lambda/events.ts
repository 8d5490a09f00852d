import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InvocationRecord, LambdaFunction } from './functions.ts'

/** What a destination receives of an event that was given up. */
export interface GivenUp {
  readonly destination: string | undefined
  readonly functionName: string
  readonly requestId: string
  readonly condition: 'RetriesExhausted' | 'EventAgeExceeded'
  readonly attempts: number
  readonly payload: string
  /** What the last attempt answered. */
  readonly body: string
}

/** Asynchronous invocations: taken over at once, run soon, perhaps more than once. */
export interface EventQueue {
  /** @returns the event's request ID, the same for every attempt */
  add(target: LambdaFunction, payload: string): string
  /** The next event is delivered twice, as the platform may do with any. */
  deliverTwice(): void
  pending(): number
  readonly givenUp: readonly GivenUp[]
}

export interface EventQueueOptions {
  /** Wait before an attempt after a failed one; Lambda waits one minute, then two. */
  readonly retryDelayMs: (attempt: number) => number
}

const MINUTE_MS = 60_000
export const AWS_RETRY_DELAY = (attempt: number): number => attempt * MINUTE_MS

export function createEventQueue({ retryDelayMs }: EventQueueOptions): EventQueue {
  const givenUp: GivenUp[] = []
  const stop = new AbortController()
  let [pending, isDouble] = [0, false]

  async function run(target: LambdaFunction, payload: string, requestId: string): Promise<void> {
    const { config } = target
    const since = Date.now()
    const giveUp = (record: InvocationRecord, attempts: number, condition: GivenUp['condition']): void => {
      const { functionName, body } = record
      const destination = config.onFailure
      givenUp.push({ destination, functionName, requestId, condition, attempts, payload, body })
    }
    for (let attempt = 1; ; attempt++) {
      const record = await target.invoke(payload, requestId)
      if (!record.isError) return
      if (attempt > config.retries) return giveUp(record, attempt, 'RetriesExhausted')
      const delay = retryDelayMs(attempt)
      // An event that would be too old by then is given up now: the end is the same.
      if (Date.now() + delay - since > config.maximumEventAgeMs)
        return giveUp(record, attempt, 'EventAgeExceeded')
      await sleep(delay, undefined, { signal: stop.signal, ref: false })
    }
  }

  function deliver(target: LambdaFunction, payload: string, requestId: string): void {
    pending += 1
    run(target, payload, requestId)
      .catch(() => {})
      .finally(() => {
        pending -= 1
      })
  }

  return {
    add(target, payload) {
      const requestId = randomUUID()
      for (let times = isDouble ? 2 : 1; times > 0; times--) deliver(target, payload, requestId)
      isDouble = false
      return requestId
    },
    deliverTwice: () => {
      isDouble = true
    },
    pending: () => pending,
    givenUp,
  }
}
