import type { IPFamily, ServiceRef } from '../cloud-provider/load-balancer.ts'
import type { KubeService, LoadBalancerIngress } from '../kubernetes/types.ts'

/** What is written into a Service for the announcer; absent fields stay as they are. */
export interface AnnouncerFields {
  /** null removes. */
  readonly annotations?: Readonly<Record<string, string | null>>
  /** Whole status.loadBalancer.ingress; only of an announcer that leaves the status to us. */
  readonly ingress?: readonly LoadBalancerIngress[]
}

/** Addresses that a user asks for, by the announcer's annotation or by spec.loadBalancerIP. */
export interface AddressRequest {
  /** The annotation's key, or `spec.loadBalancerIP`. */
  readonly source: string
  /** Canonical, in the order given. */
  readonly addresses: readonly string[]
  /** Entries that are no addresses, as written (cut to 100 characters). */
  readonly malformed: readonly string[]
}

/** Everything that a Service names to its announcer, in every place that may be read, contradictions included. */
export interface NamedAddresses {
  /** Canonical, each once. */
  readonly addresses: readonly string[]
  /** Entries that are no addresses, or a list that is too long to be read (cut to 100 characters). */
  readonly malformed: readonly string[]
  /** All of it as it stands there, to be compared with what stood there before. */
  readonly text: string
}

/** A claimed address that Services use (active or unconfirmed), with the Service that holds it. */
export interface PoolEntry {
  readonly address: string
  readonly family: IPFamily
  readonly service: ServiceRef
}

/** Collection of pool objects; `path` is the collection's API path, without a slash at its end. */
export interface PoolKind {
  readonly apiVersion: string
  readonly kind: string
  readonly path: string
  /** Name of the CustomResourceDefinition, for messages when the cluster lacks it. */
  readonly crd: string
  /** The same objects in an older version of the API, for clusters that do not serve this one. */
  readonly fallback?: PoolKind
}

/** An object that an announcer needs, as it should be: labels and spec are ours, everything else is left alone. */
export interface PoolObject {
  readonly kind: PoolKind
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
}

/** What one announcer expects of us. Pure. */
export interface Announcer {
  readonly name: 'kube-vip' | 'metallb' | 'cilium' | 'purelb' | 'direct'
  /** True where nobody else writes status.loadBalancer, so that we do. */
  readonly statusIsOurs: boolean
  /** True where an address stays on a node's interface after its Service changed its type: it rests longer. */
  readonly keepsAddressAfterTypeChange: boolean
  /**
   * What the user asks for: an annotation or spec.loadBalancerIP with an address that is not among `assigned`, the
   * addresses that we chose, or with one that is no address. Undefined when nothing is asked for: fewer addresses
   * than those assigned are no request, and spec.loadBalancerIP can name only one of two anyway.
   */
  readRequest(service: KubeService, assigned: readonly string[]): AddressRequest | undefined
  /** What it could be served with because of what it says, were it followed: whoever judges that, judges all of it. */
  readNamed(service: KubeService): NamedAddresses
  /** True where a host name may be served with whatever address it has at that moment. */
  readonly resolvesNames: boolean
  /**
   * Why the Service is not ours to serve, as `metallb.io/address-pool: production`: its user had the announcer serve it
   * from somebody else's pool. The functions below leave such a Service as it is, unless it would be served with what it
   * names all the same. Absent or undefined: nothing says so.
   */
  servedElsewhere?(service: KubeService): string | undefined
  /**
   * Whether it could be given any address of ours that it does not name: by our pool's name, or by what it has of it.
   * Absent: the announcer knows no such way. Once one of the functions below was followed, there is none left.
   *
   * @param isOurs whether a canonical address belongs to this cluster
   */
  drawsFromOurs?(service: KubeService, isOurs: (address: string) => boolean): boolean
  /**
   * Fields that make the announcer serve these addresses (canonical, primary family first), marks of waiting removed.
   * Never another one, whatever the user asks for elsewhere: rather it serves nothing until that is put right.
   * This and the two below return only what differs from the Service as given; an empty object is nothing to write.
   */
  toServing(service: KubeService, addresses: readonly string[]): AnnouncerFields
  /**
   * Fields that keep the announcer from serving it, or serving it from elsewhere, until it has an address. Not for one
   * that has an address and lacks another: MetalLB takes away what it has.
   */
  toWaiting(service: KubeService): AnnouncerFields
  /** Fields that take away what the two above put there, for a Service that we serve no longer. */
  toCleared(service: KubeService, assigned: readonly string[]): AnnouncerFields
  /** Kinds of pool objects, to list and clean up; empty where none are needed. */
  readonly poolKinds: readonly PoolKind[]
  /** The complete set of pool objects for these claims, sorted by name. */
  toPools(entries: readonly PoolEntry[]): readonly PoolObject[]
}
