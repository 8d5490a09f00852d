import type { Clock } from '../../clock.ts'
import type { Cloud } from '../../cloud-provider/contract.ts'
import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { Log } from '../../log.ts'
import { type InstanceIndex, toIndex } from '../node/match.ts'
import { type LeaseState, readLease } from '../resync/lease.ts'
import type { Inventory, InventoryEntry } from './content.ts'
import { createSharedRead } from './shared-read.ts'
import { type InventoryMemory, readInventory } from './store.ts'

/** How far an inventory may be trusted. */
export interface Freshness {
  /** A pass vouched for this content within two resync intervals. */
  readonly young: boolean
  /** The cloud's API is known not to answer: asking it would only cost time. */
  readonly cloudDown: boolean
}

/** What joining nodes are answered from. */
export interface InventoryView {
  readonly inventory: Inventory | undefined
  /** Its entries by what a node is matched by; empty without an inventory. */
  readonly index: InstanceIndex<InventoryEntry>
  readonly freshness: Freshness
  /** When the pass that vouches for it began, by our own clock; undefined when none does. */
  readonly vouchedAt?: number | undefined
}

/** Kept this long in one process: of a burst of reviews the first one reads. */
export const CACHED_FOR_MS = 2000

export interface InventoryReader {
  /** @throws CcmError KUBE_*, or CCM_DEADLINE when the signal comes first */
  read(signal?: AbortSignal): Promise<InventoryView>
}

export interface InventoryReaderOptions {
  readonly kube: Kube
  /** Told when another process was asked to leave it alone. */
  readonly cloud: Pick<Cloud, 'holdOff'>
  readonly clock: Clock
  readonly log: Log
  readonly resyncIntervalMs: number
}

/** Reads inventory and Lease, one read at a time, and keeps the answer for a moment; a failed read is not kept. */
export function createInventoryReader(options: InventoryReaderOptions): InventoryReader {
  const { kube, clock } = options
  const memory: InventoryMemory = {}
  let indexed: Pick<Stored, 'inventory' | 'index'> = { inventory: undefined, index: toIndex([]) }
  const read = createSharedRead<Stored>({
    clock,
    keepMs: CACHED_FOR_MS,
    keepFailures: false,
    start: async signal => {
      const [inventory, lease] = await Promise.all([
        readOrNone(options, signal, memory),
        readLease(kube, signal),
      ])
      const at = clock.now()
      if (lease.limitedUntil !== undefined) options.cloud.holdOff(at + lease.limitedUntil - lease.now)
      if (indexed.inventory !== inventory) indexed = { inventory, index: toIndex(inventory?.entries ?? []) }
      return { ...indexed, lease, at }
    },
  })
  return { read: async signal => toView((await read(signal)).value, options) }
}

interface Stored {
  readonly inventory: Inventory | undefined
  readonly index: InstanceIndex<InventoryEntry>
  readonly lease: LeaseState
  /** Our own clock at the moment of reading: the API server's time goes on by the difference. */
  readonly at: number
}

async function readOrNone(
  { kube, log }: InventoryReaderOptions,
  signal: AbortSignal,
  memory: InventoryMemory,
): Promise<Inventory | undefined> {
  try {
    return await readInventory(kube, signal, memory)
  } catch (error) {
    if (!hasCode(error, 'CCM_INVENTORY_INVALID')) throw error
    log.warn({ error }, 'inventory cannot be used; the next resync writes it anew')
    return undefined
  }
}

function toView({ inventory, index, lease, at }: Stored, options: InventoryReaderOptions): InventoryView {
  const now = lease.now + (options.clock.now() - at)
  const vouched = inventory !== undefined && lease.generation === inventory.generation
  const limitMs = 2 * options.resyncIntervalMs
  const { renewedAt } = lease
  return {
    inventory,
    index,
    vouchedAt: vouched && renewedAt !== undefined ? Math.min(at, at - (lease.now - renewedAt)) : undefined,
    freshness: {
      young: vouched && isWithin(renewedAt, now, limitMs),
      // Noted by a pass that may have been the last one: an API that nobody has tried since is worth trying.
      cloudDown: lease.unreachableSince !== undefined && isWithin(lease.acquiredAt, now, limitMs),
    },
  }
}

/** Times of the API server are whole seconds, and its clock may be set back a little. */
const SKEW_MS = 5000

/** A time from the future (a clock that was set back, an edit by hand) vouches for nothing. */
function isWithin(time: number | undefined, now: number, limitMs: number): boolean {
  return time !== undefined && now - time < limitMs && now - time >= -SKEW_MS
}
