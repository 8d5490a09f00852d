import type { AddressBlock } from '../../cloud-provider/load-balancer.ts'
import { formatAddress, isInRange, parseAddress, parseCidr } from '../../ip-address.ts'
import type { AddressBook, Claim } from './contract.ts'

/** What lies in a block and must not be lost. */
export interface BlockUse {
  /** Of any state. */
  readonly claims: readonly Claim[]
  /** Names of objects of ours that cannot be understood. */
  readonly unreadable: readonly string[]
}

/**
 * Claims are found by the block's id and by its range: a range that the cloud gave away and gave back comes under
 * another id, with the claims that still name the former one.
 */
export function findUse(
  book: Pick<AddressBook, 'claims' | 'unreadable'>,
  { id, cidr }: Pick<AddressBlock, 'id' | 'cidr'>,
): BlockUse {
  const range = cidr === undefined ? undefined : parseCidr(cidr)
  function isInside(name: string): boolean {
    const address = parseAddress(name)
    return range !== undefined && address !== undefined && isInRange(range, address)
  }
  return {
    claims: book.claims.filter(({ address, blockId }) => blockId === id || isInside(address)),
    unreadable: book.unreadable.filter(isInside),
  }
}

/** How many at the most are named in a message. */
const MAX_NAMED = 3

/** What lies in a block, for people; undefined when nothing does. As `203.0.113.12 (active, default/web)`. */
export function describeUse({ claims, unreadable }: BlockUse): string | undefined {
  const all = [
    ...claims.map(
      ({ address, state, service }) => `${address} (${state}, ${service.namespace}/${service.name})`,
    ),
    ...unreadable.map(name => `${name} (unreadable)`),
  ]
  if (all.length === 0) return undefined
  const more = all.length > MAX_NAMED ? ` and ${all.length - MAX_NAMED} more` : ''
  return all.slice(0, MAX_NAMED).join(', ') + more
}

/** Network address of a block, canonical: the name of its gate. Undefined while its range is not known. */
export function toGateAddress({ cidr }: Pick<AddressBlock, 'cidr'>): string | undefined {
  const range = cidr === undefined ? undefined : parseCidr(cidr)
  return range && formatAddress(range.family, range.first)
}
