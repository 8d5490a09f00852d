import type { Answer } from './pace.ts'
import type { Outcome } from './transport.ts'

/** Full jitter: anywhere between nothing and the doubling step, so that callers that failed together spread out. */
const BASE_MS = 200
const CAP_MS = 5_000
/** Spread on top of Retry-After, which all callers were told alike. */
const RETRY_AFTER_SPREAD_MS = 500

/** A server that asks for more is not waited for: its wish is reported. */
const MAX_RETRY_AFTER_MS = 60_000

/** What a decision on repeating depends on besides the outcome itself. */
export interface RetryState {
  /** True when a repetition does no harm even if the request had its effect. */
  readonly repeatable: boolean
  /** Attempts made, 1 after the first. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Time left for a back-off. */
  readonly remainingMs: number
  readonly random: () => number
}

export type Verdict = { readonly do: 'retry'; readonly afterMs: number } | { readonly do: 'give-up' }

/** Whether and when a failed request is sent again. A wait that does not fit into the time left is not begun. */
export function decideRetry(outcome: Outcome, state: RetryState): Verdict {
  if (state.attempt >= state.maxAttempts || !isWorthRepeating(outcome, state.repeatable)) {
    return { do: 'give-up' }
  }
  const told = outcome.kind === 'answered' ? outcome.retryAfterMs : undefined
  if (told !== undefined && told > MAX_RETRY_AFTER_MS) return { do: 'give-up' }
  const afterMs =
    told === undefined
      ? state.random() * Math.min(CAP_MS, BASE_MS * 2 ** (state.attempt - 1))
      : Math.min(told + state.random() * RETRY_AFTER_SPREAD_MS, Math.max(told, state.remainingMs - 1))
  return afterMs < state.remainingMs ? { do: 'retry', afterMs } : { do: 'give-up' }
}

function isWorthRepeating(outcome: Outcome, repeatable: boolean): boolean {
  switch (outcome.kind) {
    case 'not-sent':
      return !outcome.permanent
    case 'lost':
    case 'timeout':
      return repeatable
    case 'aborted':
    case 'unreadable':
      return false
    case 'answered':
      return isSlowDown(outcome) || (outcome.status >= 500 && repeatable)
  }
}

/** True for an answer that asks to come again later and thereby says that nothing was done. */
function isSlowDown(outcome: {
  readonly status: number
  readonly retryAfterMs?: number | undefined
}): boolean {
  return outcome.status === 429 || (outcome.status === 503 && outcome.retryAfterMs !== undefined)
}

/** What an outcome tells of the pace; nothing where there was no answer, or one of a host in trouble. */
export function toAnswer(outcome: Outcome | undefined): Answer | undefined {
  if (outcome?.kind !== 'answered') return undefined
  const slowDown = isSlowDown(outcome)
  return slowDown || outcome.status < 500 ? { slowDown, retryAfterMs: outcome.retryAfterMs } : undefined
}

/** True when the request may have had its effect although no answer says so. */
export function mayHaveApplied(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'not-sent':
      return false
    case 'lost':
    case 'timeout':
    case 'unreadable':
      return true
    case 'aborted':
      return outcome.sent
    case 'answered':
      return outcome.status >= 500 && !isSlowDown(outcome)
  }
}

/**
 * Milliseconds to wait by a Retry-After header (RFC 9110, 10.2.3): seconds, or a date.
 *
 * @returns undefined when there is none or it is neither; 0 for a date that has passed
 */
export function toRetryAfterMs(header: string | null, now: number): number | undefined {
  const value = header?.trim() ?? ''
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const date = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
