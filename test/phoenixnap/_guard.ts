import type { Clock } from '../../shared/clock.ts'
import type {
  BlockGuard,
  BlockHold,
  BoughtBlock,
  PurchaseIntent,
} from '../../shared/cloud-provider/load-balancer.ts'
import { CcmError } from '../../shared/errors.ts'

/** What a cluster keeps about its guard; shared by all handlers of the cluster. */
export interface GuardRecord {
  holder: symbol | undefined
  until: number
  intent: PurchaseIntent | undefined
  bought: readonly BoughtBlock[]
  /** Calls that changed something, in order. */
  readonly writes: string[]
}

/** Thrown where a handler is killed: it does nothing more, not even what a failure would make it do. */
export class Killed extends Error {
  override name = 'Killed'
}

/** How long a hold lasts, in milliseconds. */
export const HOLD_MS = 30_000

export const createGuardRecord = (): GuardRecord => ({
  holder: undefined,
  until: 0,
  intent: undefined,
  bought: [],
  writes: [],
})

/**
 * A guard in memory, as a Lease would be: a holder that was killed keeps it until its time is over.
 *
 * @param step is run before and after each call, and may throw: the handler was killed there
 */
export function createGuard(
  record: GuardRecord,
  clock: Clock,
  step: (what: string) => void = () => undefined,
): BlockGuard {
  function write<T>(what: string, change: () => T): T {
    step(`before ${what}`)
    record.writes.push(what)
    const result = change()
    step(`after ${what}`)
    return result
  }

  function createHold(holder: symbol): BlockHold {
    const check = (): void => {
      if (record.holder !== holder || clock.now() >= record.until)
        throw new CcmError('KUBE_CONFLICT', 'the hold was lost')
    }
    return {
      now: clock.now(),
      intent: record.intent,
      bought: record.bought,
      setIntent: async (intent, bought = record.bought) =>
        write(intent ? 'set intent' : 'forget intent', () => {
          check()
          record.intent = intent
          record.bought = bought
        }),
      confirm: async () => {
        step('before confirm')
        check()
        step('after confirm')
        return record.until - clock.now()
      },
    }
  }

  return {
    async exclusively(work) {
      const holder = Symbol('holder')
      if (record.holder !== undefined && clock.now() < record.until) return 'busy'
      write('take', () => {
        record.holder = holder
        record.until = clock.now() + HOLD_MS
      })
      const release = (): void =>
        write('release', () => {
          if (record.holder === holder) record.holder = undefined
        })
      try {
        const result = await work(createHold(holder))
        release()
        return result
      } catch (error) {
        if (!(error instanceof Killed)) release()
        throw error
      }
    },
  }
}
