import { createHash } from 'node:crypto'
import type { AddressBlock, IPFamily, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { type AddressRange, formatAddress } from '../../ip-address.ts'
import { type AddressIndex, isSameService, usableRange } from './address-index.ts'
import { countAddresses, subtractRanges, walkRanges } from './ranges.ts'
import { toGateAddress } from './use.ts'

/** Whether Services share blocks. */
export type AllocationMode = 'packed' | 'dedicated'

/** An address that was free when it was looked at. It is claimed first, and then its gate is asked. */
export interface Candidate {
  readonly address: string
  readonly family: IPFamily
  readonly blockId: string
  /** Name of the gate: claimed is only what lies in a block whose gate is open afterwards. */
  readonly gateAddress: string
}

/** As many as the largest IPv4 block on sale (/22) has; of a /64, whoever was refused that often gives up. */
const MAX_OF_A_BLOCK = 1024

/**
 * The free addresses of open blocks that a Service may have, best first, each once, at most 1,024 of a block. Nothing is
 * looked for before it is asked for, and a /64 costs no more than a /29.
 *
 * Packed: its own block first, then those that belong to nobody, fullest first so that others empty, then what is left
 * over in other Services' own blocks (never the address that is theirs). In each shared block it starts at the place
 * hash(namespace/name) mod size, so that concurrent creators seldom meet, and handlers that work on the same Service do,
 * also where one of them sees fewer addresses free: one with two claims would let the other address rest. Dedicated: IPv4 in its own block only, from
 * the first usable address on; IPv6 as packed, because a network takes one IPv6 block.
 */
export function listCandidates(
  index: AddressIndex,
  service: ServiceRef,
  family: IPFamily,
  mode: AllocationMode,
): Iterable<Candidate> {
  return { [Symbol.iterator]: () => generate(index, service, family, mode) }
}

function* generate(
  index: AddressIndex,
  service: ServiceRef,
  family: IPFamily,
  mode: AllocationMode,
): Generator<Candidate, void> {
  const isOpen = (block: AddressBlock) => index.gateOf(block.id)?.state === 'open'
  const spaces = listSpaces(index, service, family, mode, isOpen)
  for (const { block, free, isOwn } of spaces) {
    const start = isOwn ? 0n : findStart(service, block, free)
    const values = walkRanges(free, start).take(MAX_OF_A_BLOCK)
    for (const value of values) yield toCandidate(index, block, formatAddress(family, value))
  }
}

export function toCandidate(index: AddressIndex, block: AddressBlock, address: string): Candidate {
  const { family, id: blockId } = block
  return { address, family, blockId, gateAddress: index.gateOf(blockId)?.address ?? '' }
}

interface Space {
  readonly block: AddressBlock
  readonly free: readonly AddressRange[]
  readonly isOwn: boolean
  readonly tier: number
}

function listSpaces(
  index: AddressIndex,
  service: ServiceRef | undefined,
  family: IPFamily,
  mode: AllocationMode,
  accept: (block: AddressBlock) => boolean,
): Space[] {
  const isOwn = (block: AddressBlock) => service !== undefined && isSameService(block.dedicatedTo, service)
  return index.view.source.blocks
    .filter(block => block.family === family && accept(block))
    .filter(block => mode === 'packed' || family === 'IPv6' || isOwn(block))
    .map(block => toSpace(index, block, isOwn(block)))
    .sort(compareSpaces)
}

function toSpace(index: AddressIndex, block: AddressBlock, isOwn: boolean): Space {
  const free = index.freeIn(block)
  if (isOwn || !block.dedicatedTo) return { block, free, isOwn, tier: isOwn ? 0 : 1 }
  const own = usableRange(block)
  const spare = own ? free.flatMap(range => subtractRanges(range, [{ ...own, last: own.first }])) : []
  return { block, free: spare, isOwn, tier: 2 }
}

function compareSpaces(a: Space, b: Space): number {
  const [x, y] = [countAddresses(a.free), countAddresses(b.free)]
  if (a.tier !== b.tier) return a.tier - b.tier
  if (x !== y) return x < y ? -1 : 1
  return a.block.id < b.block.id ? -1 : 1
}

/** Index of the first free address at the Service's place in the block, or behind it. */
function findStart(service: ServiceRef, block: AddressBlock, free: readonly AddressRange[]): bigint {
  const usable = usableRange(block)
  if (!usable) return 0n
  const place = usable.first + (hash(service) % countAddresses([usable]))
  const before = free.flatMap(range => subtractRanges(range, [{ ...usable, first: place }]))
  return countAddresses(before)
}

/** 48 bits are enough to spread over any block. */
const hash = ({ namespace, name }: ServiceRef): bigint =>
  BigInt(createHash('sha256').update(`${namespace}/${name}`).digest().readUIntBE(0, 6))

/** Addresses that Services without a block of their own can have in blocks that are open, or new and about to get a gate. */
export function countFree(index: AddressIndex, family: IPFamily): bigint {
  const { unreadable } = index.view.book
  const canOpen = (block: AddressBlock) => !unreadable.includes(toGateAddress(block) ?? '')
  const isOpening = (block: AddressBlock) => {
    const gate = index.gateOf(block.id)
    return gate ? gate.state === 'open' : canOpen(block)
  }
  const spaces = listSpaces(index, undefined, family, 'packed', isOpening)
  return spaces.reduce((sum, { free }) => sum + countAddresses(free), 0n)
}

/** Addresses of the block that any Service could have, whatever its gate. */
export const countForAnybody = (index: AddressIndex, block: AddressBlock): bigint =>
  countAddresses(toSpace(index, block, false).free)
