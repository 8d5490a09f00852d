import type { Instance, NodeAddress } from '../../cloud-provider/contract.ts'
import { toCanonical, toNodeAddresses } from '../../cloud-provider/instance.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { providedNodeIPs } from './match.ts'

/** The addresses that a node should have, or why they may not be written. */
export type AddressDecision =
  | { readonly state: 'wanted'; readonly addresses: readonly NodeAddress[] }
  /** The cloud knows none: the old ones stay. */
  | { readonly state: 'none' }
  /** Some could not be read: those that are there may not be all. */
  | { readonly state: 'incomplete'; readonly addresses: readonly NodeAddress[] }
  /** `--node-ip` names an address that the instance does not have. */
  | { readonly state: 'mismatch'; readonly provided: readonly string[]; readonly actual: readonly string[] }

/**
 * Addresses of a node in the order of the Go controllers (`GetNodeAddressesFromNodeIP` of k8s.io/cloud-provider):
 * the provided ones first, other addresses of their types dropped, then the remaining types, then the hostname.
 */
export function decideAddresses(node: KubeNode, instance: Instance): AddressDecision {
  const cloud = toNodeAddresses(instance)
  if (cloud.length === 0)
    return { state: instance.addressesIncomplete ? 'incomplete' : 'none', addresses: [] }
  const provided = [...new Set(providedNodeIPs(node).map(toCanonical))]
  const first = provided.flatMap(ip => cloud.filter(({ address }) => address === ip))
  const isKnown = (ip: string): boolean => cloud.some(({ address }) => address === ip)
  if (!provided.every(isKnown)) {
    // The missing one may be the one that could not be read.
    if (instance.addressesIncomplete) return { state: 'incomplete', addresses: [] }
    return { state: 'mismatch', provided, actual: cloud.map(({ address }) => address) }
  }
  const taken = new Set(first.map(({ type }) => type))
  const rest = cloud.filter(({ type }) => !taken.has(type))
  const addresses = [...first, ...rest, hostnameOf(node)]
  return { state: instance.addressesIncomplete ? 'incomplete' : 'wanted', addresses }
}

/** The hostname that the kubelet reported stays; a node that reports none has its name. */
function hostnameOf(node: KubeNode): NodeAddress {
  const existing = node.status?.addresses?.find(({ type }) => type === 'Hostname')
  return { type: 'Hostname', address: existing?.address ?? node.metadata.name }
}

/** Same addresses in the same order. */
export function sameAddresses(
  one: readonly { type: string; address: string }[],
  other: readonly { type: string; address: string }[],
): boolean {
  return (
    one.length === other.length &&
    one.every(({ type, address }, index) => type === other[index]?.type && address === other[index]?.address)
  )
}
