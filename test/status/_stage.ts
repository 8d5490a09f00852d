import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '../../shared/compose.ts'
import { readConfig, type Sources } from '../../shared/config.ts'
import { createKube, type Kube } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import { silentLog } from '../../shared/log.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import {
  type KubernetesSimulator,
  startKubernetesSimulator,
} from '../../shared/simulator/kubernetes/server.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { createManifest } from '../support/services.ts'
import { CONTROLLER } from '../support/users.ts'

/** How much there is in the cluster. */
export interface StageSize {
  readonly nodes: number
  readonly services: number
  /** Sizes of the blocks that the cluster has, such as `/28`. */
  readonly blocks: readonly string[]
  /** Things that want attention: nodes without a server, Services that wait, a rest, a safeguard that holds. */
  readonly troubles?: boolean
}

/** Both simulators with a cluster in them that a pass has worked on. */
export interface Stage {
  readonly bmc: BmcSimulator
  readonly kubernetes: KubernetesSimulator
  readonly admin: Kube
  readonly app: App
  readonly networkId: string
  /** Of the program under test. */
  readonly env: Readonly<Record<string, string>>
  pass(): Promise<void>
  close(): Promise<void>
}

export const nodeName = (index: number): string => `node-${index}`
const serviceName = (index: number): string => `web-${index}`
const PASS_MS = 300_000

/** Starts it. A cluster with troubles has one node more, which no server belongs to. */
export async function startStage(size: StageSize, environment: Stage['env'] = {}): Promise<Stage> {
  const bmc = await startBmcSimulator({ blockCreateMs: 0, assignMs: 0, unassignMs: 0 })
  const kubernetes = await startKubernetesSimulator()
  const folder = await mkdtemp(join(tmpdir(), 'status-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, kubernetes.kubeconfig())
  const admin = createKube({ config: await loadKubeConfig({ kubeconfig }) })
  await installRole(admin)
  await writeFile(kubeconfig, kubernetes.kubeconfig(CONTROLLER))
  const networkId = bmc.backend.addPublicNetwork({ name: 'public' }).id
  const env = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: 'sim-secret',
    PNAP_BASE_URL: bmc.url,
    PNAP_LOAD_BALANCER: `kube-vip://${networkId}`,
    PNAP_MAX_BLOCKS: String(size.blocks.length),
    PNAP_RESERVED_ADDRESSES: '198.19.0.20',
    KUBECONFIG: kubeconfig,
    ...environment,
  }
  const sources: Sources = { env }
  const { config } = readConfig(sources)
  const app = await createApp({ config, readSources: async () => sources, random: () => 0.5, log: silentLog })
  const pass = async (): Promise<void> => {
    await app.controllers.resync({ deadline: Date.now() + PASS_MS })
  }
  const stage = { bmc, kubernetes, admin, app, networkId, env, pass }
  fill(stage, size)
  await pass()
  await pass()
  if (size.troubles) {
    await makeTroubles(stage, size)
    await pass()
  }
  return {
    ...stage,
    async close() {
      app.close()
      admin.close()
      await Promise.all([bmc.close(), kubernetes.close(), rm(folder, { recursive: true, force: true })])
    },
  }
}

type Filled = Pick<Stage, 'bmc' | 'kubernetes' | 'networkId' | 'pass'>

function fill({ bmc, kubernetes, networkId }: Filled, { nodes, services, blocks }: StageSize): void {
  const { backend } = bmc
  const { store } = kubernetes
  const uid = store.get('namespaces', 'kube-system')?.metadata.uid ?? ''
  for (let index = 0; index < nodes; index++) {
    const { id } = backend.addServer(toServer(index))
    const providerID = `phoenixnap://${id}`
    store.create({ ...createFakeNode(nodeName(index), { providerID, external: false, ready: true }) })
  }
  const tags = [
    { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
    { name: 'cluster', value: uid },
  ]
  const ids = blocks.map(cidrBlockSize => backend.addIpBlock({ cidrBlockSize, tags }).id)
  backend.updatePublicNetwork(networkId, { blockIds: ids })
  for (const id of ids)
    backend.updateIpBlock(id, {
      status: 'assigned',
      assignedResourceId: networkId,
      assignedResourceType: 'public network',
    })
  for (let index = 0; index < services; index++) store.create({ ...createManifest(serviceName(index)) })
}

const toServer = (index: number) => ({
  hostname: nodeName(index),
  type: 's1.c1.small',
  location: 'PHX',
  privateIpAddresses: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`],
  publicIpAddresses: [`100.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`],
})

/** Of every hundred nodes one is powered off, one has no server any more and one has not joined yet. */
async function makeTroubles(
  { bmc, kubernetes, pass }: Filled,
  { nodes, services }: StageSize,
): Promise<void> {
  const { store } = kubernetes
  const every = Math.max(1, Math.ceil(nodes / 100))
  const servers = new Map(bmc.backend.servers().map(server => [server.hostname, server.id]))
  const down = { conditions: [{ type: 'Ready', status: 'False' }] }
  for (let index = 0; index < every; index++) {
    const [off, gone] = [nodeName(index * 3), nodeName(index * 3 + 1)]
    bmc.backend.powerOff(servers.get(off) ?? '')
    bmc.backend.removeServer(servers.get(gone) ?? '')
    for (const name of [off, gone]) store.merge('nodes', name, { status: down })
    store.create({ ...createFakeNode(`joining-${index}`) })
  }
  const last = serviceName(services - 1)
  store.merge('services', last, { metadata: { finalizers: null } }, 'default')
  store.delete('services', last, 'default')
  await pass()
  for (let index = 0; index < 3; index++) store.create({ ...createManifest(`late-${index}`) })
  const wish = { spec: { loadBalancerIP: '203.0.113.250' } }
  store.create({ ...createManifest('asks', { annotations: { 'phoenixnap.com/manage': 'true' }, ...wish }) })
}
