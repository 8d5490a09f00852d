import { BlockList, isIP } from 'node:net'
import { textsOf, valueAt } from '../json.ts'
import type { RuleContext } from './rules.ts'

export type Family = 'IPv4' | 'IPv6'

/** The network that cluster IPs of one family come from; 16 bits of it are for hosts. */
export interface ServiceRange {
  readonly family: Family
  /** As in the ServiceCIDR. */
  readonly cidr: string
}

/** Ends of the part that the real allocator draws from; below it are addresses that clients ask for. */
const FIRST_OFFSET = 256
const LAST_OFFSET = 65_534

/** The ranges of the cluster; the first one's family is the default. */
export function readServiceRanges(context: RuleContext): ServiceRange[] {
  const own = context.list('servicecidrs').find(({ metadata }) => metadata.name === 'kubernetes')
  return textsOf(valueAt(own, 'spec', 'cidrs')).map(cidr => ({ cidr, family: familyOf(cidr) }))
}

export const familyOf = (text: string): Family => (text.includes(':') ? 'IPv6' : 'IPv4')

export function isInRange({ cidr, family }: ServiceRange, address: string): boolean {
  const [network = '', length = ''] = cidr.split('/')
  const kind = family === 'IPv6' ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(network, Number(length), kind)
  return isIP(address) !== 0 && list.check(address, familyOf(address) === 'IPv6' ? 'ipv6' : 'ipv4')
}

/** An address that nobody has, from a random one on. */
export function freeAddress(range: ServiceRange, taken: ReadonlySet<string>, random: () => number): string {
  const count = LAST_OFFSET - FIRST_OFFSET
  const start = Math.floor(random() * count)
  for (let step = 0; step < count; step += 1) {
    const address = addressAt(range, FIRST_OFFSET + ((start + step) % count))
    if (!taken.has(address)) return address
  }
  return addressAt(range, LAST_OFFSET)
}

function addressAt({ cidr, family }: ServiceRange, offset: number): string {
  const [network = ''] = cidr.split('/')
  if (family === 'IPv6') return `${network}${offset.toString(16)}`
  return `${network.split('.').slice(0, 2).join('.')}.${offset >> 8}.${offset & 255}`
}
