import { toPrintable } from '../printable.ts'
import type { CheckResult, CheckStatus } from './contract.ts'

const STATUSES: readonly CheckStatus[] = ['ok', 'warn', 'fail', 'unknown']

/** A line for each check, and below it what to do; at the end how many came out how. */
export function toDoctorText(results: readonly CheckResult[]): string {
  const statusWidth = Math.max(...STATUSES.map(status => status.length))
  const codeWidth = Math.max(0, ...results.map(({ code }) => code.length))
  const lines = results.flatMap(({ status, code, fact, action }) => [
    `${status.padEnd(statusWidth)}  ${code.padEnd(codeWidth)}  ${toLine(fact)}`,
    ...(action === undefined ? [] : [`${' '.repeat(statusWidth + codeWidth + 4)}→ ${toLine(action)}`]),
  ])
  return `${[...lines, toSummary(results)].join('\n')}\n`
}

/** The same for programs; `ok` is false where the exit code is 1. */
export const toDoctorJson = (results: readonly CheckResult[]): string =>
  `${JSON.stringify({ ok: !hasFailed(results), counts: count(results), checks: results }, undefined, 2)}\n`

/** A check fails, or what has to be known is not. */
export const hasFailed = (results: readonly CheckResult[]): boolean =>
  results.some(({ status, needed }) => status === 'fail' || (status === 'unknown' && needed))

const toSummary = (results: readonly CheckResult[]): string =>
  STATUSES.map(status => `${count(results)[status]} ${status}`).join(', ')

function count(results: readonly CheckResult[]): Record<CheckStatus, number> {
  const counts = { ok: 0, warn: 0, fail: 0, unknown: 0 }
  for (const { status } of results) counts[status] += 1
  return counts
}

/** Messages of others may have several lines, and names what moves a cursor. */
const toLine = (text: string): string => toPrintable(text.replaceAll(/\s*\n\s*/g, ' '))
