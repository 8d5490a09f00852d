import {
  type AddressBlock,
  type AddressDemand,
  type AddressNeed,
  BLOCK_PATIENCE_MS,
  type IPFamily,
  type ServiceRef,
} from '../../cloud-provider/load-balancer.ts'
import { type AddressIndex, findBlock, isSameService, toKey } from './address-index.ts'
import { type AllocationMode, countFree } from './candidates.ts'
import { countDedicated, hasDedicated, isOwnBlock } from './tenants.ts'

/** A Service that lacks addresses for which blocks can be bought, or that its block can be repaired for. */
export interface WaitingService {
  readonly service: ServiceRef
  /** As in Settlement. */
  readonly lacking: readonly IPFamily[]
  readonly mode: AllocationMode
  /** Addresses that it asks for or had before: the blocks that hold them are kept. */
  readonly pinned: readonly string[]
}

export interface DemandSettings {
  readonly minFreeAddresses: number
  /** How Services are served that say nothing of it. */
  readonly mode: AllocationMode
  /** Blocks of their own that the Services of one namespace may ask for; no limit where everybody has one. */
  readonly maxDedicated: number
}

/** Of a block for one Service alone. */
interface OwnNeed extends AddressNeed {
  readonly service: ServiceRef
}

/**
 * What all Services that wait need together, beyond what is free for them; IPv4 spares included. `index.view.known` must
 * be there: blocks that the inventory remembers are no ground to buy on.
 */
export function toDemand(
  index: AddressIndex,
  waiting: readonly WaitingService[],
  settings: DemandSettings,
): AddressDemand {
  const packed = (['IPv4', 'IPv6'] as const).flatMap(family => toPackedNeed(index, waiting, family, settings))
  const dedicated = waiting
    .filter(service => wantsOwnBlock(service) && !hasOwnBlock(index, service.service))
    .map(({ service }): OwnNeed => ({ family: 'IPv4', count: 1, service }))
    .sort(byKey)
  const claimed = listClaimed(index)
  return {
    needs: [...packed, ...withinLimit(index, dedicated, settings)],
    inUse: [...new Set([...claimed, ...listPinned(index, waiting)])].sort(),
    claimed,
    counted: index.view.source.blocks.map(({ id }) => id).sort(),
    known: listBlocks(index)
      .map(({ id }) => id)
      .sort(),
  }
}

/** Of Services that were decided on at the same moment, none knows of the others' blocks; one on its way is gone on with. */
function withinLimit(
  index: AddressIndex,
  needs: readonly OwnNeed[],
  { mode, maxDedicated }: DemandSettings,
): OwnNeed[] {
  const isFree = ({ service }: OwnNeed): boolean => mode === 'dedicated' || hasDedicated(index, service)
  const begun = needs.filter(isFree)
  const others = needs.filter(need => !isFree(need))
  const byNamespace = Map.groupBy(others, ({ service }) => service.namespace)
  const granted = [...byNamespace].flatMap(([namespace, own]) =>
    own.slice(0, Math.max(0, maxDedicated - countDedicated(index, namespace))),
  )
  return [...begun, ...granted].sort(byKey)
}

const byKey = (a: OwnNeed, b: OwnNeed): number => (toKey(a.service) < toKey(b.service) ? -1 : 1)

const wantsOwnBlock = ({ mode, lacking }: Pick<WaitingService, 'lacking' | 'mode'>): boolean =>
  mode === 'dedicated' && lacking.includes('IPv4')

/**
 * Whether a waiting Service could be given an address of the block. A block that it could not have only takes the place
 * of the one that it waits for: a network takes ten.
 */
export function mayServe(
  block: AddressBlock,
  waiting: Pick<WaitingService, 'service' | 'lacking' | 'mode'>,
): boolean {
  const { family, dedicatedTo, usable, state, ageMs = 0 } = block
  if (!waiting.lacking.includes(family)) return false
  // Nobody waits for it any more: another one is bought as soon as there is room.
  if (state === 'failed' && ageMs > BLOCK_PATIENCE_MS) return false
  if (isSameService(dedicatedTo, waiting.service)) return true
  if (family === 'IPv4' && wantsOwnBlock(waiting)) return false
  // The first address of another Service's own block is never anybody else's.
  return dedicatedTo === undefined || usable === undefined || usable.count > 1
}

/** One that is assigned and yet of no use to it (all reserved, say) is no reason to buy one after the other. */
const hasOwnBlock = (index: AddressIndex, service: ServiceRef): boolean =>
  index.view.source.blocks.some(block => block.family === 'IPv4' && isOwnBlock(index, block, service))

/** How many IPv4 addresses are to stay free. A block that is one Service's alone has none for others; of IPv6 there is one block. */
export const countSpares = ({
  mode,
  minFreeAddresses,
}: Pick<DemandSettings, 'mode' | 'minFreeAddresses'>): number => (mode === 'packed' ? minFreeAddresses : 0)

function toPackedNeed(
  index: AddressIndex,
  waiting: readonly WaitingService[],
  family: IPFamily,
  settings: DemandSettings,
): AddressNeed[] {
  const lacking = waiting.filter(
    service => service.lacking.includes(family) && !(family === 'IPv4' && wantsOwnBlock(service)),
  ).length
  const wanted = lacking + (family === 'IPv4' ? countSpares(settings) : 0)
  const free = countFree(index, family)
  return BigInt(wanted) <= free ? [] : [{ family, count: wanted - Number(free) }]
}

const listBlocks = ({ view }: AddressIndex): readonly AddressBlock[] => view.known ?? view.source.blocks

/** The block of each claim, whatever its state. */
function listClaimed(index: AddressIndex): readonly string[] {
  const ids = new Set(listBlocks(index).map(({ id }) => id))
  return index.view.book.claims.flatMap(({ blockId }) => (ids.has(blockId) ? blockId : [])).sort()
}

/** Blocks that hold what a waiting Service asks for, or had. */
const listPinned = (index: AddressIndex, waiting: readonly WaitingService[]): readonly string[] =>
  waiting.flatMap(({ pinned }) => pinned.flatMap(address => findBlock(listBlocks(index), address)?.id ?? []))
