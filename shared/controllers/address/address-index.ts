import type { AddressBlock, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { type AddressRange, isInRange, parseAddress, parseCidr } from '../../ip-address.ts'
import type { AddressBook, AddressSource, Claim, Gate } from './contract.ts'
import { subtractRanges } from './ranges.ts'

/** What is known of addresses at one moment. */
export interface AddressView {
  readonly source: AddressSource
  readonly book: AddressBook
  /** From PNAP_RESERVED_ADDRESSES. */
  readonly reserved: readonly AddressRange[]
  /**
   * All blocks of this cluster, when they were read from the cloud just now: a block that is not among them has gone.
   * Undefined for what the inventory remembers, where an unknown block proves nothing.
   */
  readonly known?: readonly AddressBlock[] | undefined
  /**
   * Ids of blocks that claims or gates named before `known` was read, and that were asked for by themselves where the list
   * lacked them: only of these it tells anything.
   */
  readonly judged?: ReadonlySet<string> | undefined
}

/** The same, so that one Service's look-ups do not cost a pass over everything. */
export interface AddressIndex {
  readonly view: AddressView
  claimsOf(service: ServiceRef): readonly Claim[]
  /** Claims of all Services of a namespace, whatever their state. */
  claimsIn(namespace: string): readonly Claim[]
  claimAt(address: string): Claim | undefined
  /** The gate of a block, unless it has none: closed then. */
  gateOf(blockId: string): Gate | undefined
  /** Whether a server has the address on the public network. */
  isOfServer(address: string): boolean
  /** Block of the source in which an address lies. */
  blockAt(address: string): AddressBlock | undefined
  /** Block among all that are known in which an address lies. */
  knownBlockAt(address: string): AddressBlock | undefined
  /** Addresses of a block that nobody has and that Services may have, whatever its gate. */
  freeIn(block: AddressBlock): readonly AddressRange[]
}

export function indexAddresses(view: AddressView): AddressIndex {
  const { book, source } = view
  const byAddress = new Map(book.claims.map(claim => [claim.address, claim]))
  const byService = Map.groupBy(book.claims, ({ service }) => toKey(service))
  const byNamespace = Map.groupBy(book.claims, ({ service }) => service.namespace)
  const gates = new Map(book.gates.map(gate => [gate.blockId, gate]))
  const free = new Map<string, readonly AddressRange[]>()
  let taken: readonly AddressRange[] | undefined
  let members: ReadonlySet<string> | undefined

  return {
    view,
    claimsOf: service => byService.get(toKey(service)) ?? [],
    claimsIn: namespace => byNamespace.get(namespace) ?? [],
    claimAt: address => byAddress.get(address),
    gateOf: blockId => gates.get(blockId),
    isOfServer(address) {
      members ??= new Set(source.memberAddresses)
      return members.has(address)
    },
    blockAt: address => findBlock(source.blocks, address),
    knownBlockAt: address => findBlock(view.known ?? source.blocks, address),
    freeIn(block) {
      taken ??= listTaken(view)
      const found = free.get(block.id) ?? findFree(block, taken)
      free.set(block.id, found)
      return found
    },
  }
}

export const toKey = ({ namespace, name }: ServiceRef): string => `${namespace}/${name}`

export const isSameService = (a: ServiceRef | undefined, b: ServiceRef): boolean =>
  a !== undefined && a.namespace === b.namespace && a.name === b.name

/** The block in which an address lies, be it usable or not. */
export function findBlock(blocks: readonly AddressBlock[], address: string): AddressBlock | undefined {
  const parsed = parseAddress(address)
  if (!parsed) return undefined
  return blocks.find(({ cidr }) => {
    const range = cidr === undefined ? undefined : parseCidr(cidr)
    return range !== undefined && isInRange(range, parsed)
  })
}

/** What Services may have of a block. */
export function usableRange({ usable }: AddressBlock): AddressRange | undefined {
  const first = usable && parseAddress(usable.first)
  const last = usable && parseAddress(usable.last)
  if (!first || !last || first.family !== last.family) return undefined
  return { family: first.family, first: first.value, last: last.value }
}

function findFree(block: AddressBlock, taken: readonly AddressRange[]): readonly AddressRange[] {
  const usable = usableRange(block)
  return usable ? subtractRanges(usable, taken) : []
}

function listTaken({ book, source, reserved }: AddressView): readonly AddressRange[] {
  const names = [
    ...book.claims.map(({ address }) => address),
    ...book.gates.map(({ address }) => address),
    ...book.unreadable,
    ...source.memberAddresses,
  ]
  const single = names.flatMap(name => parseAddress(name) ?? [])
  return [...single.map(({ family, value }) => ({ family, first: value, last: value })), ...reserved]
}
