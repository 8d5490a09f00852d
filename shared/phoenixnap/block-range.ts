import ipaddr from 'ipaddr.js'
import type { IpBlock } from '../bmc/client.ts'
import { type AddressRange, type Family, formatAddress, parseCidr } from '../ip-address.ts'

/** What is made of the range that BMC names. A range that cannot be right is not used for anything. */
export interface BlockRange {
  /** Network address in canonical form, and the length of its prefix; undefined where it is not told or doubted. */
  readonly cidr: string | undefined
  /** Why the range is not believed, for people. */
  readonly doubt: string | undefined
}

/**
 * Shortest prefixes. BMC's own list of sizes ends at /22 and /64 and sends who wants more to its support: two bits more,
 * and an IPv6 site, are the most that may be meant.
 */
const SHORTEST: Readonly<Record<Family, number>> = { IPv4: 20, IPv6: 48 }

/** Ranges that no host on a public network has. Those of documentation, tests and private networks may be meant. */
const NO_HOSTS = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/16',
  'fe80::/10',
  'ff00::/8',
].flatMap(cidr => parseCidr(cidr) ?? [])

/** The range of a block, unless it is one that BMC cannot have given: then everybody's addresses would be ours. */
export function toBlockRange({
  cidr: told,
  cidrBlockSize,
}: Pick<IpBlock, 'cidr' | 'cidrBlockSize'>): BlockRange {
  if (told === undefined || told === '') return { cidr: undefined, doubt: undefined }
  const range = ipaddr.isValidCIDR(told) ? parseCidr(told) : undefined
  if (!range) return { cidr: undefined, doubt: 'BMC tells a range that cannot be read' }
  const prefixLength = toPrefixLength(told) ?? 0
  const cidr = `${formatAddress(range.family, range.first)}/${prefixLength}`
  const why = findFault(range, prefixLength, toPrefixLength(cidrBlockSize))
  return why === undefined
    ? { cidr, doubt: undefined }
    : { cidr: undefined, doubt: `BMC says that its range is ${cidr}, ${why}` }
}

function findFault(range: AddressRange, prefixLength: number, size: number | undefined): string | undefined {
  const shortest = SHORTEST[range.family]
  if (prefixLength < shortest) return `which is larger than /${shortest}`
  // A part of the block may be all that is told of it.
  if (size !== undefined && prefixLength < size) return `and that its size is /${size}`
  return NO_HOSTS.some(other => overlaps(other, range)) ? 'which no host can have' : undefined
}

const overlaps = (one: AddressRange, other: AddressRange): boolean =>
  one.family === other.family && one.first <= other.last && other.first <= one.last

/** Length of the prefix at the end of a cidr or in a size such as `/29`. */
export function toPrefixLength(text: string | undefined): number | undefined {
  const digits = /\/(\d{1,3})$/.exec(text ?? '')?.[1]
  const length = Number(digits)
  return digits === undefined || length > 128 ? undefined : length
}

/** What is asked of a block to tell whether its range is its own. */
interface Ranged {
  readonly id: string
  readonly cidr: string | undefined
  readonly state: string
  readonly marked: boolean
  readonly ageMs: number | undefined
}

/**
 * Why blocks are doubted whose range another one has: two that are assigned cannot share an address, and the one that
 * has been there for longer is believed. One that comes and goes may share it for a while.
 *
 * @returns by id of the block
 */
export function doubtOverlaps(blocks: readonly Ranged[]): ReadonlyMap<string, string> {
  const doubts = new Map<string, string>()
  const believed: { readonly id: string; readonly range: AddressRange }[] = []
  for (const { id, cidr } of blocks.filter(isAssigned).toSorted(byAge)) {
    const range = parseCidr(cidr ?? '')
    if (!range) continue
    const other = believed.find(one => overlaps(one.range, range))
    if (other) doubts.set(id, `BMC says that its range is ${cidr}, which overlaps that of block ${other.id}`)
    else believed.push({ id, range })
  }
  return doubts
}

const isAssigned = ({ state, marked }: Ranged): boolean => state === 'assigned' && !marked

/** The oldest first; one whose age is not known comes last. */
const byAge = (a: Ranged, b: Ranged): number => (b.ageMs ?? -1) - (a.ageMs ?? -1) || (a.id < b.id ? -1 : 1)
