import type { Kube } from '../../kubernetes/client.ts'
import { recordEvent } from '../../kubernetes/events.ts'
import { toMapPatch } from '../../kubernetes/json-patch.ts'
import { type MergePatch, patchNode, patchNodeStatus } from '../../kubernetes/nodes.ts'
import type { JsonPatch, JsonPatchOperation, KubeNode } from '../../kubernetes/types.ts'
import { changeTaints, type NodeEvent, type NodeFields } from './actions.ts'
import type { NodeContext } from './context.ts'

/**
 * The change as the JSON patch of a Node CREATE review. It applies to exactly that object, holds no `test`
 * (a failing one would refuse the kubelet), creates parents first and replaces the taints as one list.
 */
export function toJsonPatch(node: KubeNode, fields: NodeFields): JsonPatch {
  const { providerID, labels, annotations, addresses } = fields
  const patch: JsonPatchOperation[] = [
    ...toMapPatch('/metadata/labels', node.metadata.labels, labels),
    ...toMapPatch('/metadata/annotations', node.metadata.annotations, annotations),
  ]
  if (!node.spec && (providerID !== undefined || touchesTaints(fields)))
    patch.push({ op: 'add', path: '/spec', value: {} })
  if (providerID !== undefined) patch.push({ op: 'add', path: '/spec/providerID', value: providerID })
  if (touchesTaints(fields)) {
    patch.push({ op: 'add', path: '/spec/taints', value: changeTaints(node.spec?.taints ?? [], fields) })
  }
  if (addresses) {
    if (!node.status) patch.push({ op: 'add', path: '/status', value: {} })
    patch.push({ op: 'add', path: '/status/addresses', value: addresses })
  }
  return patch
}

const touchesTaints = ({ removeTaints, addTaints }: NodeFields): boolean =>
  removeTaints !== undefined || addTaints !== undefined

/**
 * Writes the change: addresses first, so that a node is never seen initialised without them, and a kill in
 * between leaves the taint for the next run. Both patches hold the resourceVersion that was decided on.
 *
 * @throws CcmError KUBE_CONFLICT when the node changed since it was read
 */
export async function applyFields(
  kube: Kube,
  node: KubeNode,
  fields: NodeFields,
  signal?: AbortSignal,
): Promise<KubeNode> {
  const { name } = node.metadata
  let current = node
  if (fields.addresses) {
    const body = { metadata: preconditions(current), status: { addresses: fields.addresses } }
    current = await patchNodeStatus(kube, name, body, signal)
  }
  const body = toMainPatch(current, fields)
  return body === undefined ? current : patchNode(kube, name, body, signal)
}

const preconditions = ({ metadata: { uid, resourceVersion } }: KubeNode): MergePatch => ({
  uid,
  resourceVersion,
})

function toMainPatch(node: KubeNode, fields: NodeFields): MergePatch | undefined {
  const { providerID, labels, annotations } = fields
  const taints = touchesTaints(fields) ? changeTaints(node.spec?.taints ?? [], fields) : undefined
  const spec = {
    ...(providerID === undefined ? {} : { providerID }),
    ...(taints === undefined ? {} : { taints: taints.length === 0 ? null : taints }),
  }
  const metadata = { ...(labels && { labels }), ...(annotations && { annotations }) }
  if (Object.keys(spec).length + Object.keys(metadata).length === 0) return undefined
  return { metadata: { ...preconditions(node), ...metadata }, ...(Object.keys(spec).length > 0 && { spec }) }
}

/** As recordNodeEvents. An event that cannot be written is logged: it undoes and forbids nothing. */
export async function tellNode(
  { kube, log }: Pick<NodeContext, 'kube' | 'log'>,
  node: KubeNode,
  events: readonly NodeEvent[],
  now: number,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await recordNodeEvents(kube, node, events, now, signal)
  } catch (error) {
    log.warn({ node: node.metadata.name, error }, 'event not written')
  }
}

/** Writes what a user should read about the node; each text once. */
export async function recordNodeEvents(
  kube: Kube,
  node: KubeNode,
  events: readonly NodeEvent[],
  now: number,
  signal?: AbortSignal,
): Promise<void> {
  const { name, uid } = node.metadata
  for (const event of events) {
    await recordEvent(kube, { apiVersion: 'v1', kind: 'Node', name, uid }, event, now, signal)
  }
}
