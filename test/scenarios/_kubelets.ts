import type { Kube } from '../../shared/kubernetes/client.ts'
import { NAME } from '../../shared/kubernetes/names.ts'
import type { KubeNode, KubeNodeAddress, ObjectMeta } from '../../shared/kubernetes/types.ts'
import type { Server } from '../../shared/simulator/bmc/types.ts'
import type { NodeWatch } from '../support/watch.ts'

/** An object with who wrote what of it. */
interface Written {
  readonly metadata: ObjectMeta & { readonly managedFields?: readonly { readonly manager: string }[] }
}

/** What a kubelet cannot know of its node, and BMC does. */
export interface CloudPart {
  readonly labels: Readonly<Record<string, string>>
  readonly providerID: string | undefined
  readonly addresses: readonly KubeNodeAddress[] | undefined
}

export function fromServer({ id, type, location, ...server }: Server): CloudPart {
  return {
    labels: {
      'node.kubernetes.io/instance-type': type,
      'beta.kubernetes.io/instance-type': type,
      'topology.kubernetes.io/region': location,
      'failure-domain.beta.kubernetes.io/region': location,
    },
    providerID: `phoenixnap://${id}`,
    addresses: [
      ...server.privateIpAddresses.map(address => ({ type: 'InternalIP', address })),
      ...(server.publicIpAddresses ?? []).map(address => ({ type: 'ExternalIP', address })),
      { type: 'Hostname', address: server.hostname },
    ],
  }
}

const CLOUD_LABEL = /instance-type$|\/region$|\/zone$/

/** The same part of a node, whoever wrote it. */
export function fromNode({ metadata, spec, status }: KubeNode): CloudPart {
  const labels = Object.entries(metadata.labels ?? {}).filter(([name]) => CLOUD_LABEL.test(name))
  return { labels: Object.fromEntries(labels), providerID: spec?.providerID, addresses: status?.addresses }
}

/** Names of the objects of a collection that we have written since they exist. */
export async function writtenByUs(admin: Kube, path: string): Promise<string[]> {
  const { body } = await admin.request<{ items: readonly Written[] }>({ path })
  return body.items
    .filter(({ metadata }) => metadata.managedFields?.some(({ manager }) => manager === NAME))
    .map(({ metadata }) => metadata.name)
}

/** As an operator's hand might do it. @returns the node without addresses */
export async function emptyAddresses(admin: Kube, name: string): Promise<KubeNode> {
  const path = `/api/v1/nodes/${name}/status`
  const body = [{ op: 'remove', path: '/status/addresses' }]
  return (await admin.request<KubeNode>({ method: 'PATCH', path, patch: 'json', body })).body
}

/** The node's first version after `than` that fits. */
export async function later(
  watch: NodeWatch,
  than: KubeNode,
  fits: (node: KubeNode) => boolean,
): Promise<KubeNode> {
  const { name, resourceVersion } = than.metadata
  const isLater = ({ metadata }: KubeNode): boolean =>
    metadata.name === name && Number(metadata.resourceVersion) > Number(resourceVersion)
  return (await watch.until(({ object }) => isLater(object) && fits(object))).object
}
