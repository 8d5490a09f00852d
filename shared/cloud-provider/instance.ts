import ipaddr from 'ipaddr.js'
import type { Instance, NodeAddress } from './contract.ts'

/** The instance behind a node's name, as far as a list can tell. */
export type Choice<I extends Instance> =
  | { readonly state: 'found'; readonly instance: I }
  | { readonly state: 'absent' }
  | { readonly state: 'ambiguous'; readonly ids: readonly string[] }

/**
 * Chooses among the instances whose hostname is the node's name. Of several, the one that has an address which
 * the node reports or was given; otherwise nobody guesses. An instance that is being deleted is nobody's.
 *
 * @param known canonical addresses of the node
 */
export function chooseInstance<I extends Instance>(
  sameHostname: readonly I[],
  known: ReadonlySet<string>,
): Choice<I> {
  const candidates = sameHostname.filter(({ terminating }) => !terminating)
  const [first, ...others] = candidates
  if (!first) return { state: 'absent' }
  if (others.length === 0) return { state: 'found', instance: first }
  const [match, ...more] = candidates.filter(instance =>
    toNodeAddresses(instance).some(({ address }) => known.has(address)),
  )
  return match && more.length === 0
    ? { state: 'found', instance: match }
    : { state: 'ambiguous', ids: candidates.map(({ id }) => id).toSorted() }
}

/** Private addresses are internal, public ones external; either may be absent. */
export function toNodeAddresses(instance: Instance): NodeAddress[] {
  return [
    ...instance.privateAddresses.map(address => ({ type: 'InternalIP' as const, address })),
    ...instance.publicAddresses.map(address => ({ type: 'ExternalIP' as const, address })),
  ]
}

/** The one spelling of an address by which two are compared; text that is no address is returned as it is. */
export function toCanonical(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address
}
