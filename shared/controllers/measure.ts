import type { Measure } from '../metrics/contract.ts'
import type { PlannedChange } from './contract.ts'

/** Whoever takes values down, where there is one. */
export interface Measured {
  readonly measure?: Measure | undefined
}

/** Counts changes that were made, by kind and action. */
export function measureChanges(
  { measure }: Measured,
  changes: readonly Pick<PlannedChange, 'kind' | 'action'>[],
): void {
  for (const { kind, action } of changes)
    measure?.('cloud_controller_manager_operations_total', { op: `${kind}/${action}` })
}

/** Seconds from a time that an object tells until now; undefined where it tells none. @param now milliseconds since 1970 */
export function toDelay(since: string | undefined, now: number): number | undefined {
  const at = Date.parse(since ?? '')
  return Number.isNaN(at) ? undefined : Math.max(0, now - at) / 1000
}
