/**
 * The cloud-provider contract: what controllers know of a cloud. It follows `cloudprovider.Interface` of
 * k8s.io/cloud-provider part by part; a part that a cloud does not support is undefined.
 */

import type { Diagnosis } from './diagnosis.ts'
import type { Leftovers } from './leftovers.ts'
import type { LoadBalancer } from './load-balancer.ts'
import type { Prices } from './prices.ts'

/** Address of a node, as in Node.status.addresses. */
export interface NodeAddress {
  readonly type: 'Hostname' | 'InternalIP' | 'ExternalIP' | 'InternalDNS' | 'ExternalDNS'
  readonly address: string
}

/** What a cloud needs to know of a node to find its instance. */
export interface NodeRef {
  readonly name: string
  /** Node.spec.providerID; absent or empty while nobody has set it. */
  readonly providerID?: string | undefined
  /** Addresses that the node reports or was given (`--node-ip`): they tell two instances of one hostname apart. */
  readonly addresses?: readonly string[] | undefined
}

/** What the cloud says of one instance that backs a node; InstanceMetadata of the Go contract. */
export interface InstanceMetadata {
  readonly providerID: string
  readonly instanceType: string
  readonly nodeAddresses: readonly NodeAddress[]
  readonly region: string
  /** Absent where the cloud has no zones. */
  readonly zone?: string | undefined
  /** Further labels; they never overwrite, and never lie in kubernetes.io or k8s.io. */
  readonly additionalLabels: Readonly<Record<string, string>>
}

/** One instance as a list of all shows it: everything the controllers need, as plain values that can be stored. */
export interface Instance {
  readonly id: string
  readonly providerID: string
  /** Compared without case; not unique. */
  readonly hostname: string
  readonly instanceType: string
  readonly region: string
  /** The cloud's own word, kept as it is. */
  readonly status: string
  /** True when the instance is known to be powered off. */
  readonly shutdown: boolean
  /** True while the instance is being deleted: a node that joins now belongs to another one. */
  readonly terminating: boolean
  /** Ranges expanded, canonical, in the cloud's order. */
  readonly privateAddresses: readonly string[]
  readonly publicAddresses: readonly string[]
  /** True when some address could not be read: good addresses that a node has are then not replaced. */
  readonly addressesIncomplete: boolean
  readonly additionalLabels: Readonly<Record<string, string>>
}

/** Limits of a call that asks the cloud. */
export interface CloudCall {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds since 1970 after which no attempt starts. */
  readonly deadline?: number | undefined
}

/**
 * Answer to "is there an instance of this id": `absent` is the cloud's own word that it does not know the id.
 * Whatever else happened is thrown, so that a failed look-up can never read as an absent instance.
 */
export type InstanceLookup =
  | { readonly state: 'found'; readonly instance: Instance }
  | { readonly state: 'absent'; readonly why: string }

/** Node instances; `InstancesV2` of the Go contract plus the bulk reads that let a burst of nodes cost one call. */
export interface InstancesV2 {
  /** False only when the cloud says so; @throws CcmError when it could not be found out */
  instanceExists(node: NodeRef, call?: CloudCall): Promise<boolean>
  /** @throws CcmError CCM_INSTANCE_NOT_FOUND, CCM_INSTANCE_AMBIGUOUS, or why it could not be found out */
  instanceShutdown(node: NodeRef, call?: CloudCall): Promise<boolean>
  /** @throws CcmError CCM_INSTANCE_NOT_FOUND, CCM_INSTANCE_AMBIGUOUS, or why it could not be found out */
  instanceMetadata(node: NodeRef, call?: CloudCall): Promise<InstanceMetadata>
  /** Every instance of the account, complete or thrown. */
  listInstances(call?: CloudCall): Promise<readonly Instance[]>
  /** One instance by its id. */
  getInstance(id: string, call?: CloudCall): Promise<InstanceLookup>
}

/** A provider ID belongs to this cloud (with the instance's id), to another one, or to nobody yet. */
export type ProviderIDOwner =
  | { readonly owner: 'none' }
  | { readonly owner: 'ours'; readonly id: string }
  | { readonly owner: 'other' }

/** Pure: who owns a Node.spec.providerID. */
export type ToOwner = (providerID: string | undefined) => ProviderIDOwner

/** A cloud. Parts that are not supported are undefined. */
export interface Cloud {
  /** As nodes name it in their provider IDs: `phoenixnap`. */
  readonly providerName: string
  /** Fingerprint of the account that the credentials belong to; changes with the credentials, tells no secret. */
  accountFingerprint(): Promise<string>
  readonly instancesV2: InstancesV2 | undefined
  /** Undefined where the settings name none. */
  readonly loadBalancer: LoadBalancer | undefined
  /** Works without any setting of load balancers. */
  readonly leftovers: Leftovers | undefined
  /** For `doctor`. */
  readonly diagnosis: Diagnosis | undefined
  /** For the plan of `resync --dry-run`. */
  readonly prices?: Prices | undefined
  readonly routes: undefined
  readonly zones: undefined
  readonly clusters: undefined
  readonly providerIDOwner: ToOwner
  /** Requests so far by operation, for logs, metrics and budgets. */
  requestCounts(): ReadonlyMap<string, number>
  /** Since when (ms since 1970) no call got through; undefined while the API answers, refusals included. */
  unreachableSince(): number | undefined
  /** Until when (ms since 1970) the API asked to be left alone; undefined while requests are sent. */
  limitedUntil(): number | undefined
  /** Another process was asked to leave the API alone until then (ms since 1970): nothing is sent before. */
  holdOff(until: number): void
  /** Closes idle sockets. */
  close(): void
}
