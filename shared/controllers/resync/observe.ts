import type { Instance } from '../../cloud-provider/contract.ts'
import { CcmError, hasCode } from '../../errors.ts'
import { listNodes } from '../../kubernetes/nodes.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { WorkCall } from '../contract.ts'
import { type Inventory, toHolders } from '../inventory/content.ts'
import { readFamilies } from '../inventory/families.ts'
import { readInventory } from '../inventory/store.ts'
import type { NodeContext } from '../node/context.ts'
import type { LeaseState } from './lease.ts'

/** Everything a pass decides from, read once. */
export interface Observed {
  readonly nodes: readonly KubeNode[]
  /** The complete list of instances, or why there is none. */
  readonly instances: readonly Instance[] | CcmError
  readonly account: string
  readonly previous: Inventory | undefined
  readonly families: readonly string[]
}

/** Of the pass's time: the rest is for the nodes, and for the Lease that tells of a cloud that does not answer. */
const CLOUD_SHARE = 0.75

/**
 * Reads both sides side by side. When the cluster fails, nothing is left running.
 *
 * @throws CcmError KUBE_* when the nodes cannot be listed
 */
export async function observe(
  context: NodeContext,
  { account: vouched }: Pick<LeaseState, 'account'>,
  call: WorkCall,
): Promise<Observed> {
  const { cloud, kube } = context
  const stop = new AbortController()
  const signal = call.signal ? AbortSignal.any([call.signal, stop.signal]) : stop.signal
  const reads = [
    listNodes(kube, signal),
    listInstances(context, { ...call, signal }),
    cloud.accountFingerprint().catch(() => undefined),
    readPrevious(context, { ...call, signal }),
    readFamilies(kube, signal).catch(() => undefined),
  ] as const
  try {
    const [nodes, instances, fingerprint, previous, families] = await Promise.all(reads)
    // Credentials that cannot be read at this moment are no other account.
    const before = previous?.account ?? vouched
    const account = fingerprint ?? before ?? ''
    const observed = { nodes, instances, account, previous, families: families ?? previous?.families ?? [] }
    return { ...observed, instances: decideDistrust(observed, before, context) ?? instances }
  } catch (error) {
    stop.abort('the pass cannot go on')
    await Promise.allSettled(reads)
    throw error
  }
}

async function listInstances(
  { cloud, clock }: NodeContext,
  { deadline, signal }: WorkCall,
): Promise<readonly Instance[] | CcmError> {
  const call = { deadline: clock.now() + (deadline - clock.now()) * CLOUD_SHARE, signal }
  try {
    return (await cloud.instancesV2?.listInstances(call)) ?? []
  } catch (error) {
    return error instanceof CcmError
      ? error
      : new CcmError('BMC_RESPONSE_INVALID', `the list of servers failed: ${String(error)}`, { cause: error })
  }
}

async function readPrevious({ kube, log }: NodeContext, call: WorkCall): Promise<Inventory | undefined> {
  try {
    return await readInventory(kube, call.signal)
  } catch (error) {
    if (!hasCode(error, 'CCM_INVENTORY_INVALID')) throw error
    log.warn({ error }, 'inventory cannot be used and is written anew')
    return undefined
  }
}

/**
 * Other credentials may lead into another account, whose list lacks all our servers. One server that a node of
 * ours has, or that the inventory knew, proves that they do not.
 */
function decideDistrust(
  observed: Observed,
  before: string | undefined,
  { cloud }: NodeContext,
): CcmError | undefined {
  const { instances, previous, account, nodes } = observed
  if (instances instanceof CcmError || before === undefined || before === account) return undefined
  const holders = toHolders(nodes, cloud.providerIDOwner)
  const known = new Set([...holders.keys(), ...(previous?.entries ?? []).map(({ id }) => id)])
  if (known.size === 0 || instances.some(({ id }) => known.has(id))) return undefined
  return new CcmError(
    'CCM_ACCOUNT_CHANGED',
    'the BMC credentials are new and their account holds none of the servers that this cluster knows',
  )
}
