import type { Test } from 'tap'
import type { Cloud, Instance } from '../../shared/cloud-provider/contract.ts'
import { createBlockGuard } from '../../shared/controllers/address/guard.ts'
import { createSupplyReader } from '../../shared/controllers/address/supply-reader.ts'
import type { WorkCall } from '../../shared/controllers/contract.ts'
import { createJoins } from '../../shared/controllers/inventory/joins.ts'
import { createLiveInstances } from '../../shared/controllers/inventory/live.ts'
import { createInventoryReader } from '../../shared/controllers/inventory/reader.ts'
import type { NodeContext } from '../../shared/controllers/node/context.ts'
import type { ResyncContext } from '../../shared/controllers/resync/resync.ts'
import { createKube, type Kube } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { toOwner } from '../../shared/phoenixnap/provider-id.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'
import {
  type KubernetesSimulator,
  startKubernetesSimulator,
} from '../../shared/simulator/kubernetes/server.ts'
import { collectLog, type Line } from '../support/collect-log.ts'
import { createFakeNode, type FakeKubeletOptions } from '../support/fake-kubelet.ts'
import { makeInstance } from './_make.ts'
import { SERVICE_SETTINGS } from './_settings.ts'

/** A cloud in memory: what it holds and how it fails is a test's to set. */
export interface FakeCloud extends Cloud {
  instances: readonly Instance[]
  account: string
  /** Thrown by lists while it is set. */
  listError: Error | undefined
  /** Since when no call gets through. */
  silentSince: number | undefined
  /** Until when it asks to be left alone. */
  limit: number | undefined
  /** Ids that exist although a list lacks them. */
  hidden: readonly string[]
  /** Thrown by look-ups of one id while it is set. */
  getError: Error | undefined
  /** Lists and look-ups so far. */
  readonly lists: number
  readonly gets: readonly string[]
  /** Runs in the middle of a list. */
  meanwhile: (() => Promise<unknown>) | undefined
}

const unused = async (): Promise<never> => {
  throw new Error('controllers do not call this')
}

export function createFakeCloud(instances: readonly Instance[] = []): FakeCloud {
  const counts = new Map<string, number>()
  const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1)
  const gets: string[] = []
  const cloud: FakeCloud = {
    providerName: 'phoenixnap',
    instances,
    account: 'account-1',
    listError: undefined,
    silentSince: undefined,
    limit: undefined,
    getError: undefined,
    hidden: [],
    meanwhile: undefined,
    get lists() {
      return counts.get('list') ?? 0
    },
    gets,
    accountFingerprint: async () => cloud.account,
    instancesV2: {
      instanceExists: unused,
      instanceShutdown: unused,
      instanceMetadata: unused,
      async listInstances() {
        count('list')
        await cloud.meanwhile?.()
        if (cloud.listError) throw cloud.listError
        return cloud.instances
      },
      async getInstance(id) {
        count('get')
        gets.push(id)
        if (cloud.getError) throw cloud.getError
        const known = [...cloud.instances.map(instance => instance.id), ...cloud.hidden]
        return known.includes(id)
          ? { state: 'found', instance: makeInstance(id) }
          : { state: 'absent', why: `GET /servers/${id} answers 403` }
      },
    },
    loadBalancer: undefined,
    routes: undefined,
    zones: undefined,
    clusters: undefined,
    leftovers: undefined,
    diagnosis: undefined,
    providerIDOwner: toOwner,
    requestCounts: () => counts,
    unreachableSince: () => cloud.silentSince,
    limitedUntil: () => cloud.limit,
    holdOff: until => {
      cloud.limit = until
    },
    close: () => {},
  }
  return cloud
}

/** A cluster whose time is turned by hand, a cloud in memory, and what controllers work with on both. */
export interface Stage {
  readonly clock: TurnableClock
  readonly simulator: KubernetesSimulator
  readonly kube: Kube
  readonly cloud: FakeCloud
  readonly lines: readonly Line[]
  readonly context: ResyncContext
  /** Limits of a call from now on. */
  readonly call: (ms?: number) => WorkCall
  /** A Node as its kubelet makes it, without a request. */
  readonly addNode: (name: string, options?: FakeKubeletOptions) => KubeNode
  readonly node: (name: string) => KubeNode
  /** Writes since `simulator.requests.clear()`, as `patch nodes/status node-a`. */
  readonly writes: () => readonly string[]
  readonly events: (name?: string) => readonly EventView[]
  /** A context with caches of its own, as another process has it. */
  readonly another: () => NodeContext
}

export interface EventView {
  readonly reason: string
  readonly message: string
  readonly type: string
}

export const INTERVAL_MS = 60_000
export const GRACE_MS = 60_000

export async function startCluster(
  t: Test,
  clock: TurnableClock = createTurnableClock(),
): Promise<Pick<Stage, 'clock' | 'simulator' | 'kube'>> {
  const simulator = await startKubernetesSimulator({ clock })
  const folder = t.testdir({ kubeconfig: simulator.kubeconfig() })
  const kube = createKube({ config: await loadKubeConfig({ kubeconfig: `${folder}/kubeconfig` }) })
  t.teardown(async () => {
    kube.close()
    await simulator.close()
  })
  return { clock, simulator, kube }
}

export async function createStage(
  t: Test,
  { instances = [], maxShare = 0.2 }: { instances?: readonly Instance[]; maxShare?: number } = {},
): Promise<Stage> {
  const cluster = await startCluster(t)
  const { clock, simulator, kube } = cluster
  const cloud = createFakeCloud(instances)
  const lines: Line[] = []
  let holders = 0
  const another = (): NodeContext => {
    const options = { kube, cloud, clock, log: collectLog(lines) }
    const inventory = createInventoryReader({ ...options, resyncIntervalMs: INTERVAL_MS })
    return { ...options, inventory, live: createLiveInstances(cloud, clock), joins: createJoins() }
  }
  return {
    ...cluster,
    cloud,
    lines,
    context: {
      ...another(),
      addresses: createSupplyReader({
        kube,
        clock,
        inventory: another().inventory,
        resyncIntervalMs: INTERVAL_MS,
      }),
      guard: createBlockGuard({ kube, clock, newHolder: () => 'blocks' }),
      announcer: undefined,
      settings: { ...SERVICE_SETTINGS, nodeDeleteGraceMs: GRACE_MS, nodeDeleteMaxShare: maxShare },
      newHolder: () => `pass-${(holders += 1)}`,
      endedPasses: new Set(),
    },
    another,
    call: (ms = 50_000) => ({ deadline: clock.now() + ms }),
    addNode: (name, options) => simulator.store.create<KubeNode>({ ...createFakeNode(name, options) }),
    node: name => {
      const node = simulator.store.get<KubeNode>('nodes', name)
      if (!node) throw new Error(`the cluster has no node ${name}`)
      return node
    },
    writes: () =>
      simulator.requests
        .writes()
        .map(({ verb, resource, subresource, name }) =>
          [verb, [resource, subresource].filter(Boolean).join('/'), name].filter(Boolean).join(' '),
        ),
    events: name =>
      simulator.store
        .list<EventView & { involvedObject: { name: string } }>('events')
        .filter(({ involvedObject }) => name === undefined || involvedObject.name === name),
  }
}
