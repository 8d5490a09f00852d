import type { ReconcileOutcome } from '../shared/controllers/contract.ts'

const FIRST_DELAY_MS = 1000
/** One resync interval: from there on resync is as quick. */
const MAX_DELAY_MS = 60_000
/** 1 + 2 + 4 + … s: some two minutes, in which two passes have looked after the key as well. */
const MAX_ATTEMPTS = 7
/** Shortest time between two looks at what the cloud works on. */
const MIN_LOOK_MS = 1000
/** Between two looks where nobody says how long to wait. */
const LOOK_MS = 5000
/** Buying and assigning a block takes minutes; what is not there after this long is looked at by resync, once a pass. */
const MAX_LOOKING_MS = 30 * 60_000

/** What is remembered of a key between its runs. */
export interface RunsSoFar {
  /** Failures in a row. */
  readonly attempts: number
  /** Since when the cloud has been at work on it, in milliseconds since 1970. */
  readonly lookingSince: number | undefined
}

export const NO_RUNS: RunsSoFar = { attempts: 0, lookingSince: undefined }

/** What follows a run. */
export interface NextRun extends RunsSoFar {
  /** Undefined: nothing is left to do. */
  readonly delayMs?: number
  /** Why nothing more is done although something is left. */
  readonly givenUp?: string
}

/**
 * What follows a run: a failure counts and delays, a wait for the cloud only delays, all else forgets both.
 *
 * @param random from 0 to below 1
 */
export function decideNext(
  { attempts, lookingSince }: RunsSoFar,
  outcomes: readonly ReconcileOutcome[],
  now: number,
  random: number,
): NextRun {
  if (outcomes.some(({ result }) => result === 'retry')) {
    const failed = { attempts: attempts + 1, lookingSince }
    return failed.attempts >= MAX_ATTEMPTS
      ? { ...failed, givenUp: 'tried too often' }
      : { ...failed, delayMs: toDelay(failed.attempts, random) }
  }
  const waiting = outcomes.filter(({ result }) => result === 'waiting')
  if (waiting.length === 0) return NO_RUNS
  const looking = { attempts: 0, lookingSince: lookingSince ?? now }
  const delayMs = Math.min(...waiting.map(toLookDelay))
  return now + delayMs > looking.lookingSince + MAX_LOOKING_MS
    ? { ...looking, givenUp: 'the cloud has been at work on it for too long' }
    : { ...looking, delayMs }
}

/** Doubles from attempt to attempt; between half of it and all of it, so that keys which failed together spread. */
const toDelay = (attempts: number, random: number): number =>
  Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), MAX_DELAY_MS) * (0.5 + random / 2)

/** Milliseconds until the next look at something that the cloud is at work on. */
export const toLookDelay = ({ retryAfterMs = LOOK_MS }: ReconcileOutcome): number =>
  Math.max(retryAfterMs, MIN_LOOK_MS)
