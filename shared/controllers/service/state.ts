import type { ObjectMeta } from '../../kubernetes/types.ts'
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

/**
 * Claims that are not yet, or no longer, in use by the Service as it is stored now; also those by which it is about to
 * become live: whoever decided to free one, when it was not, finds another version then than he read. He had read it
 * before this version of the Service was written, so that one that was written since is safe from him.
 *
 * @param live what it is served with as it is stored
 */
export const toConfirm = (
  { kind, claims }: Settlement,
  { uid, resourceVersion }: Pick<ObjectMeta, 'uid' | 'resourceVersion'>,
  live: readonly string[],
): readonly Claim[] =>
  claims.filter(claim => {
    const isSafe = live.includes(claim.address) || Number(claim.resourceVersion) > Number(resourceVersion)
    const becomesLive = kind === 'serve' && !isSafe
    return claim.state !== 'active' || claim.serviceUid !== uid || becomesLive
  })
