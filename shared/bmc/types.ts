/**
 * What the controller needs of the BMC API's objects, spelled as in the API. Every other field is ignored.
 * Optional fields are undefined when the API leaves them out or sends null. Values of enumerations are plain
 * strings: the API gains new ones without notice.
 */

/** A tag on a server or block. */
export interface TagAssignment {
  readonly id?: string | undefined
  readonly name: string
  readonly value?: string | undefined
}

/** A tag to be put on a block; its name must exist (see ensureTag). */
export interface TagAssignmentRequest {
  readonly name: string
  readonly value?: string | undefined
}

/** A server's membership of one network; `ips` are raw: an entry may be a range (see expandAddresses). */
export interface ServerNetwork {
  readonly id: string
  readonly ips?: readonly string[] | undefined
}

export interface NetworkConfiguration {
  readonly gatewayAddress?: string | undefined
  readonly privateNetworkConfiguration?:
    | { readonly privateNetworks?: readonly ServerNetwork[] | undefined }
    | undefined
  readonly publicNetworkConfiguration?:
    | { readonly publicNetworks?: readonly ServerNetwork[] | undefined }
    | undefined
  readonly ipBlocksConfiguration?:
    | { readonly ipBlocks?: readonly { readonly id: string }[] | undefined }
    | undefined
}

export interface Server {
  readonly id: string
  /** Why required fields could not be read: all but id and status are empty then. */
  readonly unreadable?: string | undefined
  /** creating, powered-on, powered-off, rebooting, resetting, deleting, reserved, error, reinstating, … */
  readonly status: string
  /** 1–100 characters, compared without case, not unique in an account. */
  readonly hostname: string
  readonly type: string
  readonly location: string
  /** Raw entries, possibly ranges, and possibly nothing that is an address (see expandAddresses). */
  readonly privateIpAddresses: readonly string[]
  readonly publicIpAddresses?: readonly string[] | undefined
  readonly os?: string | undefined
  readonly description?: string | undefined
  /** PUBLIC_AND_PRIVATE, PRIVATE_ONLY, PUBLIC_ONLY, NONE, … */
  readonly networkType?: string | undefined
  readonly provisionedOn?: string | undefined
  readonly networkConfiguration?: NetworkConfiguration | undefined
  readonly tags?: readonly TagAssignment[] | undefined
}

/** `absent` means that the API answered, and answered that it has no such server for this account. */
export type ServerLookup =
  | { readonly state: 'found'; readonly server: Server }
  | { readonly state: 'absent'; readonly status: 403 | 404 }

export interface IpBlock {
  readonly id: string
  /** creating, subnetted, assigning, "error assigning", assigned, unassigning, "error unassigning", unassigned. */
  readonly status: string
  readonly location?: string | undefined
  /** As `/29`. */
  readonly cidrBlockSize?: string | undefined
  readonly cidr?: string | undefined
  /** V4 or V6. */
  readonly ipVersion?: string | undefined
  readonly assignedResourceId?: string | undefined
  /** Seen both as `public network` and as `PUBLIC_NETWORK`. */
  readonly assignedResourceType?: string | undefined
  readonly description?: string | undefined
  readonly tags?: readonly TagAssignment[] | undefined
  readonly isSystemManaged?: boolean | undefined
  readonly isBringYourOwn?: boolean | undefined
  /** Since its creation: the less of what BMC's own clock and ours say; undefined where neither can tell. */
  readonly ageMs?: number | undefined
}

/** Body of a purchase. There is no idempotency key: put a tag that finds the block again into `tags`. */
export interface IpBlockCreate {
  readonly location: string
  /** As `/29`. */
  readonly cidrBlockSize: string
  readonly ipVersion: 'V4' | 'V6'
  readonly description?: string | undefined
  readonly tags: readonly TagAssignmentRequest[]
}

export interface PublicNetworkIpBlock {
  readonly id: string
  readonly cidr?: string | undefined
  /** A number written as a string. */
  readonly usedIpsCount?: string | undefined
}

export interface NetworkMembership {
  readonly resourceId: string
  readonly resourceType: string
  /** Raw entries, possibly ranges. */
  readonly ips: readonly string[]
}

export interface PublicNetwork {
  readonly id: string
  readonly name: string
  readonly location: string
  /** BUSY, READY, DELETING, ERROR, … */
  readonly status: string
  readonly vlanId?: number | undefined
  readonly description?: string | undefined
  readonly memberships: readonly NetworkMembership[]
  readonly ipBlocks: readonly PublicNetworkIpBlock[]
}

export interface Tag {
  readonly id: string
  readonly name: string
  readonly isBillingTag?: boolean | undefined
  readonly values?: readonly string[] | undefined
}

/** A limit of the account; `bmc.public_ips.max_count` counts public addresses. */
export interface Quota {
  readonly id: string
  readonly limit: number
  readonly used: number
  readonly name?: string | undefined
  readonly unit?: string | undefined
  readonly status?: string | undefined
}

export interface PricingPlan {
  readonly sku: string
  readonly skuDescription?: string | undefined
  readonly location: string
  readonly pricingModel: string
  readonly price: number
  readonly priceUnit: string
}

export interface Product {
  readonly productCode: string
  readonly productCategory: string
  readonly plans?: readonly PricingPlan[] | undefined
}

/** How long and how often one call may try. */
export interface Call {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds since 1970; no attempt and no back-off goes past it. */
  readonly deadline?: number | undefined
  /** Attempts in all, 4 by default; the one repetition after a 401 does not count. */
  readonly maxAttempts?: number | undefined
}

/** What a token is asked for with. */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
}
