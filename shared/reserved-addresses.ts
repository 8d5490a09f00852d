import { type AddressRange, parseAddress, parseCidr } from './ip-address.ts'

/** Addresses that are never given to a Service. */
export interface ReservedAddresses {
  readonly ranges: readonly AddressRange[]
  /** Entries that could not be read, as written. */
  readonly malformed: readonly string[]
}

/**
 * Entries of PNAP_RESERVED_ADDRESSES: single addresses, ranges as `203.0.113.4-203.0.113.6`, and blocks as
 * `203.0.113.8/30`.
 */
export function parseReserved(entries: readonly string[]): ReservedAddresses {
  const parsed = entries.map(entry => ({ entry, range: parseEntry(entry) }))
  return {
    ranges: parsed.flatMap(({ range }) => range ?? []),
    malformed: parsed.filter(({ range }) => !range).map(({ entry }) => entry),
  }
}

function parseEntry(entry: string): AddressRange | undefined {
  if (entry.includes('/')) return parseCidr(entry)
  const parts = entry.split('-').map(parseAddress)
  const [first, last = first] = parts
  if (!first || !last || parts.includes(undefined) || parts.length > 2) return undefined
  if (first.family !== last.family || first.value > last.value) return undefined
  return { family: first.family, first: first.value, last: last.value }
}
