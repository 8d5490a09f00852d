import type { Clock } from '../../clock.ts'
import type { Cloud, Instance } from '../../cloud-provider/contract.ts'
import { CcmError } from '../../errors.ts'

/** Instances straight from the cloud, shared by all who ask in one process. */
export interface LiveInstances {
  /** @throws CcmError the cloud's error, or CCM_DEADLINE when the deadline came first */
  list(deadline: number, signal?: AbortSignal): Promise<LiveList>
}

export interface LiveList {
  readonly instances: readonly Instance[]
  /** When it was asked for, in milliseconds since 1970: what came into being later may be missing. */
  readonly startedAt: number
}

/** One list a process in this time, failed ones included: a burst of unknown nodes costs one request. */
export const SHARED_FOR_MS = 10_000

interface Shared {
  readonly startedAt: number
  readonly result: Promise<readonly Instance[]>
  readonly abort: AbortController
  waiting: number
  done: boolean
}

export function createLiveInstances(cloud: Cloud, clock: Clock): LiveInstances {
  let shared: Shared | undefined

  function start(): Shared {
    const abort = new AbortController()
    const now = clock.now()
    const call = { signal: abort.signal, deadline: now + SHARED_FOR_MS }
    const next: Shared = {
      startedAt: now,
      result: cloud.instancesV2 ? cloud.instancesV2.listInstances(call) : Promise.resolve([]),
      abort,
      waiting: 0,
      done: false,
    }
    // The result may come when nobody waits any more; a rejection that nobody takes would end the process.
    next.result.then(
      () => (next.done = true),
      () => (next.done = true),
    )
    return next
  }

  return {
    async list(deadline, signal) {
      if (!shared || clock.now() - shared.startedAt >= SHARED_FOR_MS) shared = start()
      const mine = shared
      mine.waiting++
      try {
        const instances = await withinDeadline(mine.result, clock, deadline, signal)
        return { instances, startedAt: mine.startedAt }
      } finally {
        mine.waiting--
        // Nobody waits for it: a function may not leave a request behind when it answers.
        if (mine.waiting === 0 && !mine.done) {
          mine.abort.abort()
          // A later list has waiters of its own.
          if (shared === mine) shared = undefined
        }
      }
    },
  }
}

async function withinDeadline<T>(
  work: Promise<T>,
  clock: Clock,
  deadline: number,
  signal?: AbortSignal,
): Promise<T> {
  const timer = new AbortController()
  const ends = signal ? AbortSignal.any([timer.signal, signal]) : timer.signal
  const late = clock.sleep(Math.max(0, deadline - clock.now()), ends).then(() => {
    throw new CcmError('CCM_DEADLINE', 'the BMC API did not answer within the time given')
  })
  try {
    return await Promise.race([work, late])
  } finally {
    late.catch(() => {})
    timer.abort()
  }
}
