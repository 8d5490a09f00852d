import { CcmError, hasCode } from '../../errors.ts'
import { deleteNode, getNode } from '../../kubernetes/nodes.ts'
import type { WorkCall } from '../contract.ts'
import type { NodeEvent } from './actions.ts'
import { recordNodeEvents } from './apply.ts'
import type { NodeContext } from './context.ts'
import { type Candidate, type DeletionDecision, type Held, toMissingSince } from './deletion.ts'
import { isReady } from './plan.ts'

/** Candidates that the cloud itself says it does not know, and those that are kept after all. */
export interface Verified {
  readonly confirmed: readonly Candidate[]
  readonly held: readonly Held[]
}

/**
 * Asks the cloud for each candidate by its id, as far as the allowance goes. One that is found proves that the
 * list was cut: then nothing that it lacks may be deleted.
 */
export async function verifyCandidates(
  { cloud }: NodeContext,
  { candidates, allowance, held }: DeletionDecision,
  call: WorkCall,
): Promise<Verified> {
  const confirmed: Candidate[] = []
  const kept: Held[] = [...held]
  for (const candidate of candidates) {
    if (confirmed.length >= allowance) {
      kept.push({ node: candidate.node, why: 'as many nodes as may be were deleted within ten minutes' })
      continue
    }
    const answer = await ask(cloud.instancesV2, candidate.id, call)
    if (answer.state === 'found') {
      const why = `server ${candidate.id} is missing from the list but answers by its id: the list was cut`
      return { confirmed: [], held: [...held, ...candidates.map(({ node }) => ({ node, why }))] }
    }
    if (answer.state === 'absent') confirmed.push(candidate)
    else kept.push({ node: candidate.node, why: answer.why })
  }
  return { confirmed, held: kept }
}

type Answer = { readonly state: 'found' } | { readonly state: 'absent' | 'unknown'; readonly why: string }

async function ask(
  instances: NodeContext['cloud']['instancesV2'],
  id: string,
  call: WorkCall,
): Promise<Answer> {
  if (!instances) return { state: 'unknown', why: 'the cloud has no instances' }
  try {
    return await instances.getInstance(id, call)
  } catch (error) {
    const code = error instanceof CcmError ? error.code : 'an error'
    return { state: 'unknown', why: `the BMC API answered ${code} when asked for server ${id}` }
  }
}

/**
 * Deletes one node if it is still the one that was decided on: same UID, still not ready, still marked.
 *
 * @returns why it was kept after all, or undefined when it was deleted
 * @throws CcmError KUBE_*
 */
export async function deleteIfUnchanged(
  context: NodeContext,
  { node, id }: Candidate,
  now: number,
  call: WorkCall,
): Promise<string | undefined> {
  const { kube } = context
  try {
    const current = await getNode(kube, node.metadata.name, call.signal)
    const isSame =
      current.metadata.uid === node.metadata.uid &&
      context.cloud.providerIDOwner(current.spec?.providerID).owner === 'ours'
    if (!isSame) return 'a new node has its name'
    if (isReady(current)) return 'it has become ready'
    if (toMissingSince(current) === undefined) return 'its mark is gone'
    await recordNodeEvents(kube, current, [deletingEvent(current.metadata.name)], now, call.signal)
    await deleteNode(kube, current, call.signal)
    context.log.warn({ node: node.metadata.name, serverId: id }, 'node deleted: its server is gone')
    return undefined
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return 'it is gone already'
    if (hasCode(error, 'KUBE_CONFLICT')) return 'it changed at the same moment'
    throw error
  }
}

const deletingEvent = (name: string): NodeEvent => ({
  type: 'Normal',
  reason: 'DeletingNode',
  message: `Deleting node ${name} because it does not exist in the cloud provider`,
  component: 'cloud-node-lifecycle-controller',
})

/** Tells the user why a node whose server is missing stays. Waiting for the grace time needs no event. */
export const heldEvent = (why: string): NodeEvent => ({
  type: 'Warning',
  reason: 'NodeDeletionHeld',
  message: `The BMC server of this node is missing, but the node is kept: ${why}.`,
  component: 'cloud-node-lifecycle-controller',
})
