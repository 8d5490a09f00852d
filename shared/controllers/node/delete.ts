import { CcmError, hasCode } from '../../errors.ts'
import { deleteNode, getNode } from '../../kubernetes/nodes.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { WorkCall } from '../contract.ts'
import { mapLimit } from '../map-limit.ts'
import type { NodeEvent } from './actions.ts'
import { tellNode } from './apply.ts'
import type { NodeContext } from './context.ts'
import { type Candidate, type DeletionDecision, type Held, toMissingSince } from './deletion.ts'
import { isReady } from './plan.ts'

/** Candidates that the cloud itself says it does not know, and those that are kept after all. */
export interface Verified {
  readonly confirmed: readonly Candidate[]
  readonly held: readonly Held[]
}

/** More than may be deleted are asked for, so that one that cannot be deleted does not hold back the next. */
const SPARE = 5
/** Ids asked for at once. */
const PARALLEL = 4
/** Of the time that is left: an id that hangs must not keep the pass from its end. */
const VERIFY_SHARE = 0.5

/**
 * Asks the cloud for candidates by their ids, as far as the allowance goes and a few more. One that is found proves
 * that the list was cut: then nothing that it lacks may be deleted.
 */
export async function verifyCandidates(
  { cloud, clock }: NodeContext,
  { candidates, allowance, held }: DeletionDecision,
  call: WorkCall,
): Promise<Verified> {
  const asked = allowance > 0 ? candidates.slice(0, allowance + SPARE) : []
  const limited = { ...call, deadline: clock.now() + (call.deadline - clock.now()) * VERIFY_SHARE }
  const answers = await mapLimit(asked, PARALLEL, async candidate => ({
    candidate,
    answer: await ask(cloud.instancesV2, candidate.id, limited),
  }))
  const found = answers.find(({ answer }) => answer.state === 'found')
  if (found) {
    const why = `server ${found.candidate.id} is missing from the list but answers by its id: the list was cut`
    const kept = candidates.map(({ node }) => ({ node, why, reason: 'answers-by-id' as const }))
    return { confirmed: [], held: [...held, ...kept] }
  }
  const confirmed = answers
    .filter(({ answer }) => answer.state === 'absent')
    .map(({ candidate }) => candidate)
  const unknown = answers.flatMap(({ candidate: { node }, answer }) =>
    answer.state === 'unknown' ? [{ node, why: answer.why, reason: 'cloud-unsure' as const }] : [],
  )
  const rest = candidates.slice(asked.length).map(({ node }) => toEnough(node))
  return { confirmed, held: [...held, ...unknown, ...rest] }
}

/** Why a node stays that may be deleted later. */
export const ENOUGH = 'as many nodes as may be were deleted within ten minutes'

export const toEnough = (node: KubeNode): Held => ({ node, why: ENOUGH, reason: 'allowance' })

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
    await tellNode(context, current, [deletingEvent(current.metadata.name)], now, call.signal)
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
