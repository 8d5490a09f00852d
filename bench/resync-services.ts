import type { Stage } from './stage.ts'

/** Upstream's tag of a block that the program may use; the other one is the UID of kube-system. */
const USAGE = { name: 'usage', value: 'cloud-provider-phoenixnap-auto' }
/** As many as a network takes, each as large as BMC has any: all Services are served without a purchase. */
const BLOCKS = 10
const BLOCK_SIZE = '/22'

/**
 * Services that want addresses, and blocks that have them.
 *
 * @returns the settings with which they are served
 */
export function seedServices({ kubernetes, bmc }: Stage, count: number): Readonly<Record<string, string>> {
  if (count === 0) return {}
  const { backend } = bmc
  const uid = kubernetes.store.get('namespaces', 'kube-system')?.metadata.uid ?? ''
  const tags = [USAGE, { name: 'cluster', value: uid }]
  const network = backend.addPublicNetwork()
  const blockIds = Array.from(
    { length: BLOCKS },
    () => backend.addIpBlock({ cidrBlockSize: BLOCK_SIZE, tags }).id,
  )
  for (const id of blockIds)
    backend.updateIpBlock(id, {
      status: 'assigned',
      assignedResourceId: network.id,
      assignedResourceType: 'public network',
    })
  backend.updatePublicNetwork(network.id, { blockIds })
  for (let index = 0; index < count; index++) kubernetes.store.create(toService(index))
  // Blocks that nobody uses are kept for as long as is measured.
  return { PNAP_LOAD_BALANCER: `kube-vip://${network.id}`, PNAP_BLOCK_GRACE: '24h' }
}

const toService = (index: number): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `web-${index}`, namespace: 'default' },
  spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], selector: { app: 'web' } },
})
