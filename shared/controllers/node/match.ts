import type { Instance, ToOwner } from '../../cloud-provider/contract.ts'
import { chooseInstance, toCanonical } from '../../cloud-provider/instance.ts'
import type { ErrorCode } from '../../errors.ts'
import { PROVIDED_NODE_IP } from '../../kubernetes/names.ts'
import type { KubeNode } from '../../kubernetes/types.ts'

/** What is known of the instance behind a node. "Could not find out" is a case of its own. */
export type Finding<I extends Instance = Instance> =
  | { readonly state: 'found'; readonly instance: I; readonly by: 'providerID' | 'hostname' }
  /** A complete list holds no instance of that id or hostname. */
  | { readonly state: 'absent'; readonly by: 'providerID' | 'hostname' }
  | { readonly state: 'ambiguous'; readonly ids: readonly string[]; readonly by: 'hostname' }
  /** Another node holds the provider ID of the instance that the hostname leads to. */
  | { readonly state: 'taken'; readonly id: string; readonly holder: string }
  /** The provider ID belongs to another cloud: hands off. */
  | { readonly state: 'foreign' }
  | { readonly state: 'unknown'; readonly code: ErrorCode; readonly message: string }

/** Instances by what a node is matched by. */
export interface InstanceIndex<I extends Instance = Instance> {
  readonly byId: ReadonlyMap<string, I>
  /** By hostname in lower case; hostnames are not unique. */
  readonly byHostname: ReadonlyMap<string, readonly I[]>
}

export function toIndex<I extends Instance>(instances: readonly I[]): InstanceIndex<I> {
  const byHostname = new Map<string, I[]>()
  for (const instance of instances) {
    const hostname = instance.hostname.toLowerCase()
    const same = byHostname.get(hostname)
    if (same) same.push(instance)
    else byHostname.set(hostname, [instance])
  }
  return { byId: new Map(instances.map(instance => [instance.id, instance])), byHostname }
}

/**
 * The instance of a node: by its provider ID, else the one whose hostname is the node's name without case.
 */
export function matchInstance<I extends Instance>(
  node: KubeNode,
  index: InstanceIndex<I>,
  toOwner: ToOwner,
): Finding<I> {
  const owner = toOwner(node.spec?.providerID)
  if (owner.owner === 'other') return { state: 'foreign' }
  if (owner.owner === 'ours') {
    const instance = index.byId.get(owner.id)
    return instance ? { state: 'found', instance, by: 'providerID' } : { state: 'absent', by: 'providerID' }
  }
  const sameHostname = index.byHostname.get(node.metadata.name.toLowerCase()) ?? []
  return { ...chooseInstance(sameHostname, knownAddresses(node)), by: 'hostname' }
}

/** Addresses that the node was given (`--node-ip`) or reports, in canonical form. */
function knownAddresses(node: KubeNode): ReadonlySet<string> {
  const reported = (node.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
    .map(({ address }) => address)
  return new Set([...providedNodeIPs(node), ...reported].map(toCanonical))
}

/** The parts of the annotation that a kubelet with `--node-ip` writes; empty without it. */
export function providedNodeIPs(node: KubeNode): readonly string[] {
  return (node.metadata.annotations?.[PROVIDED_NODE_IP] ?? '')
    .split(',')
    .map(address => address.trim())
    .filter(Boolean)
}
