import { SKEW_MS } from '../../kubernetes/leases.ts'
import type { AddressIndex } from './address-index.ts'
import { countFree } from './candidates.ts'
import type { AddressBook, Claim } from './contract.ts'
import type { TenantPolicy } from './tenants.ts'

/** Why a Service is served no longer. `handedOver`: its user has the announcer serve it from somebody else's pool. */
export type CleanUpCause = 'deleted' | 'typeChanged' | 'classChanged' | 'handedOver'

/** The Service of a claim's namespace and name, as read after the claim. */
export interface ClaimService {
  readonly uid: string
  /** Undefined while it is served, or waits to be. */
  readonly cleanUp: CleanUpCause | undefined
  /** True when its addresses are kept for it (`retain-ip`). */
  readonly retain: boolean
  /** True where it was deleted and goes on existing, with whatever it is announced by, because others keep it. */
  readonly isKept: boolean
  /** Whether an address is among those that it is served with, or keeps while it waits for others. */
  uses(address: string): boolean
}

export interface RestSettings {
  readonly releaseQuarantineMs: number
  readonly typeChangeQuarantineMs: number
  /** True where the announcer leaves an address on a node's interface when its Service changes its type. */
  readonly keepsAddressAfterTypeChange: boolean
}

/**
 * What to do about a claim. `confirm` and `reactivate` make it active for that Service; `release` starts its rest, which
 * waits for the Service `heldBy` to be gone; `redate` has its time run from now on; `free` deletes it.
 */
export type ClaimDecision =
  | { readonly do: 'keep'; readonly why: string }
  | { readonly do: 'confirm' | 'reactivate'; readonly serviceUid: string; readonly why: string }
  | {
      readonly do: 'release'
      readonly restMs: number
      readonly why: string
      readonly heldBy?: string | undefined
    }
  | { readonly do: 'retain' | 'redate'; readonly why: string }
  | { readonly do: 'free'; readonly why: string }

export interface ClaimCircumstances {
  readonly service: 'absent' | ClaimService
  /** True when a complete list of the cluster's blocks, read from the cloud, lacks the claim's block. */
  readonly isBlockGone: boolean
  /** Time of the book, in milliseconds since 1970. */
  readonly now: number
  readonly settings: RestSettings
}

/** Above the 60 s that the API server gives a request: afterwards the Service was stored, or never will be. */
export const UNCONFIRMED_MS = 5 * 60_000
/** Above the 10 s that a review may take, as times are in whole seconds. */
const REVIEW_MS = 15_000
/** More of them in one namespace would let rejected Services drain the pool. */
export const MAX_UNCONFIRMED = 10

/** What becomes of a claim. The Service must have been read after the claim: one that is older may not know of it. */
export function decideClaim(claim: Claim, circumstances: ClaimCircumstances): ClaimDecision {
  const { service, isBlockGone } = circumstances
  const isUsed = service !== 'absent' && !service.cleanUp && service.uses(claim.address)
  if (isUsed) return decideUsed(claim, service.uid)
  if (isBlockGone) return { do: 'free', why: 'its block does not belong to the cluster any more' }
  switch (claim.state) {
    case 'unconfirmed':
      return decideUnconfirmed(claim, circumstances)
    case 'active':
      return toRelease(service, circumstances.settings)
    case 'released':
      return decideReleased(claim, circumstances)
    case 'retained':
      return { do: 'keep', why: 'it is kept for its Service' }
  }
}

function decideUsed(claim: Claim, serviceUid: string): ClaimDecision {
  switch (claim.state) {
    case 'unconfirmed':
      return { do: 'confirm', serviceUid, why: 'its Service uses it' }
    case 'active':
      return claim.serviceUid === serviceUid
        ? { do: 'keep', why: 'its Service uses it' }
        : { do: 'confirm', serviceUid, why: 'a Service of the same name uses it' }
    case 'released':
    case 'retained':
      return { do: 'reactivate', serviceUid, why: 'its Service uses it again' }
  }
}

/** One with a rest was renewed for a Service that was rejected: it was in use before, or rested. */
function decideUnconfirmed(
  { since, service: ref, serviceUid, restMs }: Claim,
  { service, now, settings }: ClaimCircumstances,
): ClaimDecision {
  if (isAhead(since, now)) return REDATE
  if (now - since < UNCONFIRMED_MS) return { do: 'keep', why: 'its Service may still be on its way' }
  if (restMs !== undefined && serviceUid !== undefined) return toRelease(service, settings)
  if (restMs !== undefined) return { do: 'release', restMs, why: 'its Service did not come back' }
  const why = service === 'absent' ? 'was never stored' : 'does not use it'
  return { do: 'free', why: `the Service ${ref.namespace}/${ref.name} ${why}` }
}

function decideReleased(
  { since, restMs, serviceUid }: Claim,
  { service, now, settings }: ClaimCircumstances,
): ClaimDecision {
  if (serviceUid !== undefined) {
    const isThere = service !== 'absent' && service.uid === serviceUid
    if (isThere) return { do: 'keep', why: 'its Service is deleted, and still there' }
    return { do: 'release', restMs: restMs ?? settings.releaseQuarantineMs, why: 'its Service has gone' }
  }
  if (isAhead(since, now)) return REDATE
  const isResting = now - since < (restMs ?? settings.releaseQuarantineMs)
  return isResting ? { do: 'keep', why: 'it rests' } : { do: 'free', why: 'its rest is over' }
}

/** It was written by hand, or before the API server's clock was set back: it would keep the address for as long. */
const isAhead = (since: number, now: number): boolean => since - now >= SKEW_MS
const REDATE = { do: 'redate', why: 'its time lies in the future' } as const

const REASONS = {
  deleted: 'its Service is deleted',
  typeChanged: 'its Service is of another type now',
  classChanged: 'its Service is of another class now',
  handedOver: 'its Service is served from another pool now',
} as const satisfies Record<CleanUpCause, string>

/**
 * How an active claim of a Service ends that does not use it (any more). Retained are the addresses of a Service that is
 * served no longer, not one that it exchanged for another.
 */
export function toRelease(service: 'absent' | ClaimService, settings: RestSettings): ClaimDecision {
  const restMs = settings.releaseQuarantineMs
  if (service === 'absent') return { do: 'release', restMs, why: 'its Service has gone' }
  if (!service.cleanUp) return { do: 'release', restMs, why: 'its Service does not use it any more' }
  const why = REASONS[service.cleanUp]
  if (service.retain) return { do: 'retain', why }
  const staysOnNode = service.cleanUp === 'typeChanged' && settings.keepsAddressAfterTypeChange
  const heldBy = service.isKept ? { heldBy: service.uid } : {}
  return { do: 'release', restMs: staysOnNode ? settings.typeChangeQuarantineMs : restMs, why, ...heldBy }
}

/**
 * Whether others, who know the Service as it was before a review, may take away a claim that the review answers. Who has
 * made it a moment ago may find that it is beyond a limit.
 *
 * @param wasUsed whether the Service was served with the address before
 * @param now milliseconds since 1970
 */
export function mayBeTaken({ state, since }: Claim, wasUsed: boolean, now: number): boolean {
  switch (state) {
    case 'unconfirmed':
      return now - since < REVIEW_MS || now - since >= UNCONFIRMED_MS / 2
    case 'active':
      return !wasUsed
    case 'released':
      return true
    case 'retained':
      return false
  }
}

/** How many claims may be made for Services that are not known to exist, or are new. */
export interface ClaimLimits {
  /** Unconfirmed ones of a namespace. */
  readonly unconfirmed: number
  /** Unconfirmed IPv4 ones of all namespaces together. */
  readonly share: number
  /** Of a namespace in any state; undefined: any number. */
  readonly addresses: number | undefined
}

/**
 * Of a review, whose Service may still be rejected: rejected ones of one namespace leave half of the addresses to all
 * others, and those of all namespaces together a quarter to Services that are stored.
 */
export function toReviewLimits(index: AddressIndex, { maxAddresses }: TenantPolicy): ClaimLimits {
  const waiting = index.view.book.claims.filter(isWaitingIPv4).length
  const addresses = Number(countFree(index, 'IPv4')) + waiting
  const half = Math.max(1, Math.ceil(addresses / 2))
  const kept = Math.max(1, Math.floor(addresses / 4))
  return {
    unconfirmed: Math.min(MAX_UNCONFIRMED, half),
    share: Math.max(1, addresses - kept),
    addresses: maxAddresses,
  }
}

/** Of a Service that is stored. */
export const toStoredLimits = ({ maxAddresses }: TenantPolicy): ClaimLimits => ({
  unconfirmed: Number.POSITIVE_INFINITY,
  share: Number.POSITIVE_INFINITY,
  addresses: maxAddresses,
})

const isWaitingIPv4 = ({ state, family }: Claim): boolean => state === 'unconfirmed' && family === 'IPv4'

/** Whether one more would be beyond the limits for certain. */
export function isAtLimit({ claims }: AddressBook, namespace: string, limits: ClaimLimits): boolean {
  const own = claims.filter(
    ({ state, service }) => state === 'unconfirmed' && service.namespace === namespace,
  )
  return own.length >= limits.unconfirmed || claims.filter(isWaitingIPv4).length >= limits.share
}

/**
 * Unconfirmed claims of a namespace that are more than it may have: the newest ones, by the version they were written
 * at. Whoever reads the book after his claim was made finds every one that was made before it.
 */
export function listBeyondLimit(
  { claims }: AddressBook,
  namespace: string,
  limits: ClaimLimits,
): readonly Claim[] {
  const waiting = claims
    .filter(({ state }) => state === 'unconfirmed')
    .toSorted((a, b) => Number(a.resourceVersion) - Number(b.resourceVersion))
  const isOwn = ({ service }: Claim): boolean => service.namespace === namespace
  const own = waiting.filter(isOwn)
  const others = claims.filter(isOwn).length - own.length
  const room = Math.max(0, (limits.addresses ?? Number.POSITIVE_INFINITY) - others)
  const beyondShare = new Set(waiting.filter(isWaitingIPv4).slice(limits.share))
  return own.filter((claim, place) => place >= Math.min(limits.unconfirmed, room) || beyondShare.has(claim))
}
