import type { Test } from 'tap'
import { hasCode } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { getNode, listNodes } from '../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import type { BmcSimulator } from '../../shared/simulator/bmc/server.ts'
import type { TestCluster } from '../support/cluster.ts'
import { CONTROLLER } from '../support/cluster.ts'
import { fakeKubelet, setReady } from '../support/fake-kubelet.ts'
import { createWorld, type Environment, type World } from '../support/world.ts'

/** A cluster whose nodes all have servers and are Ready, as a first pass has seen them. */
export interface Scene {
  readonly world: World
  readonly bmc: BmcSimulator
  readonly admin: Kube
  /** In the order of `ids`. */
  readonly names: readonly string[]
  readonly ids: readonly string[]
}

export const INVENTORY = '/api/v1/namespaces/kube-system/configmaps/cloud-provider-phoenixnap'
export const LEASE =
  '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/cloud-provider-phoenixnap-resync'

/** Empties the cluster and fills it with `size` nodes under the controller's own, shipped role. */
export async function createScene(
  t: Test,
  cluster: TestCluster,
  size: number,
  environment: Environment = {},
): Promise<Scene> {
  const admin = await cluster.kube()
  await clear(admin)
  const grace = { PNAP_NODE_DELETE_GRACE: '0s', ...environment }
  const world = await createWorld(t, cluster, { user: CONTROLLER, environment: grace })
  const names = Array.from({ length: size }, (_, index) => `node-${index}`)
  const servers = names.map(hostname => world.bmc.backend.addServer({ hostname }))
  await Promise.all(
    servers.map(({ hostname, id }) =>
      fakeKubelet(admin, hostname, { providerID: `phoenixnap://${id}`, external: false, ready: true }),
    ),
  )
  t.equal((await world.resync()).state, 'complete', 'the first pass sees everything')
  return { world, bmc: world.bmc, admin, names, ids: servers.map(({ id }) => id) }
}

/** Removes what an earlier case left. */
async function clear(admin: Kube): Promise<void> {
  await admin.request({ method: 'DELETE', path: '/api/v1/nodes' })
  await admin.request({ method: 'DELETE', path: '/api/v1/namespaces/default/events' })
  for (const path of [INVENTORY, LEASE]) {
    await admin.request({ method: 'DELETE', path }).catch((error: unknown) => {
      if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
    })
  }
}

/** The servers of the first `count` nodes are deleted, and the nodes stop being ready. */
export async function loseServers({ bmc, admin, names, ids }: Scene, count: number): Promise<void> {
  for (const id of ids.slice(0, count)) bmc.backend.removeServer(id)
  await Promise.all(names.slice(0, count).map(name => setReady(admin, name, false)))
}

/** Names of the nodes that are left. */
export const nodeNames = async (admin: Kube): Promise<string[]> =>
  (await listNodes(admin)).map(({ metadata }) => metadata.name)

/** The node, or undefined when it does not exist. */
export async function findNode(admin: Kube, name: string): Promise<KubeNode | undefined> {
  try {
    return await getNode(admin, name)
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

export interface EventView {
  readonly reason: string
  readonly message: string
  readonly type: string
  readonly involvedObject: { readonly name: string }
}

export async function events(admin: Kube, name: string): Promise<EventView[]> {
  const { body } = await admin.request<{ items: EventView[] }>({
    path: '/api/v1/namespaces/default/events',
    query: { fieldSelector: `involvedObject.name=${name}` },
  })
  return body.items
}
