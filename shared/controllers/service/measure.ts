import { WAITING } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { type Measured, toDelay } from '../measure.ts'
import type { ServingPlan } from './serving-plan.ts'

/** What came of a Service that was served just now. */
export interface ServedNow {
  readonly plan: Pick<ServingPlan, 'settlement' | 'confirm'>
  /** Whether anything was written. */
  readonly changed: boolean
  /** What it was served with before. */
  readonly live: readonly string[]
  /** Milliseconds since 1970 by the API server's clock. */
  readonly now: number
}

/** Counts that a load balancer was configured, and times how long its Service waited for its first address. */
export function measureServed({ measure }: Measured, service: KubeService, done: ServedNow): void {
  if (!done.changed) return
  measure?.('service_controller_loadbalancer_sync_total', {})
  const delay = toAddressDelay(service, done)
  if (delay !== undefined) measure?.('phoenixnap_ccm_service_address_delay_seconds', {}, delay)
}

/** Seconds; undefined for a Service that waits still, or was served before. */
export function toAddressDelay(
  { metadata }: KubeService,
  { plan: { settlement, confirm }, live, now }: Omit<ServedNow, 'changed'>,
): number | undefined {
  if (settlement.kind === 'wait') return undefined
  // One that was made by the review that stored the Service.
  if (live.length > 0) return confirm.some(({ state }) => state === 'unconfirmed') ? 0 : undefined
  return toDelay(metadata.annotations?.[WAITING] ?? metadata.creationTimestamp, now)
}
