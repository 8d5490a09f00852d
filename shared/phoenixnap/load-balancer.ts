import type { Bmc } from '../bmc/client.ts'
import type { Clock } from '../clock.ts'
import type {
  AddressDemand,
  AddressSupply,
  LoadBalancer,
  LoadBalancerCall,
  LoadBalancerStatus,
  SupplyProgress,
} from '../cloud-provider/load-balancer.ts'
import { liesIn } from '../ip-address.ts'
import type { Log } from '../log.ts'
import { createTagNames, type TagNames } from './block-steps.ts'
import { CLUSTER_TAG, USAGE, USAGE_TAG } from './block-tags.ts'
import { giveBack } from './give-back.ts'
import type { PurchaseSettings } from './purchase-plan.ts'
import { readSupply, toAddressSupply } from './supply.ts'
import { planOnly, supplyUnder } from './supply-run.ts'

/** What an operator set about load balancers, and where ids come from. */
export interface LoadBalancerConfig extends PurchaseSettings {
  readonly publicNetworkId: string
  /** A purchase's id; random, so that no two purchases of any cluster share one. */
  readonly newId: () => string
}

/** All that the load balancer works with. */
export interface LoadBalancerParts {
  readonly bmc: Bmc
  readonly clock: Clock
  readonly log: Log
  readonly publicNetworkId: string
  readonly settings: PurchaseSettings
  readonly newId: () => string
  readonly tagNames: TagNames
}

/** Blocks of BMC on one public network. */
export function newLoadBalancer(
  bmc: Bmc,
  { publicNetworkId, newId, ...settings }: LoadBalancerConfig,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): LoadBalancer {
  const tagNames = createTagNames(bmc)
  const parts: LoadBalancerParts = { bmc, clock, log, publicNetworkId, settings, newId, tagNames }
  return {
    // As the Go program names it, so that what people search for stays the same.
    getLoadBalancerName: (clusterName, { namespace, name }) =>
      `${USAGE_TAG}=${USAGE}:service=${namespace}/${name}:${CLUSTER_TAG}=${clusterName}`,
    getLoadBalancer: async (clusterName, { addresses }, call) =>
      toStatus(await readSupply(parts, clusterName, call), addresses),
    ensureLoadBalancer: (clusterName, demand, _nodes, call) => ensure(parts, clusterName, demand, call),
    updateLoadBalancer: async () => undefined,
    ensureLoadBalancerDeleted: async (clusterName, blockId, call) =>
      call.dryRun
        ? giveBack(parts, undefined, clusterName, blockId, call)
        : orBusy(
            await call.guard.exclusively(hold => giveBack(parts, hold, clusterName, blockId, call), call),
          ),
    listAddresses: async (clusterName, call) => toAddressSupply(await readSupply(parts, clusterName, call)),
  }
}

async function ensure(
  parts: LoadBalancerParts,
  clusterName: string,
  demand: AddressDemand,
  call: LoadBalancerCall,
): Promise<SupplyProgress> {
  if (demand.needs.every(({ count }) => count < 1) && demand.inUse.length === 0) {
    return { state: 'done', did: [], why: 'nothing is needed' }
  }
  // Who only waits, or cannot have it, does not take the guard, which is written for it.
  const plan = await planOnly(parts, clusterName, demand, call)
  if (call.dryRun || plan.did.length === 0) return plan
  return orBusy(
    await call.guard.exclusively(hold => supplyUnder(parts, hold, clusterName, demand, call), call),
  )
}

const orBusy = (progress: SupplyProgress | 'busy'): SupplyProgress =>
  progress === 'busy' ? { state: 'busy', did: [], why: 'another handler is changing IP blocks' } : progress

/** Addresses that lie in a block of the cluster, in the order given. */
function toStatus({ blocks }: AddressSupply, addresses: readonly string[]): LoadBalancerStatus | undefined {
  const ingress = addresses.flatMap(ip => {
    const block = blocks.find(({ cidr }) => cidr !== undefined && liesIn(ip, cidr))
    return block ? [{ ip, blockId: block.id, assigned: block.state === 'assigned' }] : []
  })
  return ingress.length === 0 ? undefined : { ingress }
}
