import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { ResyncReport } from '../../shared/controllers/contract.ts'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { listNodes } from '../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { type Api, createApi } from '../support/api.ts'
import { CONTROLLER, type TestCluster } from '../support/cluster.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { type Served, startServed } from '../support/served.ts'
import { createWorld, type Environment, type World } from '../support/world.ts'

/** A cluster whose joining nodes are reviewed by `served`, from the inventory that its first pass has written. */
export interface JoinScene {
  readonly cluster: TestCluster
  readonly bmc: BmcSimulator
  readonly served: Served
  /** Another process on the same cluster and cloud, in which passes are made by hand. */
  readonly world: World
  readonly admin: Kube
  /** Plain requests of the administrator. */
  readonly api: Api
}

export const LIST = 'GET /bmc/v1/servers'
const PROBE = 'probe'
const POLL_MS = 20
/** The budget of a process: one list of servers in this time. */
const ONE_LIST_MS = 10_000
/** A guard, not a measure: what is waited for takes seconds at the most. */
const PATIENCE_MS = 60_000

export interface JoinSceneOptions {
  /** Of servers that the first pass sees. */
  readonly hostnames: readonly string[]
  /** Of servers that come after it. */
  readonly newHostnames?: readonly string[]
  /** Of `served`. */
  readonly environment?: Environment
}

/** Everything is at rest when this resolves. */
export async function createJoinScene(
  t: Test,
  cluster: TestCluster,
  { hostnames, newHostnames = [], environment = {} }: JoinSceneOptions,
): Promise<JoinScene> {
  const admin = await cluster.kube()
  const api = createApi(cluster.kubeconfig())
  t.teardown(() => api.close())
  const bmc = await startBmcSimulator()
  t.teardown(() => bmc.close())
  for (const hostname of [PROBE, ...hostnames]) bmc.backend.addServer({ hostname })
  await installRole(admin)
  const served = await startServed(t, cluster, { bmc, environment })
  await until(() => served.log().includes('"resync ended"'))
  for (const hostname of newHostnames) bmc.backend.addServer({ hostname })
  await until(async () => (await review(api, PROBE)).every(({ key }) => key !== UNINITIALIZED_TAINT))
  const world = await createWorld(t, cluster, { bmc, user: CONTROLLER })
  return { cluster, bmc, served, world, admin, api }
}

/** Tries until it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw new Error('it did not become so in time')
    await sleep(POLL_MS)
  }
}

/** Taints of a node as it would be stored: a new webhook takes effect some time after it was registered. */
export async function review(api: Api, name: string): Promise<readonly { key: string }[]> {
  const body = createFakeNode(name)
  const answer = await api.call({ method: 'POST', path: '/api/v1/nodes?dryRun=All', body })
  return (answer.body as unknown as KubeNode).spec?.taints ?? []
}

/** Registers nodes as their kubelets would, several at a time. @returns HTTP status of each */
export function register(api: Api, names: readonly string[]): Promise<number[]> {
  return mapLimit(names, 16, async name => {
    const { status } = await api.call({ method: 'POST', path: '/api/v1/nodes', body: createFakeNode(name) })
    return status
  })
}

export const namesOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(4, '0')}`)

/** Nodes whose names begin so, by name. */
export async function nodesOf(admin: Kube, prefix: string): Promise<KubeNode[]> {
  return (await listNodes(admin)).filter(({ metadata }) => metadata.name.startsWith(`${prefix}-`))
}

export const isTainted = ({ spec }: KubeNode): boolean =>
  spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT) ?? false

/** Requests to the BMC API since the last clear, without those for a token. */
export const bmcRequests = ({ bmc }: Pick<JoinScene, 'bmc'>): number => bmc.requests.count(/^\w+ \/bmc\/v1\//)

/** How many lists this work may have cost: one process asks once in ten seconds, however many nodes there are. */
export async function countLists<T>(
  scene: JoinScene,
  work: () => Promise<T>,
): Promise<{ result: T; isWithin: boolean }> {
  scene.bmc.requests.clear()
  const start = Date.now()
  const result = await work()
  const most = scene.served.processes * (1 + Math.ceil((Date.now() - start) / ONE_LIST_MS))
  return { result, isWithin: bmcRequests(scene) <= most }
}

export async function removeNodes(admin: Kube): Promise<void> {
  await admin.request({ method: 'DELETE', path: '/api/v1/nodes' })
}

/** What a pass did, for exact comparison; changes in the order of their text. */
export const toSummary = ({ state, changes, held, failures }: ResyncReport): object => ({
  state,
  changes: changes.map(({ action, name }) => `${action} ${name}`).toSorted(),
  held,
  failures,
})

/** The summary of a complete pass that made these changes, and had nothing else to say. */
export const complete = (...changes: readonly string[]): object => ({
  state: 'complete',
  changes,
  held: [],
  failures: [],
})
