import type { Test } from 'tap'
import type { App } from '../../shared/compose.ts'
import type { ReconcileKey, ReconcileOutcome, ResyncReport } from '../../shared/controllers/contract.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { Backend } from '../../shared/simulator/bmc/backend.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import type { Settings } from '../../shared/simulator/bmc/settings.ts'
import type { IpBlock, TagRequest } from '../../shared/simulator/bmc/types.ts'
import { type Api, createApi } from '../support/api.ts'
import { CONTROLLER, type TestCluster } from '../support/cluster.ts'
import { installRole } from '../support/install.ts'
import { type Served, startServed } from '../support/served.ts'
import {
  type AddressView,
  ageAddresses,
  clearServices,
  createManifest,
  findService,
  listAddresses,
  listEvents,
  listServices,
  type ServiceEvent,
  type ServiceName,
  type ServiceWish,
  tagOf,
} from '../support/services.ts'
import { createWorld, type Environment, type World } from '../support/world.ts'
import { createForwardClock, type ForwardClock } from './_forward-clock.ts'
import { until } from './_joins.ts'
import { type Stored, sendPlainly, sendReviewed, type Way } from './_reviews.ts'
import { findPublicationFaults } from './_sound.ts'

export const MINUTE = 60_000
/** What the cloud takes for one step; a round of `settle` lets it get one step further. */
const STEP_MS = MINUTE
const ROUND_MS = STEP_MS + 1
const WORK_MS = 20_000
/** Above the time for which a process keeps what it read of the inventory. */
const INVENTORY_CACHE_MS = 3000
/** Eleven blocks, one after the other, each in four steps. */
const MAX_ROUNDS = 50

export interface LoadBalancersOptions {
  /** `kube-vip` by default. */
  readonly announcer?: string
  /**
   * How users' requests are reviewed: by the controllers in this process without a server around them (`review`, the
   * default), by `serve` behind a registered webhook (`webhook`), or not at all (`nobody`).
   */
  readonly by?: 'review' | 'webhook' | 'nobody'
  /** Prefix lengths of blocks that the cluster has from the start, assigned and empty. */
  readonly blocks?: readonly string[]
  readonly environment?: Environment
  readonly settings?: Partial<Settings>
  /** How much later it is for cluster and controller than for the cloud; 0 by default. */
  readonly cloudBehindMs?: number
  /** A cloud and a network that another cluster uses as well. */
  readonly shared?: Pick<LoadBalancers, 'bmc' | 'clock' | 'networkId'>
  /** What cluster and cloud hold before the controller sees them for the first time. */
  readonly before?: (lb: LoadBalancers) => Promise<void>
}

/** A cluster whose Services get public addresses, and the cloud they come from. */
export interface LoadBalancers {
  readonly cluster: TestCluster
  readonly admin: Kube
  readonly api: Api
  readonly bmc: BmcSimulator
  readonly backend: Backend
  /** Of cloud and controller; the API server has its own. */
  readonly clock: ForwardClock
  readonly world: World
  readonly served: Served | undefined
  readonly environment: Environment
  /** UID of kube-system: value of the tag `cluster`. */
  readonly uid: string
  readonly networkId: string
  readonly way: Way
  /** What was wrong at some moment between two steps, though it may have been put right since. */
  readonly faults: readonly string[]
  /** Blocks of no cluster that were there from the start, as they were. */
  readonly foreign: readonly IpBlock[]
  /** Ids of the blocks that were assigned at some moment, and of those that were there before the controller. */
  readonly everAssigned: ReadonlySet<string>

  create(service: ServiceName, wish?: ServiceWish): Promise<Stored>
  change(service: ServiceName, change: object): Promise<Stored>
  remove(service: ServiceName): Promise<Stored>
  service(service: ServiceName): Promise<KubeService | undefined>
  services(): Promise<KubeService[]>
  claims(): Promise<AddressView[]>
  claimsOf(service: ServiceName): Promise<AddressView[]>
  gates(): Promise<AddressView[]>
  events(service: ServiceName): Promise<ServiceEvent[]>
  /** Those that bear this cluster's tags. */
  blocks(): IpBlock[]
  /** Requests of any kind to the cloud, apart from those for a token, so far. */
  requests(): number
  /** Blocks that were asked for so far, refused ones included. */
  purchases(): number
  /** Answers all rings so far, in another process where `app` says so. */
  reconcile(keys?: readonly ReconcileKey[], app?: App): Promise<readonly ReconcileOutcome[]>
  /** One pass over everything, rings before it included. */
  pass(): Promise<ResyncReport>
  /** The cloud finishes what it is at. */
  cloudWorks(): Promise<void>
  /** Passes, with a cloud that works, until nothing changes any more. @returns rounds it took, one cloud step each */
  settle(): Promise<number>
  /** Everything gets older, for the cloud, for the controller and for claims and gates. */
  timePasses(ms: number): Promise<void>
}

/** Tags of a block of ours, as upstream writes them. */
export const tagsOf = (uid: string, more: Readonly<Record<string, string>> = {}): TagRequest[] =>
  Object.entries({ usage: 'cloud-provider-phoenixnap-auto', cluster: uid, ...more }).map(([name, value]) => ({
    name,
    value,
  }))

/** Starts from a cluster without Services and a cloud of its own; what `blocks` names is ready to be claimed. */
export async function startLoadBalancers(
  t: Test,
  cluster: TestCluster,
  options: LoadBalancersOptions = {},
): Promise<LoadBalancers> {
  const admin = await cluster.kube()
  await clearServices(admin)
  await installRole(admin)
  const api = createApi(cluster.kubeconfig())
  t.teardown(() => api.close())
  const { bmc, clock, networkId } = options.shared ?? (await startCloud(t, options))
  const { backend } = bmc
  const uid = await readUid(admin)
  addBlocks(backend, networkId, uid, options.blocks ?? [])
  const environment = {
    PNAP_LOAD_BALANCER: `${options.announcer ?? 'kube-vip'}://${networkId}`,
    ...options.environment,
  }
  const world = await createWorld(t, cluster, { bmc, clock, user: CONTROLLER, environment })
  const served = options.by === 'webhook' ? await serve(t, cluster, { bmc, environment }) : undefined
  const rung: ReconcileKey[] = []
  const ring = (keys: readonly ReconcileKey[]): void => void rung.push(...keys)
  const way = options.by === 'review' || !options.by ? sendReviewed(api, world.app, ring) : sendPlainly(api)
  const faults: string[] = []
  const everAssigned = new Set<string>()
  let foreign: readonly IpBlock[] = []

  async function look(): Promise<void> {
    for (const { id, status } of lb.blocks()) if (status === 'assigned') everAssigned.add(id)
    const found = await findPublicationFaults(lb)
    faults.push(...found.filter(fault => !faults.includes(fault)))
  }

  async function reconcile(
    keys: readonly ReconcileKey[] = rung.splice(0),
    app: App = world.app,
  ): Promise<readonly ReconcileOutcome[]> {
    const outcomes =
      keys.length > 0 ? await app.controllers.reconcile(keys, { deadline: clock.now() + WORK_MS }) : []
    await look()
    return outcomes
  }

  async function pass(): Promise<ResyncReport> {
    await reconcile()
    const report = await world.resync()
    await look()
    return report
  }

  async function settle(): Promise<number> {
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const before = JSON.stringify(lb.blocks())
      const { changes, state } = await pass()
      clock.forward(ROUND_MS)
      const isQuiet = changes.length === 0 && rung.length === 0 && state === 'complete'
      if (isQuiet && before === JSON.stringify(lb.blocks())) return round
    }
    throw new Error(`nothing settled within ${MAX_ROUNDS} rounds`)
  }

  const lb: LoadBalancers = {
    cluster,
    admin,
    api,
    bmc,
    backend,
    clock,
    world,
    served,
    environment,
    uid,
    networkId,
    way,
    faults,
    get foreign() {
      return foreign
    },
    everAssigned,
    create: (service, wish) => way.create(createManifest(service, wish)),
    change: (service, change) => way.change(service, change),
    remove: service => way.remove(service),
    service: service => findService(admin, service),
    services: () => listServices(admin),
    claims: async () => (await listAddresses(admin)).filter(({ service }) => service !== undefined),
    claimsOf: async name => (await listAddresses(admin)).filter(({ service }) => service === name),
    gates: async () => (await listAddresses(admin)).filter(({ service }) => service === undefined),
    events: service => listEvents(admin, service),
    blocks: () => backend.ipBlocks().filter(block => tagOf(block, 'cluster') === uid),
    requests: () => bmc.requests.count(/ \/(bmc|ips|networks|tag-manager|billing)\//) + bmc.faults.refused,
    purchases: () => bmc.requests.count('POST /ips/v1/ip-blocks'),
    reconcile,
    pass,
    cloudWorks: async () => clock.forward(ROUND_MS),
    settle,
    timePasses: async ms => {
      clock.forward(ms)
      await ageAddresses(admin, ms)
    },
  }
  await options.before?.(lb)
  foreign = backend.ipBlocks().filter(block => tagOf(block, 'cluster') === undefined)
  for (const { id } of lb.blocks()) everAssigned.add(id)
  // Opens the gates and writes the inventory: from here on Services can be answered.
  t.match(await world.resync(), { state: 'complete' }, 'a first pass sees everything')
  // What this process read before that pass is old by now.
  clock.forward(INVENTORY_CACHE_MS)
  return lb
}

async function startCloud(
  t: Test,
  { settings, cloudBehindMs = 0 }: LoadBalancersOptions,
): Promise<Pick<LoadBalancers, 'bmc' | 'clock' | 'networkId'>> {
  const clock = createForwardClock()
  const steps = { blockCreateMs: STEP_MS, assignMs: STEP_MS, unassignMs: STEP_MS }
  const behind = { ...clock, now: () => clock.now() - cloudBehindMs }
  const bmc = await startBmcSimulator({ ...steps, ...settings, clock: behind })
  t.teardown(() => bmc.close())
  return { bmc, clock, networkId: bmc.backend.addPublicNetwork().id }
}

async function readUid(admin: Kube): Promise<string> {
  const { body } = await admin.request<KubeService>({ path: '/api/v1/namespaces/kube-system' })
  return body.metadata.uid ?? ''
}

/** Blocks of ours that are on the network already, beside those that are there. */
export function addBlocks(
  backend: Backend,
  networkId: string,
  uid: string,
  sizes: readonly string[],
): readonly IpBlock[] {
  const ids = sizes.map(cidrBlockSize => backend.addIpBlock({ cidrBlockSize, tags: tagsOf(uid) }).id)
  const before = backend.publicNetwork(networkId).ipBlocks.map(({ id }) => id)
  const assigned = {
    status: 'assigned',
    assignedResourceId: networkId,
    assignedResourceType: 'public network',
  }
  for (const id of ids) backend.updateIpBlock(id, assigned)
  backend.updatePublicNetwork(networkId, { blockIds: [...before, ...ids] })
  return ids.map(id => backend.ipBlock(id))
}

/** `serve` behind the cluster's webhook, once it is asked about Services; its own schedule makes one pass only. */
async function serve(
  t: Test,
  cluster: TestCluster,
  { bmc, environment }: Pick<LoadBalancers, 'bmc' | 'environment'>,
): Promise<Served> {
  const served = await startServed(t, cluster, { bmc, environment })
  await until(() => served.log().includes('"resync ended"'))
  const api = createApi(cluster.kubeconfig())
  const path = '/api/v1/namespaces/default/services?dryRun=All'
  try {
    for (let tries = 0; tries < 100; tries++) {
      const { body } = await api.call({ method: 'POST', path, body: createManifest('probe') })
      if (((body.metadata?.['finalizers'] ?? []) as string[]).length > 0) return served
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  } finally {
    api.close()
  }
  throw new Error('no webhook reviews Services')
}
