import type { Allocation, Settlement } from '../address/allocation.ts'
import type { Claim } from '../address/contract.ts'
import type { ServiceState } from './fields.ts'
import type { AddressHistory } from './history.ts'

/** How a Service should look, given what it has. @param now milliseconds since 1970 */
export function toServiceState(
  settlement: Settlement,
  allocation: Allocation,
  history: AddressHistory,
  now: number,
): ServiceState {
  if (settlement.kind === 'serve') return { kind: 'serve', addresses: settlement.addresses }
  const since = new Date(now).toISOString()
  // Its own address comes back by itself: it is not to be given another one meanwhile.
  return isOnHold(allocation) && history.assigned.length > 0
    ? { kind: 'wait', since, remember: history.assigned }
    : { kind: 'wait', since, forget: history.assigned }
}

/** True when an address of its own is only not ready. */
export const isOnHold = ({ families }: Allocation): boolean =>
  families.some(({ keep, otherwise }) => !keep && otherwise === 'onHold')

/** Claims that are not yet, or no longer, in use by the Service as it is stored now. */
export const toConfirm = ({ claims }: Settlement, serviceUid: string): readonly Claim[] =>
  claims.filter(claim => claim.state !== 'active' || claim.serviceUid !== serviceUid)
