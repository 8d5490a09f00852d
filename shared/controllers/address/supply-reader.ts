import type { Clock } from '../../clock.ts'
import type { AddressSupply } from '../../cloud-provider/load-balancer.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { readFamilies } from '../inventory/families.ts'
import type { InventoryReader } from '../inventory/reader.ts'
import type { AddressSource } from './contract.ts'
import { toSource } from './source.ts'

/** What Services are answered from, as far as it is known without asking the cloud. */
export interface KnownAddresses {
  /** Undefined while nobody has looked yet. */
  readonly source: AddressSource | undefined
  /** IP families of the cluster, primary first; empty when they cannot be told. */
  readonly families: readonly string[]
}

/** Remembers what the cloud supplies, so that a review of a Service asks it nothing. */
export interface SupplyReader {
  /**
   * From the inventory, or what this process has seen since; without an inventory, what it has seen within two resync
   * intervals. Old knowledge of blocks does no harm, as gates are asked; of servers' addresses it does.
   *
   * @throws CcmError KUBE_*
   */
  known(signal?: AbortSignal): Promise<KnownAddresses>
  /** Takes note of what was read from the cloud just now. */
  note(supply: AddressSupply): void
}

export interface SupplyReaderOptions {
  readonly kube: Kube
  readonly clock: Clock
  readonly inventory: InventoryReader
  readonly resyncIntervalMs: number
}

interface Seen {
  readonly source: AddressSource
  /** Milliseconds since 1970. */
  readonly at: number
}

export function createSupplyReader({
  kube,
  clock,
  inventory,
  resyncIntervalMs,
}: SupplyReaderOptions): SupplyReader {
  let seen: Seen | undefined
  const isYoung = ({ at }: Seen): boolean => clock.now() - at <= 2 * resyncIntervalMs
  const isNewer = (own: Seen, stored: AddressSource | undefined, vouchedAt = 0): boolean =>
    stored ? own.at > vouchedAt : isYoung(own)

  return {
    note: supply => {
      seen = { source: toSource(supply), at: clock.now() }
    },
    async known(signal) {
      const { inventory: stored, vouchedAt } = await inventory.read(signal)
      const isSeenNewer = seen !== undefined && isNewer(seen, stored?.addresses, vouchedAt)
      return {
        source: isSeenNewer ? seen?.source : stored?.addresses,
        // Before the first pass there is no inventory.
        families: stored?.families ?? (await readFamilies(kube, signal)),
      }
    },
  }
}
