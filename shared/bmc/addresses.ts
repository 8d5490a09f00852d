import ipaddr from 'ipaddr.js'
import { CcmError } from '../errors.ts'

/** The largest block on sale is a /22; a longer range is a mistake, and expanding it would exhaust memory. */
const MAX_ADDRESSES = 1024
/** An address of four decimal parts: ipaddr.js also reads octal, hexadecimal and shortened ones. */
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * Addresses that one entry of an API's list stands for: a single one, or a range as `10.0.0.11 - 10.0.0.15`.
 *
 * @returns at least one address, in canonical form (IPv6 compressed by RFC 5952), in ascending order
 * @throws CcmError BMC_RESPONSE_INVALID if the entry is neither, runs backwards, mixes families, or spans
 *   more than 1,024 addresses
 */
export function expandAddresses(entry: string): string[] {
  const [first, last, ...rest] = entry.split('-').map(part => parse(part.trim(), entry))
  if (!first || rest.length > 0) throw invalid(entry, 'is no address and no range')
  if (!last) return [first.toString()]
  if (first.kind() !== last.kind()) throw invalid(entry, 'mixes IPv4 and IPv6')
  const from = toNumber(first)
  const count = toNumber(last) - from + 1n
  if (count < 1n) throw invalid(entry, 'runs backwards')
  if (count > MAX_ADDRESSES) throw invalid(entry, `spans more than ${MAX_ADDRESSES} addresses`)
  const length = first.toByteArray().length
  return Array.from({ length: Number(count) }, (_, index) => toAddress(from + BigInt(index), length))
}

function parse(part: string, entry: string): Address {
  const isFour = IPV4.test(part)
  const isSix = part.includes(':') && !part.includes('%')
  if ((!isFour && !isSix) || !ipaddr.isValid(part) || (isFour && !ipaddr.IPv4.isValidFourPartDecimal(part))) {
    throw invalid(entry, 'is no address and no range')
  }
  return ipaddr.process(part)
}

function toNumber(address: Address): bigint {
  return address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

function toAddress(value: bigint, length: number): string {
  const bytes = Array.from({ length }, (_, index) =>
    Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn),
  )
  return ipaddr.fromByteArray(bytes).toString()
}

function invalid(entry: string, why: string): CcmError {
  const shown = JSON.stringify(entry.slice(0, 100))
  return new CcmError('BMC_RESPONSE_INVALID', `address entry ${shown} ${why}`, { fields: { entry: shown } })
}
