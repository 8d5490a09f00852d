import type { Facts } from './facts.ts'

/**
 * `ok`; `warn`: it works, and somebody should look at it; `fail`: something does not work, or will not; `unknown`: it
 * could not be found out.
 */
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'unknown'

/** What a check found. */
export interface Finding {
  readonly status: CheckStatus
  /** One line, without secrets. */
  readonly fact: string
  /** What to do, where it differs from what the check says in general. */
  readonly action?: string | undefined
}

/** One question. It reads only; what it throws becomes `unknown`. */
export interface Check {
  /** Never renamed or used for another question: people search for it, and scripts read it. */
  readonly code: string
  /** What is asked, for the reference. */
  readonly doc: string
  /** What to do when it is not ok. */
  readonly action: string
  /** True where not to know it is as bad as a failure: the exit code tells of it. */
  readonly needed?: boolean
  run(facts: Facts): Promise<Finding>
}

export interface CheckResult extends Finding {
  readonly code: string
  readonly needed?: boolean
}

export const ok = (fact: string): Finding => ({ status: 'ok', fact })
export const warn = (fact: string, action?: string): Finding => ({ status: 'warn', fact, action })
export const fail = (fact: string, action?: string): Finding => ({ status: 'fail', fact, action })
export const unknown = (fact: string, action?: string): Finding => ({ status: 'unknown', fact, action })

/** Names that a line can hold; the rest is counted. */
const SHOWN = 5

/** `a, b, c and 7 more`. */
export function toNames(names: readonly string[], separator = ', '): string {
  const shown = names.slice(0, SHOWN).join(separator)
  return names.length <= SHOWN ? shown : `${shown} and ${names.length - SHOWN} more`
}

/** `1 node`, `2 nodes`. */
export const toCount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** Above it the next larger unit reads better. */
const ENOUGH = 2

/** `90s`, `15m`, `3h`, `20d`, for people. */
export function toAge(ms: number): string {
  if (ms >= ENOUGH * DAY_MS) return `${Math.floor(ms / DAY_MS)}d`
  if (ms >= ENOUGH * HOUR_MS) return `${Math.floor(ms / HOUR_MS)}h`
  if (ms >= ENOUGH * MINUTE_MS) return `${Math.floor(ms / MINUTE_MS)}m`
  return `${Math.max(0, Math.round(ms / 1000))}s`
}
