import type { Clock } from '../../clock.ts'
import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { Log } from '../../log.ts'
import { type InstanceIndex, toIndex } from '../node/match.ts'
import { type LeaseState, readLease } from '../resync/lease.ts'
import type { Inventory, InventoryEntry } from './content.ts'
import { readInventory } from './store.ts'

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
}

/** Kept this long in one process: of a burst of reviews the first one reads. */
export const CACHED_FOR_MS = 2000

export interface InventoryReader {
  read(): Promise<InventoryView>
}

export interface InventoryReaderOptions {
  readonly kube: Kube
  readonly clock: Clock
  readonly log: Log
  readonly resyncIntervalMs: number
}

/** Reads inventory and Lease, one read at a time, and keeps the answer for a moment; a failed read is not kept. */
export function createInventoryReader(options: InventoryReaderOptions): InventoryReader {
  const { kube, clock } = options
  let kept: { at: number; read: Promise<Stored> } | undefined

  async function load(): Promise<Stored> {
    const [inventory, lease] = await Promise.all([readOrNone(options), readLease(kube)])
    return { inventory, index: toIndex(inventory?.entries ?? []), lease, at: clock.now() }
  }

  return {
    async read() {
      if (!kept || clock.now() - kept.at >= CACHED_FOR_MS) {
        const next = { at: clock.now(), read: load() }
        kept = next
        next.read.catch(() => {
          if (kept === next) kept = undefined
        })
      }
      return toView(await kept.read, options)
    },
  }
}

interface Stored {
  readonly inventory: Inventory | undefined
  readonly index: InstanceIndex<InventoryEntry>
  readonly lease: LeaseState
  /** Our own clock at the moment of reading: the API server's time goes on by the difference. */
  readonly at: number
}

async function readOrNone({ kube, log }: InventoryReaderOptions): Promise<Inventory | undefined> {
  try {
    return await readInventory(kube)
  } catch (error) {
    if (!hasCode(error, 'CCM_INVENTORY_INVALID')) throw error
    log.warn({ error }, 'inventory cannot be used; the next resync writes it anew')
    return undefined
  }
}

function toView({ inventory, index, lease, at }: Stored, options: InventoryReaderOptions): InventoryView {
  const now = lease.now + (options.clock.now() - at)
  const vouched = inventory !== undefined && lease.generation === inventory.generation
  const age = lease.renewedAt === undefined ? Number.POSITIVE_INFINITY : now - lease.renewedAt
  return {
    inventory,
    index,
    freshness: {
      young: vouched && age < 2 * options.resyncIntervalMs,
      cloudDown: lease.unreachableSince !== undefined,
    },
  }
}
