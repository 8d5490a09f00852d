import t from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import { createFakeNode, fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import {
  ageInventory,
  createOutage,
  expectInitialised,
  type OutageScene,
  readLease,
  serveWithoutPasses,
} from './_outage.ts'

const NODE = 'limited-a'
/** A node that no server is known for. */
const STRANGER = { kind: 'Node', name: 'limited-stranger' } as const
const LIMITED_UNTIL = 'phoenixnap.com/bmc-rate-limited-until'
/** As many functions as run at once. */
const PROCESSES = 50
/** Longer than this test takes. */
const WAIT = { 'retry-after': '600' }

t.setTimeout(120_000)

const limit = ({ bmc }: OutageScene, times = Number.POSITIVE_INFINITY) =>
  bmc.faults.add({ operation: 'GET /bmc/v1/servers', status: 429, headers: WAIT, times })

const reconcile = (app: OutageScene['world']['app']) =>
  app.controllers.reconcile([STRANGER], { deadline: Date.now() + 20_000 })

forEachCluster(t, 'BMC asks to slow down', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)

  /** A server that the first pass has seen, and the stranger. */
  async function createScene(t: Parameters<typeof createOutage>[0]) {
    const scene = await createOutage(t, cluster)
    const { id } = scene.bmc.backend.addServer({ hostname: NODE })
    t.equal((await scene.world.resync()).state, 'complete')
    const body = createFakeNode(STRANGER.name)
    await admin.request({ method: 'POST', path: '/api/v1/nodes', body })
    scene.bmc.requests.clear()
    return { scene, id }
  }

  t.test('one process finds out and notes it; fifty others that start afterwards ask nothing', async t => {
    const { scene } = await createScene(t)
    limit(scene)
    await reconcile(scene.world.app)
    t.equal(scene.bmc.requests.count(/servers/), 1)
    const { metadata } = await readLease(admin)
    t.type(metadata.annotations?.[LIMITED_UNTIL], 'string', 'it is noted on the Lease')
    scene.bmc.requests.clear()
    const others = await Promise.all(Array.from({ length: PROCESSES }, () => scene.world.another()))
    const outcomes = (await Promise.all(others.map(reconcile))).flat()
    t.equal(scene.bmc.requests.count(), 0, 'not even for a token')
    t.equal(outcomes.filter(({ result }) => result === 'retry').length, PROCESSES, 'each comes again')
    t.equal(
      (await readLease(admin)).metadata.resourceVersion,
      metadata.resourceVersion,
      'nor is it written again',
    )
  })

  t.test(
    'fifty that start together ask once each, one note is kept, and the next round asks nothing',
    async t => {
      const { scene } = await createScene(t)
      limit(scene)
      const processes = await Promise.all(Array.from({ length: PROCESSES }, () => scene.world.another()))
      for (let round = 0; round < 3; round += 1) await Promise.all(processes.map(reconcile))
      t.equal(scene.bmc.requests.count(/servers/), PROCESSES)
      t.type((await readLease(admin)).metadata.annotations?.[LIMITED_UNTIL], 'string')
    },
  )

  t.test('a pass that is told to wait notes it, and that of another process asks nothing', async t => {
    const { scene } = await createScene(t)
    const fault = limit(scene)
    t.match(await scene.world.resync(), { state: 'incomplete', failures: [{ code: 'BMC_RATE_LIMITED' }] })
    t.type((await readLease(admin)).metadata.annotations?.[LIMITED_UNTIL], 'string')
    const other = await scene.world.another()
    const deadline = Date.now() + 20_000
    t.match(await other.controllers.resync({ deadline }), { state: 'incomplete' })
    t.equal(fault.hits, 1)
  })

  t.test('nodes join from an inventory of hours ago without a request', async t => {
    const { scene, id } = await createScene(t)
    limit(scene)
    t.equal((await scene.world.resync()).state, 'incomplete')
    await ageInventory(admin, 5)
    await serveWithoutPasses(t, scene)
    scene.bmc.requests.clear()
    await fakeKubelet(await cluster.kube(`system:node:${NODE}`), NODE)
    await expectInitialised(t, admin, NODE, id)
    t.equal(scene.bmc.requests.count(), 0)
  })
})
