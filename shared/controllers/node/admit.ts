import type { KubeNode } from '../../kubernetes/types.ts'
import type { NodeAdmission, WorkCall } from '../contract.ts'
import { mergeFields } from './actions.ts'
import { toJsonPatch } from './apply.ts'
import type { NodeContext } from './context.ts'
import { findForJoin } from './find.ts'
import { decideNode, isUninitialized } from './plan.ts'

/** The cloud gets half of the webhook's time: the other half is for answering without it. */
const CLOUD_SHARE = 0.5

/**
 * What a node that is being created gets at once. Only reads: a restarted kubelet sends CREATE for a node that
 * exists, and the API server refuses it after us.
 */
export async function admitNode(
  context: NodeContext,
  node: KubeNode,
  call: WorkCall,
): Promise<NodeAdmission> {
  if (!isUninitialized(node))
    return { patch: undefined, why: 'the node has no uninitialized taint', warnings: [] }
  if (!node.metadata.name) return { patch: undefined, why: 'the node has no name yet', warnings: [] }
  const { clock, cloud } = context
  const deadline = clock.now() + (call.deadline - clock.now()) * CLOUD_SHARE
  const { finding, why } = await findForJoin(context, node, deadline, call.signal)
  const owner = cloud.providerIDOwner(node.spec?.providerID).owner
  const decision = decideNode(node, finding, owner, 'admission')
  const patch = toJsonPatch(node, mergeFields(decision.actions))
  const { code } = decision
  const admission = { why: `${decision.why} (${why})`, warnings: [], ...(code && { code }) }
  return { patch: patch.length === 0 ? undefined : patch, ...admission }
}
