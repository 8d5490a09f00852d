import ipaddr from 'ipaddr.js'
import { NAME } from '../kubernetes/names.ts'
import type { PoolEntry } from './contract.ts'

/** Name of a pool that holds every address of ours. */
export const POOL_NAME = NAME
/** Name of a pool that is never made: who asks for it is not served. */
export const WAITING_POOL = 'phoenixnap-waiting'

/** Each address once; IPv4 first, then by number. */
export function sortEntries(entries: readonly PoolEntry[]): PoolEntry[] {
  const unique = new Map(entries.map(entry => [entry.address, entry]))
  return [...unique.values()].toSorted((one, other) => (toKey(one) < toKey(other) ? -1 : 1))
}

const toKey = ({ address, family }: PoolEntry): string => {
  const bytes = ipaddr.parse(address).toByteArray()
  return family + bytes.map(byte => String(byte).padStart(3, '0')).join('')
}
