import { type EmbeddedBmc, embedBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import {
  type EmbeddedKubernetes,
  embedKubernetesSimulator,
} from '../../shared/simulator/kubernetes/server.ts'
import {
  PURELB_DEFINITION,
  SHORT_METALLB_DEFINITIONS,
  toCiliumDefinition,
} from '../../test/support/announcer-definitions.ts'
import { toCustomResource } from '../../test/support/cluster-definitions.ts'
import { createEventClock, type EventClock } from './clock.ts'
import { CONTROLLER, install, WEBHOOK_TOKEN } from './cluster.ts'
import type { Random, UserAnswer, UserRequest, World, WorldOptions } from './contract.ts'
import { useRandom } from './deterministic.ts'
import { CLOUD_URL, CLUSTER_URL } from './doors.ts'
import { createRecorder } from './history.ts'
import { createWires, type Wires } from './network.ts'
import { type Living, startProcess } from './process.ts'
import { createRandom } from './random.ts'
import {
  type Business,
  createBusiness,
  sendThrough,
  toCloudSide,
  toClusterSide,
  toReconcileSide,
  toWebhookSide,
} from './sides.ts'

/** What announcers define for their pools. */
const CUSTOM_RESOURCES = [
  ...SHORT_METALLB_DEFINITIONS,
  PURELB_DEFINITION,
  toCiliumDefinition('v2', 'v2alpha1'),
].map(toCustomResource)
const LATENCY_MS = [1, 40] as const
/** The longest that anything asked for may take. */
const LIMIT_MS = 3_600_000
const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** Builds a world; nothing in it runs yet, and one at a time may be used in a process. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { seed, webhook = true, audit = true } = options
  const random = createRandom(seed)
  useRandom(createRandom(seed + 1))
  const business = createBusiness()
  const clock = createEventClock(() => business.isBusy())
  const bench = createSides(options, clock, random, business)
  const { cluster, cloud, wires, recorder } = bench
  install(cluster, { webhook, audit })
  const clusterUid = cluster.store.get('namespaces', 'kube-system')?.metadata.uid ?? ''
  const networkId = cloud.backend.addPublicNetwork().id
  addBlocks(cloud, networkId, clusterUid, options.blocks ?? [])
  const environment = toEnvironment(cluster, networkId, options)
  const drive = createDrive(clock)
  const newName = (): string => `process-${bench.processes.length}`
  return {
    clock,
    random,
    cluster,
    cloud,
    network: wires,
    history: recorder.history,
    processes: bench.processes,
    environment,
    networkId,
    clusterUid,
    start(given) {
      const process = startProcess({ clock, random, wires, environment, drive, newName }, given)
      bench.processes.push(process)
      return process
    },
    request: (user, request) => drive(() => ask(wires, cluster, user, request)),
    forget: () => forget(bench),
    advance: ms => clock.advance(ms),
    run: drive,
  }
}

interface Sides {
  readonly cluster: EmbeddedKubernetes
  readonly cloud: EmbeddedBmc
  readonly wires: Wires
  readonly recorder: ReturnType<typeof createRecorder>
  readonly processes: Living[]
}

function forget({ cluster, cloud, wires, processes }: Sides): void {
  wires.forget()
  cluster.requests.clear()
  cluster.store.compact()
  cloud.requests.clear()
  for (const { forget } of processes) forget()
  processes.splice(0, Infinity, ...processes.filter(process => process.isAlive()))
}

function createSides(options: WorldOptions, clock: EventClock, random: Random, business: Business): Sides {
  const processes: Living[] = []
  const cluster = embedKubernetesSimulator(CLUSTER_URL, {
    clock: clock.viewOf('cluster'),
    random: () => random.next(),
    dualStack: options.dualStack ?? false,
    customResources: CUSTOM_RESOURCES,
    send: sendThrough(() => wires, business),
  })
  const cloud = embedBmcSimulator(CLOUD_URL, { clock: clock.viewOf('cloud'), steady: clock })
  const recorder = createRecorder({
    now: () => clock.now(),
    keepEntries: options.keepEntries ?? true,
    blocks: () => cloud.backend.ipBlocks(),
    restOfCloud: () => [cloud.backend.publicNetworks(), cloud.backend.tags()],
    operation: () => cloud.requests.entries.at(-1)?.operation ?? '',
  })
  cluster.onChange(change => recorder.stored(change))
  const called = { clock, random, processes: () => processes }
  const wires: Wires = createWires({
    clock,
    random,
    recorder,
    latencyMs: options.latencyMs ?? LATENCY_MS,
    sides: {
      cluster: toClusterSide(cluster, business),
      cloud: toCloudSide(cloud, business),
      admission: toWebhookSide(called),
      audit: toWebhookSide(called),
      reconcile: toReconcileSide(called),
    },
  })
  return { cluster, cloud, wires, recorder, processes }
}

/** Drives the clock, unless somebody does so already. */
function createDrive(clock: EventClock): World['run'] {
  let isDriven = false
  return async work => {
    if (isDriven) return work()
    isDriven = true
    try {
      return await clock.run(work(), LIMIT_MS)
    } finally {
      isDriven = false
    }
  }
}

function toEnvironment(
  cluster: EmbeddedKubernetes,
  networkId: string,
  { announcer = 'kube-vip', environment }: WorldOptions,
): Record<string, string> {
  return {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: 'sim-secret',
    PNAP_BASE_URL: CLOUD_URL,
    PNAP_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
    PNAP_RECONCILE_FUNCTION: 'reconcile',
    PNAP_LOAD_BALANCER: `${announcer}://${networkId}`,
    KUBE_API_SERVER: CLUSTER_URL,
    KUBE_TOKEN: cluster.tokenFor(CONTROLLER),
    ...environment,
  }
}

async function ask(
  wires: Wires,
  cluster: EmbeddedKubernetes,
  user: string,
  { method, path, query = {}, patch, body }: UserRequest,
): Promise<UserAnswer> {
  const call = {
    from: user,
    to: 'cluster',
    method,
    path,
    query: new URLSearchParams(query).toString(),
    body: body === undefined ? '' : JSON.stringify(body),
    isWrite: method !== 'GET',
  } as const
  const headers = {
    authorization: `Bearer ${cluster.tokenFor(user)}`,
    'content-type': patch ? PATCH_TYPES[patch] : 'application/json',
  }
  const answer = await wires.send(call, { headers, isUsers: true })
  const warnings = [...(answer.headers['warning'] ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)]
  return {
    status: answer.status,
    body: JSON.parse(answer.text) as UserAnswer['body'],
    warnings: warnings.map(([, text = '']) => text.replaceAll('\\"', '"')),
  }
}

/** Blocks of ours that are on the network already. */
function addBlocks(
  { backend }: EmbeddedBmc,
  networkId: string,
  clusterUid: string,
  sizes: readonly string[],
): void {
  const tags = [
    { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
    { name: 'cluster', value: clusterUid },
  ]
  const blockIds = sizes.map(cidrBlockSize => backend.addIpBlock({ cidrBlockSize, tags }).id)
  const on = {
    status: 'assigned',
    assignedResourceId: networkId,
    assignedResourceType: 'public network',
  }
  for (const id of blockIds) backend.updateIpBlock(id, on)
  if (blockIds.length > 0) backend.updatePublicNetwork(networkId, { blockIds })
}
