import type { Clock } from '../shared/clock.ts'
import type { Log } from '../shared/log.ts'
import { toCcmError } from './http.ts'

/**
 * Looks whether the secrets of the webhook have been replaced; never throws.
 *
 * @param refused true when a caller has just been refused: perhaps it knows a newer one
 */
export type Renew = (refused: boolean) => Promise<void>

export interface RenewalOptions {
  /** Reads the settings again and takes them into use. @throws CcmError when they cannot be used */
  readonly read: (refused: boolean) => Promise<unknown>
  readonly clock: Clock
  readonly log: Log
  /** Time between two looks that nobody asked for; never where something else looks. */
  readonly lookMs?: number
}

/** A read that nothing was replaced in costs a function nothing but its own parsing. */
const LOOK_MS = 30_000
/** Wrong tokens, however many, make us look no more often. */
const REFUSED_MS = 5_000

export function createRenewal({ read, clock, log, lookMs = LOOK_MS }: RenewalOptions): Renew {
  let lookAt = clock.now() + lookMs
  let refusedAt = Number.NEGATIVE_INFINITY
  let isTold = false
  let routine: Promise<void> | undefined
  let urgent: Promise<void> | undefined

  async function look(refused: boolean): Promise<void> {
    lookAt = clock.now() + lookMs
    try {
      await read(refused)
      isTold = false
    } catch (thrown) {
      const error = toCcmError(thrown)
      const fields = { code: error.code, action: error.action, error }
      if (!isTold) log.warn(fields, 'changed settings cannot be used, the old ones stay in use')
      isTold = true
    }
  }

  function lookUrgently(now: number): void {
    if (now - refusedAt < REFUSED_MS) return
    refusedAt = now
    urgent ??= look(true).finally(() => (urgent = undefined))
  }

  return async refused => {
    const now = clock.now()
    if (refused) lookUrgently(now)
    else if (now >= lookAt) routine ??= look(false).finally(() => (routine = undefined))
    // Whoever has the right token does not wait for what somebody with a wrong one asked for.
    const urgently = refused ? urgent : undefined
    if (routine || urgently) await Promise.all([routine, urgently])
  }
}
