import type { Call, IpBlock } from '../bmc/client.ts'
import { hasTags } from '../bmc/tags.ts'
import type { CloudCall } from '../cloud-provider/contract.ts'
import type { BlockChange, BlockHold, SupplyProgress } from '../cloud-provider/load-balancer.ts'
import { attempt, type Change, createChange, setMark } from './block-steps.ts'
import { toClusterTags } from './block-tags.ts'
import {
  type GiveBackPlan,
  type GiveBackStep,
  type NetworkView,
  planGiveBack,
  toNetworkToLeave,
} from './give-back-plan.ts'
import { ifKnown } from './if-known.ts'
import type { LoadBalancerParts } from './load-balancer.ts'

/** What giving back works with; `publicNetworkId` is for a block that names no network itself, empty where there is none. */
export type GiveBackParts = Pick<LoadBalancerParts, 'bmc' | 'clock' | 'tagNames' | 'publicNetworkId'>

/** Goes towards giving a block back; without a hold it is only planned. */
export async function giveBack(
  parts: GiveBackParts,
  hold: BlockHold | undefined,
  clusterName: string,
  blockId: string,
  call: CloudCall,
): Promise<SupplyProgress> {
  const found = await findBlock(parts, clusterName, blockId, call)
  if (found.gone) return { state: 'done', did: [], why: found.why }
  const { block } = found
  const networkId = toNetworkToLeave(block, parts.publicNetworkId)
  const network = networkId === undefined ? undefined : await findNetwork(parts, networkId, call)
  const plan = planGiveBack(block, network)
  if (!hold)
    return toProgress(
      plan,
      plan.steps.map(step => toChange(step, block)),
    )
  const change = createChange(hold, parts.clock, call)
  const did: BlockChange[] = []
  for (const step of plan.steps) {
    const what = `${step.do} block ${blockId}`
    const ending = await attempt(what, () => carryOut(parts, change, { step, block, networkId }, call))
    if (ending.end === 'later') return { state: 'waiting', did, why: ending.why }
    if (ending.end === 'refused') return toProgress({ steps: [], refusal: ending.refusal }, did)
    did.push(toChange(step, block))
  }
  return toProgress(plan, did)
}

type Found = { readonly gone: false; readonly block: IpBlock } | { readonly gone: true; readonly why: string }

/** Only a block with the tags of this cluster is ever touched. */
async function findBlock(
  { bmc }: GiveBackParts,
  clusterName: string,
  blockId: string,
  call: CloudCall,
): Promise<Found> {
  const tags = toClusterTags(clusterName)
  const listed = (await bmc.listIpBlocks({ tags }, call)).find(({ id }) => id === blockId)
  if (listed) return { gone: false, block: listed }
  const block = await ifKnown(() => bmc.getIpBlock(blockId, call))
  if (!block) return { gone: true, why: `BMC knows no block ${blockId}` }
  if (hasTags(block.tags, tags)) return { gone: false, block }
  return { gone: true, why: `block ${blockId} does not bear the tags of this cluster and is left alone` }
}

const findNetwork = ({ bmc }: GiveBackParts, id: string, call: Call): Promise<NetworkView> =>
  ifKnown(() => bmc.getPublicNetwork(id, call))

interface Carrying {
  readonly step: GiveBackStep
  readonly block: IpBlock
  readonly networkId: string | undefined
}

async function carryOut(
  { bmc, tagNames, publicNetworkId }: GiveBackParts,
  change: Change,
  { step, block, networkId = publicNetworkId }: Carrying,
  call: CloudCall,
): Promise<void> {
  switch (step.do) {
    case 'mark':
      return setMark({ bmc, tagNames, call }, change, block, true)
    case 'unassign':
      return change(limits => bmc.unassignIpBlock(networkId, block.id, {}, limits))
    case 'delete':
      return change(limits => bmc.deleteIpBlock(block.id, limits))
  }
}

const toChange = ({ do: what, why }: GiveBackStep, { id, cidr, status }: IpBlock): BlockChange => ({
  do: what,
  blockId: id,
  detail: { cidr, status },
  why,
})

function toProgress({ wait, refusal }: GiveBackPlan, did: readonly BlockChange[]): SupplyProgress {
  if (refusal) {
    const { code, message } = refusal
    return { state: 'refused', did, why: message, code, message }
  }
  if (wait !== undefined) return { state: 'waiting', did, why: wait }
  return { state: 'done', did, why: 'the block was given back' }
}
