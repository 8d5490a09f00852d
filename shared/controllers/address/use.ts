import type { AddressBlock } from '../../cloud-provider/load-balancer.ts'
import {
  type AddressRange,
  formatAddress,
  isInRange,
  type ParsedAddress,
  parseAddress,
  parseCidr,
} from '../../ip-address.ts'
import type { AddressBook, Claim } from './contract.ts'

/** What lies in a block and must not be lost. */
export interface BlockUse {
  /** Of any state. */
  readonly claims: readonly Claim[]
  /** Names of objects of ours that cannot be understood. */
  readonly unreadable: readonly string[]
}

type Used = Pick<AddressBlock, 'id' | 'cidr'>
type Users = Pick<AddressBook, 'claims' | 'unreadable'>

/**
 * Claims are found by the block's id and by its range: a range that the cloud gave away and gave back comes under
 * another id, with the claims that still name the former one.
 */
export const findUse = (book: Users, block: Used): BlockUse => indexUse(book)(block)

/** The same for many blocks: each costs what lies in it, and not a pass over everything. */
export function indexUse({ claims, unreadable }: Users): (block: Used) => BlockUse {
  const byBlock = Map.groupBy(claims, ({ blockId }) => blockId)
  const order = new Map(claims.map((claim, index) => [claim, index]))
  const claimsIn = indexNames(claims, ({ address }) => address)
  const unreadableIn = indexNames(unreadable, name => name)
  return ({ id, cidr }) => {
    const range = cidr === undefined ? undefined : parseCidr(cidr)
    const found = new Set([...(byBlock.get(id) ?? []), ...claimsIn(range)])
    return {
      claims: [...found].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)),
      unreadable: unreadableIn(range),
    }
  }
}

/** Finds what is named by an address of a range. */
function indexNames<T>(items: readonly T[], toName: (item: T) => string) {
  const named = items.flatMap(item => {
    const address = parseAddress(toName(item))
    return address ? [{ item, address }] : []
  })
  const sorted = named.sort((a, b) => (a.address.value < b.address.value ? -1 : 1))
  return (range: AddressRange | undefined): readonly T[] => {
    if (!range) return []
    const found: T[] = []
    for (let at = findFirst(sorted, range.first); at < sorted.length; at++) {
      const { item, address } = sorted[at] ?? {}
      if (!item || !address || address.value > range.last) break
      if (isInRange(range, address)) found.push(item)
    }
    return found
  }
}

/** Index of the first address that is not below. */
function findFirst(sorted: readonly { readonly address: ParsedAddress }[], value: bigint): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.address.value ?? value) < value) low = middle + 1
    else high = middle
  }
  return low
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
