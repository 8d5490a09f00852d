/** Bodies that the simulated API answers, field for field as the official OpenAPI descriptions (2025-06) have them. */

/** A tag on a server or an IP block. */
export interface TagAssignment {
  readonly id: string
  readonly name: string
  readonly value?: string
  readonly isBillingTag: boolean
  readonly createdBy?: string
}

/** A tag as a request names it; the name must exist in the account. */
export interface TagRequest {
  readonly name: string
  readonly value?: string
}

export interface ServerPrivateNetwork {
  readonly id: string
  /** Single addresses or ranges such as `10.0.0.11 - 10.0.0.15`. */
  readonly ips?: readonly string[]
  readonly dhcp?: boolean
  readonly statusDescription?: string
}

export interface ServerPublicNetwork {
  readonly id: string
  readonly ips?: readonly string[]
  readonly statusDescription?: string
}

export interface NetworkConfiguration {
  readonly gatewayAddress?: string
  readonly privateNetworkConfiguration?: {
    readonly gatewayAddress?: string
    readonly privateNetworks?: readonly ServerPrivateNetwork[]
  }
  readonly ipBlocksConfiguration?: {
    readonly ipBlocks?: readonly { readonly id: string; readonly vlanId?: number }[]
  }
  readonly publicNetworkConfiguration?: { readonly publicNetworks?: readonly ServerPublicNetwork[] }
}

/** `status` is a plain string on purpose: tests also seed values that no document names. */
export interface Server {
  readonly id: string
  readonly status: string
  readonly hostname: string
  readonly description?: string
  readonly os?: string
  readonly type: string
  readonly location: string
  readonly cpu: string
  readonly cpuCount: number
  readonly coresPerCpu: number
  readonly cpuFrequency: number
  readonly ram: string
  readonly storage: string
  readonly privateIpAddresses: readonly string[]
  readonly publicIpAddresses?: readonly string[]
  readonly reservationId?: string
  readonly pricingModel: string
  readonly password?: string
  readonly networkType?: string
  readonly clusterId?: string
  readonly tags?: readonly TagAssignment[]
  readonly provisionedOn?: string
  readonly osConfiguration?: Readonly<Record<string, unknown>>
  readonly networkConfiguration: NetworkConfiguration
  readonly storageConfiguration: {
    readonly rootPartition?: { readonly raid?: string; readonly size?: number }
  }
  readonly gpuConfiguration?: { readonly longName?: string; readonly count?: number }
  readonly supersededBy?: string
  readonly supersedes?: string
}

export interface IpBlock {
  readonly id: string
  readonly location: string
  /** With its slash: `/29`. */
  readonly cidrBlockSize: string
  readonly cidr: string
  readonly ipVersion: string
  readonly status: string
  readonly parentIpBlockAllocationId?: string
  readonly assignedResourceId?: string
  readonly assignedResourceType?: string
  readonly description?: string
  readonly tags?: readonly TagAssignment[]
  readonly isSystemManaged: boolean
  readonly isBringYourOwn: boolean
  readonly createdOn: string
}

export interface NetworkMembership {
  readonly resourceId: string
  /** server, storage or virtual. */
  readonly resourceType: string
  readonly ips: readonly string[]
}

export interface PublicNetworkIpBlock {
  readonly id: string
  readonly cidr: string
  /** A number in a string. */
  readonly usedIpsCount: string
}

export interface PublicNetwork {
  readonly id: string
  readonly vlanId: number
  readonly memberships: readonly NetworkMembership[]
  readonly name: string
  readonly location: string
  readonly description?: string
  readonly status: string
  readonly createdOn: string
  readonly ipBlocks: readonly PublicNetworkIpBlock[]
  readonly raEnabled?: boolean
}

export interface Tag {
  readonly id: string
  readonly name: string
  readonly values?: readonly string[]
  readonly description?: string
  readonly isBillingTag: boolean
  readonly resourceAssignments?: readonly { readonly resourceName: string; readonly value?: string }[]
  readonly createdBy?: string
}

export interface QuotaEditRequest {
  readonly limit: number
  readonly reason: string
  readonly requestedOn: string
}

export interface Quota {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly status: 'WITHIN_LIMIT' | 'OVER_LIMIT' | 'ON_LIMIT'
  readonly limit: number
  readonly unit: string
  readonly used: number
  readonly quotaEditLimitRequestDetails: readonly QuotaEditRequest[]
}

export interface Product {
  readonly productCode: string
  readonly productCategory: string
  readonly plans: readonly PricingPlan[]
}

export interface PricingPlan {
  readonly sku: string
  readonly skuDescription: string
  readonly location: string
  readonly pricingModel: string
  readonly price: number
  readonly priceUnit: string
}

/**
 * Fields with which an object is put into the store. `null` is answered as null and an explicit `undefined`
 * leaves the field out, also where the documents call it required: clients must bear both.
 */
export type Seed<T> = { readonly [K in keyof T]?: T[K] | null | undefined }
