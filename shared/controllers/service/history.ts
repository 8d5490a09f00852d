import { splitList } from '../../announcers/requests.ts'
import { parseAddress } from '../../ip-address.ts'
import { ASSIGNED_IPS, FINALIZER, WAITING } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'

/** Addresses of a Service as it tells them itself; all canonical, in the order written. */
export interface AddressHistory {
  /** Those that we chose (`assigned-ips`). */
  readonly assigned: readonly string[]
  /** Those that it is served with: the chosen ones, unless it waits. */
  readonly live: readonly string[]
  /** True where it bears our finalizer and does not wait, also where somebody took off what says with which address. */
  readonly isServed: boolean
  /** Those that it had, most wanted first: the chosen ones, then those in its status. */
  readonly held: readonly string[]
}

/**
 * @param old of an UPDATE review: `kubectl replace` drops what we wrote, and the API server keeps no annotation that
 *   the new object lacks
 */
export function readHistory(service: KubeService, old?: KubeService): AddressHistory {
  const assigned = readAssigned(service) ?? (old && readAssigned(old)) ?? []
  const waits = [service, old].some(object => object?.metadata.annotations?.[WAITING] !== undefined)
  const status = [...statusAddresses(service), ...(old ? statusAddresses(old) : [])]
  const isMarked = [service, old].some(object => object?.metadata.finalizers?.includes(FINALIZER))
  return {
    assigned,
    live: waits ? [] : assigned,
    isServed: isMarked && !waits,
    held: [...new Set([...assigned, ...status])],
  }
}

/** One that is too long to be ours is as good as none. */
function readAssigned({ metadata }: KubeService): readonly string[] | undefined {
  const text = metadata.annotations?.[ASSIGNED_IPS]
  const entries = text === undefined ? undefined : splitList(text)
  return entries?.flatMap(entry => parseAddress(entry)?.text ?? [])
}

/** A Service has one address of each family; more are not read, however many somebody wrote. */
const MAX_STATUS_ENTRIES = 16

/** Canonical addresses in the Service's status. */
export const statusAddresses = ({ status }: KubeService): readonly string[] =>
  (status?.loadBalancer?.ingress ?? [])
    .slice(0, MAX_STATUS_ENTRIES)
    .flatMap(({ ip }) => parseAddress(ip ?? '')?.text ?? [])
