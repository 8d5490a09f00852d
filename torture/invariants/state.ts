import { isDeepStrictEqual } from 'node:util'
import {
  ASSIGNED_IPS,
  FINALIZER,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  WAITING,
} from '../../shared/kubernetes/names.ts'
import type { IPAddress, KubeNode, KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { type AddressView, assignedTo, canonical, tagOf, toAddressView } from '../../test/support/services.ts'
import type { Entry, Stored } from '../world/contract.ts'
import type { CheckerInputs } from './contract.ts'
import { createDenied, type Denied } from './denied.ts'
import { createPasses, type Passes } from './passes.ts'
import { isReviewOf, keyOf, type Review, toKey, toReview } from './users.ts'

/** The world as its history tells it, kept up entry by entry. */
export interface State {
  readonly inputs: CheckerInputs
  readonly passes: Passes
  readonly denied: Denied
  /** By `services default/web`, `nodes node-a`. */
  readonly services: ReadonlyMap<string, KubeService>
  readonly nodes: ReadonlyMap<string, KubeNode>
  /** Claims and gates of ours, by address. */
  readonly addresses: ReadonlyMap<string, AddressView>
  /** Addresses of claims by the name that tests give their Service. */
  claimsOf(name: string): readonly AddressView[]
  gateOf(blockId: string): AddressView | undefined
  /** Nodes with this provider ID. */
  holdersOf(providerID: string): readonly string[]
  /** Whether the block has been assigned at some time. */
  wasAssigned(blockId: string): boolean
  /** Blocks with this cluster's tags, as they are now. */
  ownBlocks(): readonly IpBlock[]
  /** What was sent by the user whose request led to this entry; what is stored where nobody reviewed it. */
  sentFor(entry: Stored): KubeObject
  /** All that it may have been: of several at one moment only one is stored. */
  maybeSentFor(entry: Stored): readonly KubeObject[]
  take(entry: Entry): void
}

/** Mutable two-way look-up. */
class Lists {
  readonly #lists = new Map<string, Set<string>>()

  of(key: string): readonly string[] {
    return [...(this.#lists.get(key) ?? [])]
  }

  add(key: string, value: string): void {
    const list = this.#lists.get(key) ?? new Set()
    this.#lists.set(key, list.add(value))
  }

  remove(key: string, value: string): void {
    const list = this.#lists.get(key)
    list?.delete(value)
    if (list?.size === 0) this.#lists.delete(key)
  }
}

export function createState(inputs: CheckerInputs): State {
  const services = new Map<string, KubeService>()
  const nodes = new Map<string, KubeNode>()
  const addresses = new Map<string, AddressView>()
  const claims = new Lists()
  const gates = new Lists()
  const holders = new Lists()
  const reviews = new Map<string, readonly Review[]>()
  const assigned = new Set<string>()
  const passes = createPasses(inputs)
  const denied = createDenied(inputs)

  function put(resource: string, object: KubeObject, isThere: boolean): void {
    const key = toKey(resource, object.metadata.namespace, object.metadata.name ?? '')
    if (resource === 'services') replace(services, key, object as unknown as KubeService, isThere)
    if (resource === 'nodes') putNode(key, object as unknown as KubeNode, isThere)
    if (resource === 'ipaddresses') putAddress(object as unknown as IPAddress, isThere)
  }

  function putNode(key: string, node: KubeNode, isThere: boolean): void {
    const before = nodes.get(key)?.spec?.providerID
    if (before) holders.remove(before, node.metadata.name)
    replace(nodes, key, node, isThere)
    if (isThere && node.spec?.providerID) holders.add(node.spec.providerID, node.metadata.name)
  }

  function putAddress(object: IPAddress, isThere: boolean): void {
    const { name, labels } = object.metadata
    const before = addresses.get(name)
    if (before?.service !== undefined) claims.remove(before.service, name)
    if (before?.blockId !== undefined) gates.remove(before.blockId, name)
    addresses.delete(name)
    if (!isThere || labels?.[MANAGED_BY_LABEL] !== MANAGED_BY) return
    const view = toAddressView(object)
    addresses.set(name, view)
    if (view.service !== undefined) claims.add(view.service, name)
    else if (view.blockId !== undefined) gates.add(view.blockId, name)
  }

  function noteAssigned(blocks: readonly IpBlock[]): void {
    for (const { id, status } of blocks) if (status === 'assigned') assigned.add(id)
  }

  for (const resource of ['services', 'nodes', 'ipaddresses'])
    for (const object of inputs.cluster.list(resource)) put(resource, object, true)
  noteAssigned(inputs.cloud.ipBlocks())

  function maybeSentFor(entry: Stored): readonly KubeObject[] {
    const own = (reviews.get(keyOf(entry)) ?? []).filter(review => isReviewOf(review, entry))
    const sent = own.flatMap(({ object }) => (object ? (object as unknown as KubeObject) : []))
    // We change no field that tells them apart.
    const alike = sent.filter(object => toUsersText(object) === toUsersText(entry.object))
    return alike.length > 0 ? alike : sent.slice(-1)
  }

  return {
    inputs,
    passes,
    denied,
    services,
    nodes,
    addresses,
    claimsOf: name => claims.of(name).flatMap(address => addresses.get(address) ?? []),
    gateOf: blockId => gates.of(blockId).flatMap(address => addresses.get(address) ?? [])[0],
    holdersOf: providerID => holders.of(providerID),
    wasAssigned(id) {
      if (!assigned.has(id)) noteAssigned(inputs.cloud.ipBlocks())
      return assigned.has(id)
    },
    ownBlocks: () => inputs.cloud.ipBlocks().filter(block => isOurs(block, inputs)),
    sentFor(entry) {
      const sent = maybeSentFor(entry)
      return sent.find(object => isMarkedAlike(object, entry.object)) ?? sent.at(-1) ?? entry.object
    },
    maybeSentFor,
    take(entry) {
      passes.take(entry)
      denied.take(entry)
      if (entry.kind === 'stored') put(entry.resource, entry.object, entry.type !== 'DELETED')
      if (entry.kind === 'cloud') noteAssigned([...entry.before, ...entry.after])
      if (entry.kind !== 'request' || entry.call.to !== 'admission') return
      const review = toReview(entry)
      if (review) reviews.set(review.key, [...(reviews.get(review.key) ?? []).slice(1 - MAX_REVIEWS), review])
    },
  }
}

/** Of one object that are remembered. */
const MAX_REVIEWS = 8

/** Stored as it was sent, as far as a review may change it. */
const isMarkedAlike = ({ metadata: one }: KubeObject, { metadata: other }: KubeObject): boolean =>
  isDeepStrictEqual(
    [one.annotations ?? {}, one.finalizers ?? []],
    [other.annotations ?? {}, other.finalizers ?? []],
  )

/** What of an object is its user's alone. */
function toUsersText(object: KubeObject): string {
  const { type, loadBalancerIP, loadBalancerClass } = (object as unknown as KubeService).spec ?? {}
  return JSON.stringify([type, loadBalancerIP, loadBalancerClass])
}

function replace<T>(map: Map<string, T>, key: string, value: T, isThere: boolean): void {
  if (isThere) map.set(key, value)
  else map.delete(key)
}

/** Bears the tags of this cluster. */
export const isOurs = (block: IpBlock, { clusterUid }: CheckerInputs): boolean =>
  tagOf(block, 'cluster') === clusterUid && tagOf(block, 'usage') === 'cloud-provider-phoenixnap-auto'

/** Ours, and announced: an address in it works. */
export const isSound = (block: IpBlock, inputs: CheckerInputs): boolean =>
  isOurs(block, inputs) && block.status === 'assigned' && block.assignedResourceId === inputs.networkId

/** Addresses that a Service is served with: those that we assigned, unless it waits, goes, or is not ours. */
export function liveOf({ metadata, spec }: KubeService): readonly string[] {
  const isServed =
    spec?.type === 'LoadBalancer' &&
    metadata.deletionTimestamp === undefined &&
    metadata.finalizers?.includes(FINALIZER) === true &&
    metadata.annotations?.[ASSIGNED_IPS] !== undefined &&
    metadata.annotations[WAITING] === undefined
  return isServed ? assignedTo({ metadata }).map(canonical) : []
}
