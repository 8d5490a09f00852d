import t, { type Test } from 'tap'
import type { ResyncReport } from '../../shared/controllers/contract.ts'
import { listNodes } from '../../shared/kubernetes/nodes.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import type { Served } from '../support/served.ts'
import { createWorld } from '../support/world.ts'
import { type EventView, INVENTORY, LEASE } from './_deletion.ts'
import { startDoor } from './_door.ts'
import { changedBetween, readEverything } from './_everything.ts'
import {
  bmcRequests,
  complete,
  countLists,
  createJoinScene,
  isTainted,
  type JoinScene,
  LIST,
  namesOf,
  nodesOf,
  register,
  removeNodes,
  review,
  toSummary,
  until,
} from './_joins.ts'
import { runProgram } from './_program.ts'

t.setTimeout(300_000)

const YOUNG = namesOf('young', 100)
const NEW = namesOf('new', 100)
const MANY = namesOf('many', 1000)
/** A long way above what is waited for, and below the limit of the test. */
const PASS_MS = 60_000
const CLAIMS = 'ipaddress.kubernetes.io%2Fmanaged-by%3Dphoenixnap.com'
const LEASE_NAME = '/apis/coordination.k8s.io/v1/leases kube-system/cloud-provider-phoenixnap-resync'

const version = async ({ admin }: JoinScene, path: string): Promise<string | undefined> =>
  (await admin.request<{ metadata: { resourceVersion?: string } }>({ path })).body.metadata.resourceVersion

forEachCluster(t, 'budgets', {}, async (t, cluster) => {
  const scene = await createJoinScene(t, cluster, { hostnames: [...YOUNG, ...MANY], newHostnames: NEW })
  const { admin, api, bmc, served, world } = scene

  t.test('100 nodes whose servers are too new for the inventory share a list', async t => {
    await joinAll(t, NEW)
  })

  t.test('100 nodes that join long after the inventory was written share a list', async t => {
    t.same(toSummary(await world.resync()), complete('updateInventory inventory'))
    const written = await version(scene, INVENTORY)
    t.same(toSummary(await world.resync()), complete())
    t.equal(await version(scene, INVENTORY), written, 'a pass that finds nothing new writes its Lease only')
    await joinAll(t, YOUNG)
    await world.resync()
  })

  async function joinAll(t: Test, names: readonly string[]): Promise<void> {
    const { result, isWithin } = await countLists(scene, () => register(api, names))
    t.ok(isWithin)
    t.same(new Set(result), new Set([201]))
    const nodes = (await listNodes(admin)).filter(({ metadata }) => names.includes(metadata.name))
    t.equal(nodes.length, names.length)
    t.same(nodes.filter(isTainted), [])
  }

  t.test('kubelets that register again change nothing and cost nothing', async t => {
    const isCached = async (): Promise<boolean> => {
      await review(api, 'young-0000')
      return lastReview(served).includes('a young inventory has its server')
    }
    await until(isCached)
    bmc.requests.clear()
    const before = await readEverything(cluster)
    t.same(new Set(await register(api, [...YOUNG, ...NEW])), new Set([409]))
    t.same(changedBetween(before, await readEverything(cluster)), [])
    t.equal(bmcRequests(scene), 0)
  })

  t.test('the Lease says how old an inventory is', async t => {
    const ask = async (): Promise<unknown> => {
      const { controllers } = await world.another()
      bmc.requests.clear()
      return controllers.admitNode(createFakeNode('young-0000'), { deadline: Date.now() + PASS_MS })
    }
    const written = await version(scene, INVENTORY)
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().replace('Z', '000Z')
    const body = { spec: { renewTime: yesterday } }
    await admin.request({ method: 'PATCH', path: LEASE, patch: 'merge', body })
    t.match(await ask(), { why: /the inventory is old/ })
    t.equal(bmc.requests.count(LIST), 1)
    t.same(toSummary(await world.resync()), complete())
    t.equal(await version(scene, INVENTORY), written)
    t.match(await ask(), { why: /a young inventory has its server/ })
    t.equal(bmcRequests(scene), 0)
  })

  t.test('50 nodes without a server cost one list a pass, and one event each', async t => {
    const names = namesOf('unknown', 50)
    const keys = names.map(name => ({ kind: 'Node' as const, name }))
    const joined = await countLists(scene, () => register(api, names))
    t.ok(joined.isWithin, 'their reviews share a list')
    t.same(await eventsOf(scene, 'unknown'), [], 'a review writes no event')

    /** All of them are rung for, in a process that has just begun. */
    const ring = async (): Promise<void> => {
      const { controllers } = await world.another()
      const deadline = Date.now() + PASS_MS
      const { isWithin, result } = await countLists(scene, () => controllers.reconcile(keys, { deadline }))
      t.ok(isWithin, 'their rings share a list')
      t.same(new Set(result.map(({ code }) => code)), new Set(['CCM_INSTANCE_NOT_FOUND']))
    }
    await ring()
    for (let pass = 1; pass <= 6; pass++) {
      bmc.requests.clear()
      t.same(toSummary(await world.resync()), complete())
      t.same(bmc.requests.operations(), { [LIST]: 1 }, `pass ${pass}`)
    }
    const before = await readEverything(cluster)
    await ring()
    t.same(changedBetween(before, await readEverything(cluster)), [], 'nothing is told twice')
    const told = names.map(name => ({
      involvedObject: { name },
      type: 'Warning',
      reason: 'InstanceNotFound',
      message: new RegExp(`^No BMC server of this account has the hostname ${name} `),
      count: 1,
    }))
    const events = await eventsOf(scene, 'unknown')
    t.equal(events.length, 50)
    t.match(events, told, 'one each, that says what is missing')
    t.equal((await nodesOf(admin, 'unknown')).filter(isTainted).length, 50, 'nothing was made up')
  })

  t.test('a pass over 1,000 nodes', async t => {
    await removeNodes(admin)
    await joinAll(t, MANY)
    let calls: string[] = []
    const door = await startDoor(t, cluster)
    door.guard(({ method, path }) => void calls.push(`${method} ${withoutToken(path)}`))
    const { controllers } = await world.another({ KUBECONFIG: door.kubeconfig })
    const resync = (): ReturnType<typeof controllers.resync> => {
      calls = []
      bmc.requests.clear()
      return controllers.resync({ deadline: Date.now() + PASS_MS })
    }
    const reads = [
      'GET /api/v1/namespaces/default/services/kubernetes',
      'GET /api/v1/namespaces/kube-system',
      'GET /api/v1/services?limit=500',
      `GET /apis/networking.k8s.io/v1/ipaddresses?labelSelector=${CLAIMS}&limit=500`,
      `GET ${INVENTORY}`,
      'GET /api/v1/nodes?limit=500',
      'GET /api/v1/nodes?limit=500&continue=…',
      `GET ${LEASE}`,
      'GET /apis/networking.k8s.io/v1/servicecidrs?limit=50',
    ]

    const first = await resync()
    t.equal(first.nodes, 1000)
    t.same(toSummary(first), complete('updateInventory inventory'), 'nothing is left to do on any node')
    t.equal(bmcRequests(scene), 1)
    t.same(
      calls.toSorted(),
      [...reads, `GET ${INVENTORY}-1`, `PATCH ${LEASE}`, `PATCH ${LEASE}`, `PUT ${INVENTORY}`].toSorted(),
    )

    const before = await readEverything(cluster)
    const second = await resync()
    t.same(toSummary(second), complete())
    t.same(second.requests, { [LIST]: 1 })
    t.same(bmc.requests.operations(), { [LIST]: 1 })
    t.same(calls.toSorted(), [...reads, `PATCH ${LEASE}`, `PATCH ${LEASE}`].toSorted())
    t.same(changedBetween(before, await readEverything(cluster)), [LEASE_NAME])
  })

  t.test('of two passes at once one works', async t => {
    await removeNodes(admin)
    const clock = createTurnableClock(Date.now())
    const slow = await startBmcSimulator({ clock })
    t.teardown(() => slow.close())
    const worlds = await createWorld(t, cluster, { bmc: slow, user: CONTROLLER })
    const other = (await worlds.another()).controllers
    const deadline = Date.now() + PASS_MS

    const listed = new Promise<void>(resolve => {
      const operation = ({ operation: name }: { operation: string }): boolean => {
        if (name === LIST) resolve()
        return name === LIST
      }
      slow.faults.add({ operation, delayMs: 1000, times: 1 })
    })
    const both = [worlds.resync(), other.resync({ deadline })]
    t.match(await Promise.race(both), { state: 'busy' })
    await listed
    const lease = await version(scene, LEASE)
    const environment = { PNAP_BASE_URL: slow.url, KUBECONFIG: await cluster.kubeconfigFile(CONTROLLER) }
    const busy = await runProgram(['resync'], environment)
    t.match(busy, { code: 0, stdout: 'Another pass is at work; nothing was done.' })
    t.equal(await version(scene, LEASE), lease, 'who finds another one at work writes nothing')
    await clock.turn(1000)
    const states = (await Promise.all(both)).map(({ state }) => state)
    t.same(states.toSorted(), ['busy', 'complete'])

    const alone = await runProgram(['resync', '--output', 'json'], environment)
    t.equal(alone.code, 0, alone.stderr)
    t.same(toSummary(JSON.parse(alone.stdout) as ResyncReport), complete())
  })
})

/** Why the last node that was reviewed got what it got. */
const lastReview = (served: Served): string =>
  served
    .log()
    .split('\n')
    .findLast(line => line.includes('"node reviewed"')) ?? ''

/** Continue tokens are another each time. */
const withoutToken = (path: string): string => path.replace(/([?&]continue=)[^&]+/, '$1…')

async function eventsOf({ admin }: JoinScene, prefix: string): Promise<EventView[]> {
  const { body } = await admin.request<{ items: EventView[] }>({ path: '/api/v1/namespaces/default/events' })
  return body.items
    .filter(({ involvedObject }) => involvedObject.name.startsWith(`${prefix}-`))
    .toSorted((one, other) => (one.involvedObject.name < other.involvedObject.name ? -1 : 1))
}
