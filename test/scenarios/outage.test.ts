import t from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { INVENTORY, LEASE } from './_deletion.ts'
import {
  ageInventory,
  attempts,
  createOutage,
  expectInitialised,
  expectUntouched,
  NEW_MACHINE,
  OLD_MACHINE,
  type OutageScene,
  readLease,
  serveWithoutPasses,
  until,
} from './_outage.ts'

const NODE = 'outage-a'
const HOURS = 5
const UNREACHABLE_SINCE = 'phoenixnap.com/bmc-unreachable-since'

/** How BMC is out of order. */
const OUTAGES = {
  refusing: ({ bmc }: OutageScene) => bmc.faults.down(),
  hanging: ({ bmc }: OutageScene) => void bmc.faults.add({ hang: true }),
  failing: ({ bmc }: OutageScene) => void bmc.faults.add({ status: 503 }),
} as const

t.setTimeout(120_000)

forEachCluster(t, 'BMC is down', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  const join = async (machine: object = {}) =>
    fakeKubelet(await cluster.kube(`system:node:${NODE}`), NODE, machine)

  /** One server that the first pass has seen. */
  async function createKnown(...args: Parameters<typeof createOutage>) {
    const scene = await createOutage(...args)
    const { id } = scene.bmc.backend.addServer({ hostname: NODE })
    t.equal((await scene.world.resync()).state, 'complete', 'a pass before the outage')
    return { scene, id }
  }

  t.test(
    'young inventory: a server that no node has joined on yet joins from it, although BMC was asked',
    async t => {
      const { scene, id } = await createKnown(t, cluster)
      await serveWithoutPasses(t, scene)
      OUTAGES.refusing(scene)
      const before = attempts(scene)
      await join()
      await expectInitialised(t, admin, NODE, id)
      t.ok(attempts(scene) > before, 'it might have been another one by now')
    },
  )

  t.test('young inventory: a known server joins without a request', async t => {
    const { scene, id } = await createKnown(t, cluster)
    await join()
    await scene.world.resync()
    await admin.request({ method: 'DELETE', path: `/api/v1/nodes/${NODE}` })
    await serveWithoutPasses(t, scene)
    OUTAGES.refusing(scene)
    const before = attempts(scene)
    await join()
    await expectInitialised(t, admin, NODE, id)
    t.equal(attempts(scene), before, 'BMC was not asked')
  })

  t.test('inventory of hours ago, known to be down: a known server joins without a request', async t => {
    const { scene, id } = await createKnown(t, cluster)
    OUTAGES.refusing(scene)
    t.match(await scene.world.resync(), { state: 'incomplete', failures: [{ code: 'BMC_UNREACHABLE' }] })
    t.type((await readLease(admin)).metadata.annotations?.[UNREACHABLE_SINCE], 'string', 'the pass notes it')
    await ageInventory(admin, HOURS)
    await serveWithoutPasses(t, scene)
    const before = attempts(scene)
    await join()
    await expectInitialised(t, admin, NODE, id)
    t.equal(attempts(scene), before, 'BMC was not asked')
  })

  for (const [how, breakBmc] of Object.entries(OUTAGES)) {
    t.test(`inventory of hours ago, ${how} unnoticed: joins from it within the webhook's time`, async t => {
      const { scene, id } = await createKnown(t, cluster)
      await ageInventory(admin, HOURS)
      await serveWithoutPasses(t, scene)
      breakBmc(scene)
      const before = attempts(scene)
      await join()
      await expectInitialised(t, admin, NODE, id)
      t.ok(attempts(scene) > before, 'BMC was asked first')
    })

    t.test(`no inventory, ${how}: joins untouched, and a pass brings it up later`, async t => {
      const scene = await createOutage(t, cluster)
      const { id } = scene.bmc.backend.addServer({ hostname: NODE })
      await serveWithoutPasses(t, scene)
      breakBmc(scene)
      await join()
      await expectUntouched(t, admin, NODE)
      scene.bmc.faults.clear()
      t.equal((await scene.world.resync()).state, 'complete')
      await expectInitialised(t, admin, NODE, id)
    })
  }

  t.test('known to be down, its server joined before as another machine: waits for BMC', async t => {
    const scene = await createOutage(t, cluster)
    const { id } = scene.bmc.backend.addServer({ hostname: NODE })
    await join(OLD_MACHINE)
    await scene.world.resync()
    await admin.request({ method: 'DELETE', path: `/api/v1/nodes/${NODE}` })
    OUTAGES.refusing(scene)
    await scene.world.resync()
    await ageInventory(admin, HOURS)
    await serveWithoutPasses(t, scene)
    const before = attempts(scene)
    await join(NEW_MACHINE)
    await expectUntouched(t, admin, NODE)
    t.equal(attempts(scene), before, 'BMC was not asked')
    scene.bmc.faults.up()
    t.equal((await scene.world.resync()).state, 'complete')
    await expectInitialised(t, admin, NODE, id)
  })

  t.test('an unknown server is not guessed: joins untouched, and a pass brings it up later', async t => {
    const { scene } = await createKnown(t, cluster)
    scene.bmc.backend.updateServer(scene.bmc.backend.servers()[0]?.id ?? '', { hostname: 'another' })
    await scene.world.resync()
    const { id } = scene.bmc.backend.addServer({ hostname: NODE })
    await serveWithoutPasses(t, scene)
    OUTAGES.refusing(scene)
    await join()
    await expectUntouched(t, admin, NODE)
    scene.bmc.faults.up()
    await scene.world.resync()
    await expectInitialised(t, admin, NODE, id)
  })

  t.test('a pass that waits for BMC to its end says so, and leaves the Lease to the next', async t => {
    const { scene } = await createKnown(t, cluster)
    OUTAGES.hanging(scene)
    const signal = AbortSignal.timeout(1500)
    const report = await scene.world.app.controllers.resync({ deadline: Date.now() + 1500, signal })
    t.match(report, { state: 'incomplete', failures: [{ code: 'BMC_TIMEOUT' }] })
    const lease = await readLease(admin)
    t.type(lease.metadata.annotations?.[UNREACHABLE_SINCE], 'string', 'nodes that join need not wait')
    t.notOk(lease.spec?.holderIdentity, 'the next pass may begin')
    scene.bmc.faults.clear()
    t.equal((await scene.world.resync()).state, 'complete')
    t.equal((await readLease(admin)).metadata.annotations?.[UNREACHABLE_SINCE], undefined)
  })

  t.test('a pass that is told to end leaves the Lease to the next, and says nothing of BMC', async t => {
    const { scene } = await createKnown(t, cluster)
    OUTAGES.hanging(scene)
    const end = new AbortController()
    const before = attempts(scene)
    const { controllers } = scene.world.app
    const pass = controllers.resync({ deadline: Date.now() + 60_000, signal: end.signal })
    await until(() => attempts(scene) > before, 'the pass waits for BMC')
    end.abort('the server ends')
    await t.resolves(pass.catch(() => {}))
    const lease = await readLease(admin)
    t.notOk(lease.spec?.holderIdentity, 'the next pass may begin')
    t.equal(lease.metadata.annotations?.[UNREACHABLE_SINCE], undefined, 'BMC was given no time')
  })

  t.test('a write to the cluster whose time is over before it begins is an error like any other', async t => {
    const late = {
      method: 'PATCH',
      path: LEASE,
      patch: 'merge',
      body: {},
      signal: AbortSignal.abort(),
    } as const
    await t.rejects(admin.request(late), { code: 'KUBE_TIMEOUT' })
  })

  t.test('an inventory that cannot be read is as good as none', async t => {
    const { scene, id } = await createKnown(t, cluster)
    const broken = { binaryData: { 'inventory.json.gz': Buffer.from('no gzip').toString('base64') } }
    await admin.request({ method: 'PATCH', path: INVENTORY, patch: 'merge', body: broken })
    await serveWithoutPasses(t, scene)
    OUTAGES.refusing(scene)
    await join()
    await expectUntouched(t, admin, NODE)
    scene.bmc.faults.up()
    t.equal((await scene.world.resync()).state, 'complete', 'it is written anew')
    await expectInitialised(t, admin, NODE, id)
  })
})
