import ipaddr from 'ipaddr.js'
import type { IpBlock, PublicNetwork, TagAssignment } from '../bmc/client.ts'
import type { AddressBlock, BlockState, IPFamily, UsableRange } from '../cloud-provider/load-balancer.ts'
import { toBlockRange, toPrefixLength } from './block-range.ts'
import { isMarked, toPurchase, toServiceRef } from './block-tags.ts'

/** A block as the provider's own decisions need it. */
export interface SupplyBlock extends AddressBlock {
  /** Known before the cidr is. */
  readonly prefixLength: number | undefined
  readonly tags: readonly TagAssignment[]
  /** True for one that is unassigned although it was bought, or refused, so long ago that nobody waits for it any more. */
  readonly stuck?: boolean | undefined
}

/** Network and gateway come first. */
const SKIPPED_FIRST = 2n
/** The broadcast address comes last. */
const SKIPPED_LAST = 1n
const UNTOLD = 'BMC tells no range of it although it is assigned'
const BITS: Readonly<Record<IPFamily, number>> = { IPv4: 32, IPv6: 128 }
const STATES: Readonly<Record<string, BlockState>> = {
  creating: 'coming',
  unassigned: 'coming',
  assigning: 'coming',
  assigned: 'assigned',
  'error assigning': 'failed',
  unassigning: 'going',
  'error unassigning': 'failed',
}

/**
 * A block of this cluster. What of it cannot be read, or cannot be right, is left undefined: it then has no usable
 * addresses.
 *
 * @param onNetwork whether the network names it among its blocks
 */
export function toSupplyBlock(block: IpBlock, networkId: string, onNetwork: boolean): SupplyBlock {
  const { assignedResourceId, status, tags = [] } = block
  const isHere = onNetwork || assignedResourceId === networkId
  const isElsewhere = !isHere && (assignedResourceId !== undefined || status === 'assigned')
  const { cidr, doubt: odd } = toBlockRange(block)
  const family = toFamily(block, cidr)
  const marked = isMarked(tags)
  const state = isElsewhere ? 'elsewhere' : toState(status, marked, isHere)
  const doubt = odd ?? (state === 'assigned' && cidr === undefined ? UNTOLD : undefined)
  return {
    id: block.id,
    cidr,
    family,
    location: block.location ?? '',
    state,
    status,
    usable: cidr === undefined ? undefined : toUsable(cidr),
    ...(doubt === undefined ? {} : { doubt }),
    dedicatedTo: toServiceRef(tags),
    purchase: toPurchase(tags),
    marked,
    onNetwork: isHere,
    ageMs: block.ageMs,
    prefixLength: toPrefixLength(cidr ?? block.cidrBlockSize),
    tags,
  }
}

/** The API gains words without notice: one that is not known tells nothing, the network's own list does. */
function toState(status: string, marked: boolean, onNetwork: boolean): BlockState {
  const state = STATES[status] ?? (onNetwork ? 'assigned' : 'coming')
  return marked && state === 'coming' ? 'going' : state
}

/** How many addresses of a block of this size Services may have; 0 where nothing is left. */
export function toCapacity(family: IPFamily, prefixLength: number): number {
  const count = (1n << BigInt(BITS[family] - prefixLength)) - SKIPPED_FIRST - SKIPPED_LAST
  return count < 1n ? 0 : Number(count > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : count)
}

/** Addresses that a quota counts for a block of this size: all of IPv4, and an IPv6 block as one. */
export const toQuotaCost = (family: IPFamily, prefixLength: number): number =>
  family === 'IPv6' ? 1 : 2 ** (BITS[family] - prefixLength)

/** What Services may have of a canonical cidr: without network, gateway and broadcast address. */
export function toUsable(cidr: string): UsableRange | undefined {
  const [network, prefixLength] = ipaddr.parseCIDR(cidr)
  const family = network.kind() === 'ipv6' ? 'IPv6' : 'IPv4'
  const count = toCapacity(family, prefixLength)
  if (count === 0) return undefined
  const start = toNumber(network)
  const end = start + (1n << BigInt(BITS[family] - prefixLength)) - 1n
  return {
    first: toText(start + SKIPPED_FIRST, family),
    last: toText(end - SKIPPED_LAST, family),
    count,
  }
}

/** How many blocks of each family the network has, whoever's they are. One without a cidr counts as IPv4. */
export function countOccupied({ ipBlocks }: PublicNetwork): Record<IPFamily, number> {
  const six = ipBlocks.filter(({ cidr }) => cidr?.includes(':')).length
  return { IPv4: ipBlocks.length - six, IPv6: six }
}

function toFamily({ ipVersion, cidrBlockSize }: IpBlock, cidr: string | undefined): IPFamily {
  if (cidr !== undefined) return cidr.includes(':') ? 'IPv6' : 'IPv4'
  if (ipVersion !== undefined) return ipVersion.endsWith('6') ? 'IPv6' : 'IPv4'
  return (toPrefixLength(cidrBlockSize) ?? 0) > BITS.IPv4 ? 'IPv6' : 'IPv4'
}

function toNumber(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

function toText(value: bigint, family: IPFamily): string {
  const length = BITS[family] / 8
  const bytes = Array.from({ length }, (_, index) =>
    Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn),
  )
  return ipaddr.fromByteArray(bytes).toString()
}
