/** The fields of Kubernetes objects that are read or written here, as they travel: times stay text. */

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly generateName?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
}

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
  readonly timeAdded?: string
}

export interface KubeNodeAddress {
  readonly type: string
  readonly address: string
}

export interface NodeCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
}

/** v1 Node. In a mutating CREATE review `metadata.uid` is absent, and so may the name be. */
export interface KubeNode {
  readonly metadata: ObjectMeta
  readonly spec?: { readonly providerID?: string; readonly taints?: readonly Taint[] }
  readonly status?: {
    readonly addresses?: readonly KubeNodeAddress[]
    readonly conditions?: readonly NodeCondition[]
    readonly nodeInfo?: { readonly machineID?: string; readonly systemUUID?: string }
  }
}

/** RFC 6902, without `test`: a failing test would make the API server refuse the user's request. */
export type JsonPatch = readonly JsonPatchOperation[]
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

export interface ConfigMap {
  readonly metadata: ObjectMeta
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}

export interface Lease {
  readonly metadata: ObjectMeta
  readonly spec?: {
    readonly holderIdentity?: string | null
    readonly leaseDurationSeconds?: number | null
    readonly acquireTime?: string | null
    readonly renewTime?: string | null
    readonly leaseTransitions?: number | null
  }
}

/** Entry of Service.status.loadBalancer.ingress. */
export interface LoadBalancerIngress {
  readonly ip?: string
  readonly hostname?: string
  readonly ipMode?: string
  readonly ports?: readonly unknown[]
}

/** v1 Service. In a mutating CREATE review uid, ipFamilies and clusterIP are absent, and so may the name be. */
export interface KubeService {
  readonly metadata: ObjectMeta
  readonly spec?: {
    readonly type?: string
    readonly loadBalancerClass?: string
    readonly loadBalancerIP?: string
    readonly ipFamilies?: readonly string[]
    readonly ipFamilyPolicy?: string
    readonly clusterIP?: string
    readonly clusterIPs?: readonly string[]
  }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerIngress[] } }
}

/** networking.k8s.io/v1 IPAddress; its name is the canonical address. */
export interface IPAddress {
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly parentRef: {
      readonly group?: string
      readonly resource: string
      readonly namespace?: string
      readonly name: string
    }
  }
}
