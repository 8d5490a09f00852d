import type { CheckResult, CheckStatus } from './contract.ts'

/** For programs; `ok` is false where the exit code is 1. */
export const toDoctorJson = (results: readonly CheckResult[]): string =>
  `${JSON.stringify({ ok: !hasFailed(results), counts: countStatuses(results), checks: results }, undefined, 2)}\n`

/** A check fails, or what has to be known is not. */
export const hasFailed = (results: readonly CheckResult[]): boolean =>
  results.some(({ status, needed }) => status === 'fail' || (status === 'unknown' && needed))

/** Checks by how they came out. */
export function countStatuses(results: readonly CheckResult[]): Record<CheckStatus, number> {
  const counts = { ok: 0, warn: 0, fail: 0, unknown: 0 }
  for (const { status } of results) counts[status] += 1
  return counts
}
