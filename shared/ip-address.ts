import ipaddr from 'ipaddr.js'

/** Arithmetic on IP addresses: an address is its family and a number, and its text is always the canonical one. */

export type Family = 'IPv4' | 'IPv6'

export interface ParsedAddress {
  readonly family: Family
  readonly value: bigint
  /** Canonical: IPv6 compressed by RFC 5952. */
  readonly text: string
}

/** Addresses of one family from `first` to `last`, both included. */
export interface AddressRange {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

const BITS = { IPv4: 32, IPv6: 128 } as const

/**
 * One address as people write it, space around it allowed. Four decimal parts without leading zeros, or IPv6 without
 * a zone; an IPv4 address mapped into IPv6 is that IPv4 address.
 *
 * @returns undefined when it is none
 */
export function parseAddress(text: string): ParsedAddress | undefined {
  const trimmed = text.trim()
  const isSix = trimmed.includes(':')
  if (isSix ? trimmed.includes('%') : !ipaddr.IPv4.isValidFourPartDecimal(trimmed)) return undefined
  if (!ipaddr.isValid(trimmed)) return undefined
  const address = ipaddr.process(trimmed)
  return {
    family: address.kind() === 'ipv4' ? 'IPv4' : 'IPv6',
    value: address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
    text: address.toString(),
  }
}

/** Canonical text of an address. */
export function formatAddress(family: Family, value: bigint): string {
  const length = BITS[family] / 8
  const bytes = Array.from({ length }, (_, index) =>
    Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn),
  )
  return ipaddr.fromByteArray(bytes).toString()
}

/**
 * All addresses of a block such as `203.0.113.0/28`; bits behind the prefix are ignored.
 *
 * @returns undefined when it is no block
 */
export function parseCidr(text: string): AddressRange | undefined {
  const [, base = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text.trim()) ?? []
  const address = parseAddress(base)
  if (!address || Number(digits) > BITS[address.family]) return undefined
  const size = 1n << BigInt(BITS[address.family] - Number(digits))
  const first = address.value - (address.value % size)
  return { family: address.family, first, last: first + size - 1n }
}

export const isInRange = (range: AddressRange, { family, value }: ParsedAddress): boolean =>
  range.family === family && range.first <= value && value <= range.last

/** Whether an address lies in a block such as `203.0.113.0/28`; false where either is none. */
export function liesIn(address: string, cidr: string): boolean {
  const [parsed, range] = [parseAddress(address), parseCidr(cidr)]
  return parsed !== undefined && range !== undefined && isInRange(range, parsed)
}

/** Family of an address or block that is known to be one. */
export const familyOf = (text: string): Family => (text.includes(':') ? 'IPv6' : 'IPv4')
