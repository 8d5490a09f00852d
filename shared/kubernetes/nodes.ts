import type { Kube } from './client.ts'
import { listAll } from './lists.ts'
import { toSegment } from './path.ts'
import { pickFrom } from './shape.ts'
import type { KubeNode } from './types.ts'

const PATH = '/api/v1/nodes'
const pathOf = (name: string): string => `${PATH}/${toSegment(name)}`

/** Body of a merge patch; `metadata.resourceVersion` in it is a precondition. */
export type MergePatch = Readonly<Record<string, unknown>>

/** Every node, each cut down to what is read of it: images and managed fields are most of its size. */
export function listNodes(kube: Kube, signal?: AbortSignal): Promise<KubeNode[]> {
  return listAll<KubeNode, KubeNode>(kube, { path: PATH, keep: toEssentials, signal })
}

/** @throws CcmError KUBE_NOT_FOUND */
export async function getNode(kube: Kube, name: string, signal?: AbortSignal): Promise<KubeNode> {
  const { body } = await kube.request<KubeNode>({ path: pathOf(name), signal })
  return pickFrom(pathOf(name), body, toEssentials)
}

/** @throws CcmError KUBE_CONFLICT when the resourceVersion in the patch is no longer the node's */
export async function patchNode(
  kube: Kube,
  name: string,
  body: MergePatch,
  signal?: AbortSignal,
): Promise<KubeNode> {
  const answer = await kube.request<KubeNode>({
    method: 'PATCH',
    path: pathOf(name),
    patch: 'merge',
    body,
    signal,
  })
  return pickFrom(pathOf(name), answer.body, toEssentials)
}

/** As `patchNode`, for the status subresource. */
export async function patchNodeStatus(
  kube: Kube,
  name: string,
  body: MergePatch,
  signal?: AbortSignal,
): Promise<KubeNode> {
  const path = `${pathOf(name)}/status`
  const answer = await kube.request<KubeNode>({ method: 'PATCH', path, patch: 'merge', body, signal })
  return pickFrom(pathOf(name), answer.body, toEssentials)
}

/**
 * Deletes the node only as it was read: a new node of the same name, or one that changed since, stays.
 *
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND
 */
export async function deleteNode(kube: Kube, node: KubeNode, signal?: AbortSignal): Promise<void> {
  const { name, uid, resourceVersion } = node.metadata
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
  await kube.request({ method: 'DELETE', path: pathOf(name), body, signal })
}

function toEssentials(node: KubeNode): KubeNode {
  const { name, uid, resourceVersion, labels, annotations, creationTimestamp, deletionTimestamp } =
    node.metadata
  const { machineID = '', systemUUID = '' } = node.status?.nodeInfo ?? {}
  return {
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    spec: {
      ...(node.spec?.providerID === undefined ? {} : { providerID: node.spec.providerID }),
      ...(node.spec?.taints === undefined ? {} : { taints: node.spec.taints }),
    },
    status: {
      addresses: node.status?.addresses ?? [],
      conditions: (node.status?.conditions ?? [])
        .filter(({ type }) => type === 'Ready')
        .map(({ type, status }) => ({ type, status })),
      nodeInfo: { machineID, systemUUID },
    },
  }
}
