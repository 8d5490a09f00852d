import type { Announcer } from '../../announcers/contract.ts'
import { readLoadBalancerIP } from '../../announcers/requests.ts'
import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { ASSIGNED_IPS, CLEANUP_FINALIZER, FINALIZER, MANAGE } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { type AddressIndex, isSameService } from '../address/address-index.ts'
import type { CleanUpCause } from '../address/lifecycle.ts'
import { quote } from '../address/problem.ts'
import { handsOffEvent, type ServiceEvent } from './events.ts'
import { statusAddresses } from './history.ts'

/** Whose an address is. */
export interface Ownership {
  /** Whether a canonical address lies in a block of this cluster or is claimed, for whichever Service. */
  owns(address: string): boolean
  /** Whether a server has it on the public network. */
  isOfServer(address: string): boolean
  /** Whether a block was bought for this Service alone. */
  readonly hasOwnBlock: boolean
  /** Whether an address is in use for the Service of its namespace and name with this UID. */
  isHolder(uid: string | undefined): boolean
}

/** What a Service is to us. `ignore`: none of our business, or already as it should be. */
export type Classification =
  | { readonly kind: 'serve'; readonly announcer: Announcer }
  | { readonly kind: 'cleanUp'; readonly cause: CleanUpCause }
  | { readonly kind: 'handsOff'; readonly why: string; readonly event: ServiceEvent }
  | { readonly kind: 'ignore'; readonly why: string }

/** What a Service is judged by besides itself. */
export interface ServiceCircumstances {
  /** Values of spec.loadBalancerClass that are served besides unset. */
  readonly classes: readonly string[]
  /** Undefined while PNAP_LOAD_BALANCER is empty: then only Services that are being deleted are cleaned up. */
  readonly announcer: Announcer | undefined
  /**
   * Undefined while nobody knows which blocks there are: then a Service that is served already is left for later.
   */
  readonly ownership: Ownership | undefined
  /** Of an UPDATE review: `kubectl replace` drops our finalizer, which makes the Service no less ours. */
  readonly old?: KubeService | undefined
}

/**
 * What a Service is to us. Wanted are those of type LoadBalancer with a class that is served and not being deleted.
 * Of these, one that somebody else serves is left alone: it came without our marks, and what it has or asks for lies
 * outside our blocks. A Service that its user declared to be served elsewhere is never taken.
 */
export function classifyService(service: KubeService, circumstances: ServiceCircumstances): Classification {
  const { classes, announcer, ownership, old } = circumstances
  const isMarked = [service, old].some(object => object?.metadata.finalizers?.includes(FINALIZER))
  if (service.metadata.deletionTimestamp !== undefined) return classifyDeleting(service, isMarked, ownership)
  if (!announcer) return { kind: 'ignore', why: 'load balancers are disabled' }
  const unwanted = findUnwanted(service, classes, announcer)
  if (unwanted && isMarked) return { kind: 'cleanUp', cause: unwanted.cause }
  if (unwanted) return { kind: 'ignore', why: unwanted.why }
  return isMarked ? { kind: 'serve', announcer } : classifyNew(service, announcer, ownership, old)
}

/**
 * One that the Go program served bears its finalizer only, which nobody else takes off; ours cannot be added to it any
 * more. It is told by its address or its block: other controllers use that finalizer as well.
 */
function classifyDeleting(
  service: KubeService,
  isMarked: boolean,
  ownership: Ownership | undefined,
): Classification {
  const isLeft = service.metadata.finalizers?.includes(CLEANUP_FINALIZER) ?? false
  const addresses = [...statusAddresses(service), ...readLoadBalancerIP(service).addresses]
  const isOurs = ownership?.hasOwnBlock || addresses.some(address => ownership?.owns(address))
  if (isMarked || (isLeft && isOurs)) return { kind: 'cleanUp', cause: 'deleted' }
  return { kind: 'ignore', why: 'it is being deleted and is not ours' }
}

interface Unwanted {
  readonly cause: CleanUpCause
  readonly why: string
}

/** Why a Service is not to be served, whoever serves it now; undefined where it is. */
export function findUnwanted(
  service: KubeService,
  classes: readonly string[],
  announcer: Announcer,
): Unwanted | undefined {
  const { type, loadBalancerClass } = service.spec ?? {}
  if (type !== 'LoadBalancer') return { cause: 'typeChanged', why: 'it is not of type LoadBalancer' }
  if (loadBalancerClass !== undefined && !classes.includes(loadBalancerClass)) {
    return { cause: 'classChanged', why: `its class ${quote(loadBalancerClass)} is not served` }
  }
  const elsewhere = announcer.servedElsewhere?.(service)
  if (elsewhere === undefined) return undefined
  return { cause: 'handedOver', why: `its user has it served from another pool (${elsewhere})` }
}

function classifyNew(
  service: KubeService,
  announcer: Announcer,
  ownership: Ownership | undefined,
  old: KubeService | undefined,
): Classification {
  const serve = { kind: 'serve', announcer } as const
  const { annotations } = service.metadata
  if (annotations?.[ASSIGNED_IPS] !== undefined || annotations?.[MANAGE] === 'true') return serve
  // A write that nobody reviewed may drop every mark of ours, but not its claim.
  if (ownership?.isHolder(service.metadata.uid)) return serve
  if (isUnclear(service, old, announcer)) return serve
  // Who asks for any address of ours asks for one from here, whatever he has or names besides.
  if (announcer.drawsFromOurs?.(service, address => ownership?.owns(address) ?? false)) return serve
  const served = (service.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '')
  // Whatever hides behind another request may be what the announcer reads.
  const asked = announcer.readNamed(service).addresses
  const [first] = [...served, ...asked]
  if (first === undefined) return serve
  if (!ownership) return { kind: 'ignore', why: 'it is not known yet which addresses are ours' }
  if ([...statusAddresses(service), ...asked].some(address => ownership.owns(address))) return serve
  if (takesFromServer(service, announcer, ownership)) return serve
  const why = `${quote(first)} lies in no block of this cluster`
  return { kind: 'handsOff', why, event: handsOffEvent(first, served.length > 0) }
}

/**
 * Whether it names what may turn out to be anybody's address: a host name, or a list that is too long to be read. Of one
 * that somebody else serves already only what is new in a review counts.
 */
export function isUnclear(service: KubeService, old: KubeService | undefined, announcer: Announcer): boolean {
  const { malformed, text } = announcer.readNamed(service)
  if (malformed.length === 0) return false
  const isServed = (service.status?.loadBalancer?.ingress ?? []).length > 0
  return !isServed || (old !== undefined && announcer.readNamed(old).text !== text)
}

/**
 * Whether it names the address of a server, which no announcer is to take from it. One that has it already, as its stored
 * status tells, is somebody's own arrangement.
 *
 * @param service its status as it is stored
 */
export function takesFromServer(service: KubeService, announcer: Announcer, ownership: Ownership): boolean {
  const served = statusAddresses(service)
  const { addresses } = announcer.readNamed(service)
  return addresses.some(address => ownership.isOfServer(address) && !served.includes(address))
}

/**
 * A claim proves that its address is ours where its block is not known (any more): who asks for it is refused, and not
 * left to an announcer that would give it to a second Service.
 */
export const toOwnership = (service: ServiceRef, index: AddressIndex): Ownership => ({
  owns: address => index.knownBlockAt(address) !== undefined || index.claimAt(address) !== undefined,
  isOfServer: address => index.isOfServer(address),
  hasOwnBlock: (index.view.known ?? index.view.source.blocks).some(({ dedicatedTo }) =>
    isSameService(dedicatedTo, service),
  ),
  isHolder: uid =>
    uid !== undefined &&
    index.claimsOf(service).some(claim => claim.serviceUid === uid && claim.state === 'active'),
})
