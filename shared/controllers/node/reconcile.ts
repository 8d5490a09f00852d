import { CcmError, hasCode } from '../../errors.ts'
import { getNode } from '../../kubernetes/nodes.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { ReconcileOutcome, WorkCall } from '../contract.ts'
import type { InventoryView } from '../inventory/reader.ts'
import { measureChanges } from '../measure.ts'
import { mergeFields, type NodeAction, type NodeDecision, type Trigger } from './actions.ts'
import { applyFields, tellNode } from './apply.ts'
import type { NodeContext } from './context.ts'
import { type Found, findForJoin } from './find.ts'
import { type Finding, matchInstance } from './match.ts'
import { measureJoin } from './measure.ts'
import { decideNode, isUninitialized } from './plan.ts'

/** Someone else (a kubelet's status, another handler) may write between our read and our write; three in a row do not. */
const ATTEMPTS = 4

/** Brings one node to what it should be, as it is stored now. Never deletes. */
export async function reconcileNode(
  context: NodeContext,
  name: string,
  call: WorkCall,
): Promise<ReconcileOutcome> {
  const key = { kind: 'Node' as const, name }
  try {
    const node = await getNode(context.kube, name, call.signal)
    const { finding, why } = await findForReconcile(context, node, call)
    const find = (current: KubeNode): Finding => stillHolds(context, current, finding)
    const done = await convergeNode(context, node, find, 'reconcile', call)
    measureChanges(context, done.did.map(toChange))
    for (const action of done.did) {
      context.log.info({ node: name, action: action.do, why: action.why, found: why }, 'node changed')
    }
    const { why: reason, code } = done.decision
    // What could not be found out is worth another try; what the user must mend is not.
    const unknown = isUninitialized(done.node) && find(done.node).state === 'unknown'
    return {
      key,
      result: unknown ? 'retry' : done.did.length > 0 ? 'changed' : 'unchanged',
      why: reason,
      code,
    }
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return { key, result: 'gone', why: 'the node does not exist' }
    const code = error instanceof CcmError ? error.code : undefined
    context.log.warn({ node: name, error }, 'node not reconciled')
    return { key, result: 'retry', why: error instanceof Error ? error.message : String(error), code }
  }
}

const toChange = ({ do: action }: NodeAction) => ({ kind: 'Node', action }) as const

/** What was found for a node without a provider ID says nothing of it once another handler has given it another one. */
function stillHolds({ cloud }: NodeContext, node: KubeNode, finding: Finding): Finding {
  const owner = cloud.providerIDOwner(node.spec?.providerID)
  if (finding.state !== 'found' || owner.owner !== 'ours' || owner.id === finding.instance.id) return finding
  return { state: 'unknown', code: 'KUBE_CONFLICT', message: 'it has got another provider ID meanwhile' }
}

async function findForReconcile(context: NodeContext, node: KubeNode, call: WorkCall): Promise<Found> {
  if (isUninitialized(node)) {
    const found = await findForJoin(context, node, call.deadline, call.signal)
    return { ...found, finding: await checkHolder(context, node, found.finding, call) }
  }
  return findForUpkeep(node, await context.inventory.read(call.signal), context)
}

/** The holder was read at the last pass; it may be gone by now. */
async function checkHolder(
  { kube, cloud, live }: NodeContext,
  node: KubeNode,
  finding: Finding,
  call: WorkCall,
): Promise<Finding> {
  if (finding.state !== 'taken') return finding
  const holder = await getNode(kube, finding.holder, call.signal).catch((error: unknown) => {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  })
  const owner = cloud.providerIDOwner(holder?.spec?.providerID)
  if (owner.owner === 'ours' && owner.id === finding.id) return finding
  const { index } = await live.list(call.deadline, call.signal)
  const matched = matchInstance(node, index, cloud.providerIDOwner)
  return matched.state === 'found' && matched.instance.id !== finding.id ? ANOTHER_SERVER : matched
}

/** Its holder has not been looked at. */
const ANOTHER_SERVER: Finding = {
  state: 'unknown',
  code: 'CCM_PROVIDER_ID_TAKEN',
  message: 'another server has its hostname by now',
}

/** An initialised node is kept up from a young inventory only, and its addresses are left to resync (plan.ts). */
function findForUpkeep(
  node: KubeNode,
  { inventory, index, freshness }: InventoryView,
  { cloud }: NodeContext,
): Found {
  const why = 'the inventory is old or missing: left to resync'
  const unknown: Finding = { state: 'unknown', code: 'CCM_INSTANCE_NOT_FOUND', message: why }
  if (!inventory || !freshness.young) return { finding: unknown, why }
  const finding = matchInstance(node, index, cloud.providerIDOwner)
  // Absence from an inventory proves nothing: only a pass with a fresh list may say so.
  return finding.state === 'absent' ? { finding: unknown, why } : { finding, why: 'from a young inventory' }
}

/** What was done to a node. `node` is as it is stored afterwards. */
export interface Converged {
  readonly node: KubeNode
  readonly decision: NodeDecision
  readonly did: readonly NodeDecision['actions'][number][]
}

/**
 * Decides and writes; when the node changed meanwhile, reads it again and decides anew.
 *
 * @throws CcmError KUBE_*; KUBE_CONFLICT after several attempts, and when it is another node of that name by now
 */
export async function convergeNode(
  context: NodeContext,
  node: KubeNode,
  find: (node: KubeNode) => Finding,
  trigger: Trigger,
  call: WorkCall,
): Promise<Converged> {
  const { kube, cloud } = context
  for (let attempt = 1, current = node; ; attempt++) {
    const owner = cloud.providerIDOwner(current.spec?.providerID).owner
    const decision = decideNode(current, find(current), owner, trigger)
    try {
      const stored = await applyFields(kube, current, mergeFields(decision.actions), call.signal)
      measureJoin(context, stored, decision.actions)
      await tellNode(context, stored, decision.events, context.clock.now(), call.signal)
      return { node: stored, decision, did: decision.actions }
    } catch (error) {
      if (attempt === ATTEMPTS || !hasCode(error, 'KUBE_CONFLICT')) throw error
      current = await getNode(kube, current.metadata.name, call.signal)
      // Another node of that name may be another machine, of which nothing was found out.
      if (current.metadata.uid !== node.metadata.uid) throw error
    }
  }
}
