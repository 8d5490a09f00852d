import type { AddressDemand, AddressSupply, SupplyProgress } from '../../cloud-provider/load-balancer.ts'
import { readClusterName } from '../../kubernetes/cluster-name.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { toDemand } from '../address/demand.ts'
import { toExpectedBlocks, toKnownBlocks, toSource } from '../address/source.ts'
import type { WorkCall } from '../contract.ts'
import { measureChanges } from '../measure.ts'
import type { ServiceContext } from './context.ts'
import type { Blocks } from './converge.ts'
import { type Knowledge, toKnowledge } from './decide.ts'
import { changeGate, decideAllGates } from './gates.ts'
import { observeServices } from './observe.ts'
import { findWaiters, isBurstGrowing, type Waiter } from './waiting.ts'

/** What a look at all Services that wait has come to. */
export interface Round {
  readonly progress: SupplyProgress
  /** As read from the cloud in this round. */
  readonly blocks: Blocks
  /** Whether it saw this version of the Service wait, and came upon nothing that would change it. */
  leavesWaiting(service: KubeService): boolean
}

/**
 * Looks at everything that waits: opens blocks that have become ready, and has the cloud supply what is lacking
 * together.
 *
 * @throws CcmError BMC_*, KUBE_* when it could not be found out what there is
 */
export async function runRound(context: ServiceContext, call: WorkCall): Promise<Round> {
  const { cloud, guard, settings } = context
  if (!cloud.loadBalancer) throw new TypeError('load balancers are disabled')
  const clusterName = await readClusterName(context.kube, call.signal)
  const { book, services } = await observeServices(context, call)
  const expected = toExpectedBlocks(book)
  const supply = await cloud.loadBalancer.listAddresses(clusterName, {
    ...call,
    expected,
  })
  context.addresses.note(supply)
  const blocks = toBlocks(supply, expected)
  const knowledge = toKnowledge({ book, ...blocks }, context)
  const opened = await openGates(context, knowledge, supply, call)
  const waiters = findWaiters(context, services, knowledge)
  const demand = toDemand(knowledge.index, waiters, toDemandSettings(settings))
  const leavesWaiting = opened ? () => false : toLeavesWaiting(waiters)
  if (isBurstGrowing(waiters, book.now) && needsPurchase(demand))
    return { progress: GROWING, blocks, leavesWaiting }
  const progress = await cloud.loadBalancer.ensureLoadBalancer(clusterName, demand, [], { ...call, guard })
  measureChanges(context, progress.did.map(toChange))
  logBlockChanges(context, progress)
  return { progress, blocks, leavesWaiting }
}

const toChange = ({ do: action }: { readonly do: string }) => ({ kind: 'IPBlock', action }) as const

/** One line for each change that was made in the cloud. */
export function logBlockChanges({ log }: Pick<ServiceContext, 'log'>, { did }: SupplyProgress): void {
  for (const { do: action, blockId, detail, why } of did)
    log.info({ blockId, action, why, ...detail }, 'block changed')
}

function toLeavesWaiting(waiters: readonly Waiter[]): Round['leavesWaiting'] {
  const emptyHanded = waiters.filter(({ isEmptyHanded }) => isEmptyHanded)
  const versions = new Map(emptyHanded.map(({ object: { metadata } }) => [metadata.uid, metadata]))
  return ({ metadata: { uid, resourceVersion } }) =>
    resourceVersion !== undefined && versions.get(uid)?.resourceVersion === resourceVersion
}

export const toDemandSettings = ({
  minFreeAddresses,
  ipAllocation,
  tenants,
}: ServiceContext['settings']) => ({
  minFreeAddresses,
  mode: ipAllocation,
  maxDedicated: tenants.maxDedicated,
})

/** @param expected blocks that claims and gates named before the supply was read */
export const toBlocks = (supply: AddressSupply, expected: readonly string[]): Blocks => ({
  source: toSource(supply),
  known: toKnownBlocks(supply),
  judged: new Set(expected),
})

const needsPurchase = ({ needs }: AddressDemand): boolean => needs.some(({ count }) => count > 0)

const GROWING: SupplyProgress = { state: 'waiting', did: [], why: 'more Services seem to be on their way' }

/** A block that was assigned just now serves those who wait at once. @returns whether there was one */
async function openGates(
  context: ServiceContext,
  knowledge: Knowledge,
  supply: AddressSupply,
  call: WorkCall,
): Promise<boolean> {
  const { actions } = decideAllGates(context, knowledge, supply, new Set())
  const { now } = knowledge.index.view.book
  const openings = actions.filter(action => action.do === 'open')
  for (const action of openings) {
    if ((await changeGate(context, action, now, call)) === 'changed')
      measureChanges(context, [toChange(action)])
  }
  return openings.length > 0
}
