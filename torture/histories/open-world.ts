import { createHash } from 'node:crypto'
import type { World, WorldOptions } from '../world/contract.ts'
import { createWorld } from '../world/world.ts'
import type { PlanSettings } from './plan.ts'

const SHORT_RESTS = {
  PNAP_RELEASE_QUARANTINE: '60s',
  PNAP_TYPE_CHANGE_QUARANTINE: '90s',
  PNAP_BLOCK_GRACE: '60s',
}
const BINDING = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'others' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: ['announcer', 'other-controller', 'system:serviceaccount:kube-system:node-controller'].map(
    name => ({
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'User',
      name,
    }),
  ),
}

/** The world of a history before its first step. */
export async function openWorld(seed: number, settings: PlanSettings): Promise<World> {
  const world = await createWorld(toWorldOptions(seed, settings))
  world.cluster.store.create(BINDING)
  world.cluster.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } })
  for (const size of settings.neighbours) addNeighbour(world, size)
  return world
}

/** UID of another cluster's kube-system. */
export const NEIGHBOUR_UID = '0a0a0a0a-0000-4000-8000-0a0a0a0a0a0a'

function addNeighbour({ cloud: { backend }, networkId }: World, cidrBlockSize: string): void {
  const before = backend.publicNetwork(networkId).ipBlocks.map(({ id }) => id)
  const tags = [
    { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
    { name: 'cluster', value: NEIGHBOUR_UID },
  ]
  const { id } = backend.addIpBlock({ cidrBlockSize, tags })
  const assigned = { assignedResourceId: networkId, assignedResourceType: 'public network' }
  backend.updateIpBlock(id, { status: 'assigned', ...assigned })
  backend.updatePublicNetwork(networkId, { blockIds: [...before, id] })
}

function toWorldOptions(seed: number, settings: PlanSettings): WorldOptions {
  const { announcer, blocks, webhook, audit, dualStack, latencyMs } = settings
  return {
    seed,
    announcer,
    blocks,
    webhook,
    audit,
    dualStack,
    latencyMs: [1, latencyMs],
    keepEntries: false,
    environment: {
      PNAP_IP_ALLOCATION: settings.allocation,
      PNAP_IP_BLOCK_SIZE: settings.blockSize,
      PNAP_MIN_FREE_ADDRESSES: String(settings.minFreeAddresses),
      PNAP_MAX_BLOCKS: String(settings.maxBlocks),
      ...(settings.rests === 'short' ? SHORT_RESTS : {}),
    },
  }
}

/** Over everything that happens in a world from now on. @returns the digest of it so far */
export function fingerprint({ history }: World): () => string {
  const hash = createHash('sha256')
  history.onEntry(entry => hash.update(JSON.stringify(entry)))
  return () => hash.copy().digest('hex')
}
