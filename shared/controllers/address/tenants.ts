import type { AddressBlock, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import type { NamespaceSet } from '../../setting-parsers.ts'
import { type AddressIndex, isSameService } from './address-index.ts'
import type { AllocationMode } from './candidates.ts'
import type { AddressBook, Claim, ClaimState } from './contract.ts'
import { type Problem, toProblem } from './problem.ts'
import type { AddressWish } from './wish.ts'

/**
 * What operators let the Services of a namespace ask for. It is asked before something is given: what a Service has, or
 * is kept for it, stays its own when the policy becomes stricter.
 */
export interface TenantPolicy {
  /** Namespaces whose Services may name the address that they want. */
  readonly addressRequests: NamespaceSet
  readonly retention: NamespaceSet
  readonly dedicated: NamespaceSet
  /** Addresses of one namespace in any state; undefined: any number. */
  readonly maxAddresses: number | undefined
  readonly maxRetained: number
  /** IPv4 blocks that are some Service's of one namespace alone. */
  readonly maxDedicated: number
}

/** What a Service may have beyond what its namespace and name hold already. */
export interface AddressRights {
  readonly mayRequest: boolean
  /** Canonical addresses that the API server knows the Service by; nobody has to be allowed to ask for these. */
  readonly proven: readonly string[]
  /** How many more addresses its namespace may have. */
  readonly room: number
}

export const isAmong = ({ names, prefixes }: NamespaceSet, namespace: string): boolean =>
  names.includes(namespace) || prefixes.some(prefix => namespace.startsWith(prefix))

/** @param proven see AddressRights */
export function toRights(
  { addressRequests, maxAddresses }: TenantPolicy,
  index: AddressIndex,
  { namespace }: ServiceRef,
  proven: readonly string[],
): AddressRights {
  const held = index.claimsIn(namespace).length
  return {
    mayRequest: isAmong(addressRequests, namespace),
    proven,
    room: maxAddresses === undefined ? Number.POSITIVE_INFINITY : Math.max(0, maxAddresses - held),
  }
}

export const toDenied = (subject: string): Problem =>
  toProblem(
    'CCM_ADDRESS_REQUEST_DENIED',
    `${subject} may not be asked for: the operator lets Services of this namespace not choose their address.`,
  )

export const toLimited = (): Problem =>
  toProblem(
    'CCM_NAMESPACE_LIMIT',
    'This namespace has as many addresses as the operator allows, those included that rest or are retained.',
  )

/** Why an address is not retained although its Service says so; undefined: it is. */
export function judgeRetention(
  { retention, maxRetained }: TenantPolicy,
  index: AddressIndex,
  service: ServiceRef,
): Problem | undefined {
  const { namespace } = service
  if (!isAmong(retention, namespace)) {
    const message =
      'phoenixnap.com/retain-ip has no effect: the operator lets this namespace not retain addresses.'
    return toProblem('CCM_RETAIN_DENIED', message)
  }
  const others = index
    .claimsIn(namespace)
    .filter(claim => claim.state === 'retained' && !isSameService(claim.service, service))
  if (others.length < maxRetained) return undefined
  const message =
    'phoenixnap.com/retain-ip has no effect: as many addresses as the operator allows are retained.'
  return toProblem('CCM_NAMESPACE_LIMIT', `${message} They belong to deleted Services of this namespace.`)
}

/** Retained addresses of a namespace that are more than it may have, those first that were retained last. */
export const listRetainedBeyond = (
  { claims }: Pick<AddressBook, 'claims'>,
  namespace: string,
  { maxRetained }: TenantPolicy,
): readonly Claim[] =>
  claims
    .filter(({ state, service }) => state === 'retained' && service.namespace === namespace)
    .toSorted((a, b) => Number(a.resourceVersion) - Number(b.resourceVersion))
    .slice(maxRetained)
    .toReversed()

/**
 * The wish as far as the policy grants it. Who may not have a block of his own shares one like everybody else.
 *
 * @param fallback how Services are served that say nothing of it: what the operator chose for all is not limited
 */
export function grantWish(
  policy: TenantPolicy,
  index: AddressIndex,
  service: ServiceRef,
  wish: AddressWish,
  fallback: AllocationMode,
): AddressWish {
  const retention = wish.retain ? judgeRetention(policy, index, service) : undefined
  const asksForOwn = wish.mode === 'dedicated' && fallback !== 'dedicated'
  const block = asksForOwn ? judgeDedicated(policy, index, service) : undefined
  const refusals = [retention, block].filter(refusal => refusal !== undefined)
  return { ...wish, mode: block ? fallback : wish.mode, problems: [...wish.problems, ...refusals] }
}

/** Blocks of a namespace's Services alone, those on their way included where they are known. */
export const countDedicated = ({ view }: AddressIndex, namespace: string): number =>
  (view.known ?? view.source.blocks).filter(
    ({ family, dedicatedTo, marked }) => family === 'IPv4' && !marked && dedicatedTo?.namespace === namespace,
  ).length

/** Whether a block was bought for it alone, be it still on its way, and others left it something of that. */
export const hasDedicated = (index: AddressIndex, service: ServiceRef): boolean =>
  (index.view.known ?? index.view.source.blocks).some(block => isOwnBlock(index, block, service))

/** A block that others have taken as a whole, with addresses that do not merely rest, is not the Service's any more. */
export function isOwnBlock({ view }: AddressIndex, block: AddressBlock, service: ServiceRef): boolean {
  if (!isSameService(block.dedicatedTo, service)) return false
  const taken = view.book.claims.filter(
    claim => claim.blockId === block.id && LASTING.has(claim.state) && !isSameService(claim.service, service),
  )
  return block.usable === undefined || taken.length < block.usable.count
}

const LASTING: ReadonlySet<ClaimState> = new Set(['active', 'retained'])

const DEDICATED = 'phoenixnap.com/ip-allocation: dedicated'

function judgeDedicated(
  { dedicated, maxDedicated }: TenantPolicy,
  index: AddressIndex,
  service: ServiceRef,
): Problem | undefined {
  if (hasDedicated(index, service)) return undefined
  if (!isAmong(dedicated, service.namespace)) {
    const message = `${DEDICATED} is not allowed for this namespace: the Service shares a block.`
    return toProblem('CCM_DEDICATED_DENIED', message)
  }
  if (countDedicated(index, service.namespace) < maxDedicated) return undefined
  const message = `${DEDICATED}: this namespace has as many blocks of its own as the operator allows; the Service shares a block.`
  return toProblem('CCM_NAMESPACE_LIMIT', message)
}
