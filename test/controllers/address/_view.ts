import type { AddressBlock, IPFamily, ServiceRef } from '../../../shared/cloud-provider/load-balancer.ts'
import {
  type AddressIndex,
  type AddressView,
  indexAddresses,
} from '../../../shared/controllers/address/address-index.ts'
import type { AllocationRequest } from '../../../shared/controllers/address/allocation.ts'
import type { Candidate } from '../../../shared/controllers/address/candidates.ts'
import type { AddressBook, Claim, Gate } from '../../../shared/controllers/address/contract.ts'
import type { AddressRights } from '../../../shared/controllers/address/tenants.ts'
import type { AddressWish } from '../../../shared/controllers/address/wish.ts'
import { formatAddress, parseCidr } from '../../../shared/ip-address.ts'
import { parseReserved } from '../../../shared/reserved-addresses.ts'

export const NOW = Date.parse('2026-03-01T12:00:00Z')
/** Ten minutes, a day after a change of the type. */
export const REST_SETTINGS = {
  releaseQuarantineMs: 10 * 60_000,
  typeChangeQuarantineMs: 1440 * 60_000,
  keepsAddressAfterTypeChange: true,
}
export const WEB: ServiceRef = { namespace: 'default', name: 'web' }
export const API: ServiceRef = { namespace: 'default', name: 'api' }

/** A block of this size: without its first two addresses (network, gateway) and, of IPv4, its last. */
export function makeBlock(id: string, cidr: string, fields: Partial<AddressBlock> = {}): AddressBlock {
  const range = parseCidr(cidr)
  if (!range) throw new TypeError(`${cidr} is no block`)
  const { family, first, last } = range
  const end = family === 'IPv4' ? last - 1n : last
  const size = end - first - 1n
  const count = size > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(size)
  return {
    id,
    cidr,
    family,
    location: 'PHX',
    state: 'assigned',
    status: 'assigned',
    usable:
      size < 1n
        ? undefined
        : { first: formatAddress(family, first + 2n), last: formatAddress(family, end), count },
    dedicatedTo: undefined,
    purchase: undefined,
    marked: false,
    onNetwork: true,
    ageMs: 3_600_000,
    ...fields,
  }
}

export const familyOf = (address: string): IPFamily => (address.includes(':') ? 'IPv6' : 'IPv4')

export const makeClaim = (address: string, blockId: string, fields: Partial<Claim> = {}): Claim => ({
  address,
  family: familyOf(address),
  service: WEB,
  state: 'active',
  since: NOW - 60_000,
  serviceUid: 'uid-of-web',
  blockId,
  restMs: undefined,
  why: undefined,
  uid: `uid-of-${address}`,
  resourceVersion: '7',
  ...fields,
})

export function makeGate(block: AddressBlock, state: Gate['state'] = 'open'): Gate {
  const range = parseCidr(block.cidr ?? '')
  return {
    address: range ? formatAddress(range.family, range.first) : '',
    blockId: block.id,
    state,
    since: NOW - 3_600_000,
    unusedSince: undefined,
    uid: `uid-of-gate-${block.id}`,
    resourceVersion: '3',
  }
}

/** All blocks with an open gate. */
export const makeBook = (claims: readonly Claim[], blocks: readonly AddressBlock[]): AddressBook => ({
  claims,
  gates: blocks.map(block => makeGate(block)),
  unreadable: [],
  now: NOW,
})

export interface ViewSketch {
  readonly blocks?: readonly AddressBlock[]
  readonly claims?: readonly Claim[]
  /** By id of the block; blocks that are not named are open, null has no gate. */
  readonly gates?: Readonly<Record<string, Gate['state'] | null>>
  readonly members?: readonly string[]
  readonly unreadable?: readonly string[]
  readonly reserved?: readonly string[]
  readonly known?: readonly AddressBlock[]
}

export function makeView(sketch: ViewSketch): AddressView {
  const { blocks = [], claims = [], gates = {}, known } = sketch
  const all = [...new Map([...blocks, ...(known ?? [])].map(block => [block.id, block])).values()]
  return {
    source: { blocks, location: 'PHX', memberAddresses: sketch.members ?? [] },
    book: {
      claims,
      gates: all.flatMap(block => {
        const state = gates[block.id] === undefined ? 'open' : gates[block.id]
        return state ? makeGate(block, state) : []
      }),
      unreadable: sketch.unreadable ?? [],
      now: NOW,
    },
    reserved: parseReserved(sketch.reserved ?? []).ranges,
    known,
    judged: new Set([...claims.map(({ blockId }) => blockId), ...all.map(({ id }) => id)]),
  }
}

export const makeIndex = (sketch: ViewSketch): AddressIndex => indexAddresses(makeView(sketch))

export const NO_WISH: AddressWish = {
  requested: [],
  source: '',
  isUnclear: false,
  isBlocked: false,
  mode: 'packed',
  retain: false,
  problems: [],
}

export interface RequestSketch extends Partial<Omit<AllocationRequest, 'wish' | 'families'>> {
  readonly families?: readonly IPFamily[]
  readonly required?: readonly IPFamily[]
  readonly wish?: Partial<AddressWish>
}

/** Whoever may do everything. */
export const ALL_RIGHTS: AddressRights = { mayRequest: true, proven: [], room: Number.POSITIVE_INFINITY }

export function makeRequest(sketch: RequestSketch = {}): AllocationRequest {
  const families = sketch.families ?? ['IPv4']
  const live = sketch.live ?? []
  return {
    service: sketch.service ?? WEB,
    families: { all: families, required: sketch.required ?? families },
    wish: { ...NO_WISH, source: 'spec.loadBalancerIP', ...sketch.wish },
    rights: sketch.rights ?? ALL_RIGHTS,
    live,
    isServed: sketch.isServed ?? live.length > 0,
    held: sketch.held ?? live,
  }
}

/** At most this many, so that a test of a /64 ends. */
export function first(candidates: Iterable<Candidate>, count = 5000): string[] {
  const found: string[] = []
  for (const { address } of candidates) {
    if (found.length === count) break
    found.push(address)
  }
  return found
}
