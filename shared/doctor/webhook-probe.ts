import type { Instance } from '../cloud-provider/contract.ts'
import type { Kube } from '../kubernetes/client.ts'
import { FINALIZER, UNINITIALIZED_TAINT } from '../kubernetes/names.ts'
import type { KubeNode, KubeService } from '../kubernetes/types.ts'

const NAME = 'cloud-provider-phoenixnap-doctor'
const DRY_RUN = { dryRun: 'All' } as const

/**
 * Whether a new load balancer is reviewed: the dry run of one comes back with our finalizer. Nothing is stored.
 *
 * @throws CcmError KUBE_*, as KUBE_FORBIDDEN without the right to create Services
 */
export async function probeService(kube: Kube, signal: AbortSignal): Promise<boolean> {
  const { body } = await kube.request<KubeService>({
    method: 'POST',
    path: '/api/v1/namespaces/default/services',
    query: DRY_RUN,
    body: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    },
    signal,
  })
  return body.metadata.finalizers?.includes(FINALIZER) ?? false
}

/**
 * Whether a joining node is reviewed: the dry run of one for a server that has not joined comes back with a provider ID.
 *
 * @returns undefined where every server has joined, so that nothing would be seen
 */
export async function probeNode(
  kube: Kube,
  instances: readonly Instance[],
  nodes: readonly KubeNode[],
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const name = findUnjoined(instances, nodes)
  if (name === undefined) return undefined
  const { body } = await kube.request<KubeNode>({
    method: 'POST',
    path: '/api/v1/nodes',
    query: DRY_RUN,
    body: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { taints: [{ key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' }] },
    },
    signal,
  })
  return Boolean(body.spec?.providerID)
}

/** A name of a node. */
const NODE_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/** Hostname of a server that no node has, and no other server. */
export function findUnjoined(instances: readonly Instance[], nodes: readonly KubeNode[]): string | undefined {
  const taken = new Set(nodes.map(({ metadata }) => metadata.name.toLowerCase()))
  const ids = nodes.map(({ spec }) => spec?.providerID ?? '')
  const names = Map.groupBy(instances, ({ hostname }) => hostname.toLowerCase())
  const [found] = [...names].find(
    ([name, [first, ...others]]) =>
      others.length === 0 &&
      first?.terminating === false &&
      NODE_NAME.test(name) &&
      !taken.has(name) &&
      !ids.some(id => id.endsWith(first.id)),
  ) ?? [undefined]
  return found
}
