import type { AddressSupply } from '../../cloud-provider/load-balancer.ts'
import { CcmError } from '../../errors.ts'
import { readClusterName } from '../../kubernetes/cluster-name.ts'
import type { AddressSource } from '../address/contract.ts'
import { toExpectedBlocks, toSource } from '../address/source.ts'
import type { WorkCall } from '../contract.ts'
import type { ServiceContext } from '../service/context.ts'
import { type ObservedServices, observeServices } from '../service/observe.ts'

/** Everything that a pass decides load balancers from, read once. */
export interface ObservedBalancers extends ObservedServices {
  readonly clusterName: string
  /** What the cloud has, or why it is not known; undefined where load balancers are disabled. */
  readonly supply: AddressSupply | CcmError | undefined
}

/**
 * Claims, Services and blocks, in this order.
 *
 * @returns the error where the cluster's side could not be read: nothing is decided then, and nodes are worked on all
 *   the same
 */
export async function observeBalancers(
  context: ServiceContext,
  call: WorkCall,
): Promise<ObservedBalancers | CcmError> {
  try {
    const clusterName = await readClusterName(context.kube, call.signal)
    const observed = await observeServices(context, call)
    return { ...observed, clusterName, supply: await readSupply(context, clusterName, observed, call) }
  } catch (error) {
    if (error instanceof CcmError) return error
    throw error
  }
}

/** Of the pass's time: the rest is for Services, which are served from what is remembered. */
const CLOUD_SHARE = 0.5

async function readSupply(
  { cloud, addresses, clock }: ServiceContext,
  clusterName: string,
  { book }: ObservedServices,
  call: WorkCall,
): Promise<ObservedBalancers['supply']> {
  if (!cloud.loadBalancer) return undefined
  try {
    const supply = await cloud.loadBalancer.listAddresses(clusterName, {
      ...call,
      deadline: clock.now() + (call.deadline - clock.now()) * CLOUD_SHARE,
      expected: toExpectedBlocks(book),
    })
    addresses.note(supply)
    return supply
  } catch (error) {
    if (error instanceof CcmError) return error
    throw error
  }
}

/** What joins the inventory; what could not be read is as it was before. */
export function toInventoryAddresses(
  observed: ObservedBalancers | CcmError,
  before: AddressSource | undefined,
): AddressSource | undefined {
  if (observed instanceof CcmError || observed.supply instanceof CcmError) return before
  return observed.supply && toSource(observed.supply)
}
