import t, { type Test } from 'tap'
import { listNodes } from '../../shared/kubernetes/nodes.ts'
import { assets, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { assignedTo } from '../support/services.ts'
import {
  atPurchase,
  createStubbornly,
  eventually,
  expectJoined,
  isFull,
  joinStubbornly,
  type Pair,
  readiness,
  startPair,
  strikeAt,
} from './_apiserver.ts'
import type { DoorCall } from './_door.ts'
import { namesOf, removeNodes } from './_joins.ts'
import { type LoadBalancers, MINUTE, startLoadBalancers } from './_load-balancers.ts'
import { isTainted } from './_outage.ts'
import { expectSound } from './_sound.ts'

t.setTimeout(240_000)

const SIGNALS = ['SIGTERM', 'SIGKILL'] as const
/** The cloud takes its time, but not a test's. */
const SETTINGS = { blockCreateMs: 300, assignMs: 500, unassignMs: 300 }

const isNodeStatus = ({ method, path }: DoorCall): boolean => method === 'PATCH' && path.endsWith('/status')
const isClaim = ({ method, path }: DoorCall): boolean => method === 'POST' && path.includes('/ipaddresses')

/** What is under way, and how it is struck in its middle. */
interface Story {
  readonly name: string
  readonly nodes?: readonly string[]
  readonly services?: readonly string[]
  /** Blocks that are there already. */
  readonly blocks?: readonly string[]
  readonly purchases: number
  /** @param strike ends the API server, which comes back after a while */
  readonly play: (scene: Scene, strike: () => Promise<void>) => Promise<void>
}

interface Scene {
  readonly lb: LoadBalancers
  readonly pair: Pair
  readonly nodes: readonly string[]
  readonly services: readonly string[]
}

const joinAll = ({ lb, nodes }: Scene) => Promise.all(nodes.map(name => joinStubbornly(lb.api, name)))
const createAll = ({ lb, services }: Scene) =>
  Promise.all(services.map(name => createStubbornly(lb.api, name)))

const STORIES: readonly Story[] = [
  {
    name: 'in the middle of a pass',
    nodes: namesOf('pass', 30),
    purchases: 0,
    async play(scene, strike) {
      const { pair } = scene
      // Nobody answers the webhook: a pass has all the work.
      await pair.front.lead()
      const struck = strikeAt(pair.door, isNodeStatus, 8, strike)
      await joinAll(scene)
      await struck
    },
  },
  {
    name: 'in a burst of joins',
    nodes: namesOf('burst', 60),
    purchases: 0,
    async play(scene, strike) {
      const { lb, nodes } = scene
      let stored = 0
      const reached = Promise.withResolvers<void>()
      const joins = nodes.map(async name => {
        await joinStubbornly(lb.api, name)
        if (++stored === 15) reached.resolve()
      })
      await reached.promise
      await strike()
      await Promise.all(joins)
    },
  },
  {
    name: 'in the creation of Services, between claim and Service',
    services: namesOf('create', 8),
    blocks: ['/28'],
    purchases: 0,
    async play(scene, strike) {
      const struck = strikeAt(scene.pair.door, isClaim, 3, strike)
      await Promise.all([struck, createAll(scene)])
    },
  },
  {
    name: 'in a purchase, while BMC has not answered yet',
    services: namesOf('buy', 4),
    purchases: 1,
    async play(scene, strike) {
      const struck = atPurchase(scene.lb.bmc, strike)
      await Promise.all([struck, createAll(scene)])
    },
  },
]

t.test('the API server restarts', { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }, async t => {
  const cluster = await startTestCluster(t)
  for (const [index, story] of STORIES.entries()) {
    const one = SIGNALS[index % SIGNALS.length] ?? 'SIGTERM'
    for (const signal of isFull ? SIGNALS : [one]) await tell(t, cluster, story, signal)
  }
})

async function tell(t: Test, cluster: TestCluster, story: Story, signal: 'SIGTERM' | 'SIGKILL') {
  const { nodes = [], services = [], blocks = [], purchases } = story
  await t.test(`${story.name}, by ${signal}`, async t => {
    await removeNodes(await cluster.kube())
    const lb = await startLoadBalancers(t, cluster, { by: 'nobody', blocks, settings: SETTINGS })
    const ids = new Map(nodes.map(hostname => [hostname, lb.backend.addServer({ hostname }).id]))
    await t.test('and two replicas go on', async t => {
      const pair = await startPair(t, cluster, { bmc: lb.bmc, environment: lb.environment })
      let back: Promise<void> | undefined
      await story.play({ lb, pair, nodes, services }, async () => {
        await cluster.apiServer?.stop(signal)
        back = cluster.apiServer?.start()
      })
      await back
      // What was left held in the middle of a purchase frees itself by time.
      if (purchases > 0) await lb.timePasses(MINUTE)
      t.equal(await readiness(pair.target).catch(() => 200), 200, 'they stay of use')
      await eventually(
        async () => (await listNodes(lb.admin)).every(node => !isTainted(node)),
        'all have joined',
      )
      for (const name of services)
        await eventually(async () => assignedTo(await lb.service(name)).length > 0, `${name} is served`)
    })
    await expectJoined(t, lb.admin, ids)
    t.equal(lb.purchases(), purchases)
    await lb.timePasses(6 * MINUTE)
    await expectSound(t, lb)
    t.equal((await lb.claims()).filter(({ state }) => state === 'active').length, services.length)
  })
}
