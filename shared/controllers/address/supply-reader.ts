import type { Clock } from '../../clock.ts'
import type { CloudCall } from '../../cloud-provider/contract.ts'
import type { AddressSupply, LoadBalancer } from '../../cloud-provider/load-balancer.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { readClusterName } from '../../kubernetes/cluster-name.ts'
import type { InventoryReader } from '../inventory/reader.ts'
import { createSharedRead } from '../inventory/shared-read.ts'
import type { AddressSource } from './contract.ts'
import { toSource } from './source.ts'

/** What Services are answered from, as far as it is known without asking the cloud. */
export interface KnownAddresses {
  /** Undefined while nobody has looked yet. */
  readonly source: AddressSource | undefined
  /** IP families of the cluster, primary first. */
  readonly families: readonly string[]
}

/** Reads what the cloud supplies, with as few requests as possible. */
export interface SupplyReader {
  /** From the inventory, or what this process has seen since. Old knowledge does no harm: gates are asked. */
  known(signal?: AbortSignal): Promise<KnownAddresses>
  /** From the cloud; shared by all who ask within a moment. @throws CcmError BMC_*, KUBE_* */
  live(call: CloudCall, notBefore?: number): Promise<AddressSupply>
  /** Takes note of what somebody else in this process has read. */
  note(supply: AddressSupply): void
}

export interface SupplyReaderOptions {
  readonly kube: Kube
  readonly clock: Clock
  readonly inventory: InventoryReader
  readonly loadBalancer: LoadBalancer | undefined
}

/** Of many Services that wait in one process, the first one asks. */
const SHARED_FOR_MS = 2000
const TIMEOUT_MS = 15_000

export function createSupplyReader(options: SupplyReaderOptions): SupplyReader {
  const { kube, clock, inventory, loadBalancer } = options
  let seen: { readonly source: AddressSource; readonly at: number } | undefined

  function note(supply: AddressSupply): void {
    seen = { source: toSource(supply), at: clock.now() }
  }

  const read = createSharedRead<AddressSupply>({
    clock,
    keepMs: SHARED_FOR_MS,
    keepFailures: true,
    start: async signal => {
      if (!loadBalancer) throw new TypeError('load balancers are disabled')
      const clusterName = await readClusterName(kube, signal)
      const supply = await loadBalancer.listAddresses(clusterName, {
        signal,
        deadline: clock.now() + TIMEOUT_MS,
      })
      note(supply)
      return supply
    },
  })

  return {
    note,
    async known(signal) {
      const view = await inventory.read(signal)
      const stored = view.inventory?.addresses
      const isSeenNewer = seen !== undefined && (!stored || seen.at > (view.vouchedAt ?? 0))
      return {
        source: isSeenNewer ? seen?.source : stored,
        families: view.inventory?.families ?? [],
      }
    },
    live: async ({ signal }, notBefore) => (await read(signal, notBefore)).value,
  }
}
