import t, { type Test } from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet, setReady } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { findNode, nodeNames } from './_deletion.ts'
import { startDoor } from './_door.ts'
import {
  createOutage,
  expectInitialised,
  expectUntouched,
  NEW_MACHINE,
  OLD_MACHINE,
  type OutageScene,
  serveWithoutPasses,
} from './_outage.ts'

const NODE = 'replaced-a'
const PATH = `/api/v1/nodes/${NODE}`

/** How the new machine's node is brought up, after it joined. */
const WAYS = {
  admission: async () => {},
  reconcile: async ({ world }: OutageScene) =>
    world.app.controllers.reconcile([{ kind: 'Node', name: NODE }], { deadline: Date.now() + 20_000 }),
  resync: async ({ world }: OutageScene) => world.resync(),
} as const

t.setTimeout(120_000)

forEachCluster(t, 'a server re-provisioned under its hostname', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  const deleteNode = () => admin.request({ method: 'DELETE', path: PATH })
  const join = (machine: object) => fakeKubelet(admin, NODE, machine)

  /** How the inventory came to know the machine of the old server. */
  const RECORDED = {
    'before the first pass': async (scene: OutageScene) => {
      await join(OLD_MACHINE)
      await scene.world.resync()
    },
    'by a later pass': async (scene: OutageScene) => {
      await scene.world.resync()
      await join(OLD_MACHINE)
      await WAYS.reconcile(scene)
      await scene.world.resync()
    },
  } as const

  /** The old server's node was there and is deleted; then the server is replaced, and no pass happens. */
  async function replace(
    t: Test,
    record: (scene: OutageScene) => Promise<void>,
    served: boolean,
  ): Promise<{ scene: OutageScene; oldId: string; newId: string }> {
    const scene = await createOutage(t, cluster)
    const { id: oldId } = scene.bmc.backend.addServer({ hostname: NODE })
    await record(scene)
    await expectInitialised(t, admin, NODE, oldId)
    if (served) await serveWithoutPasses(t, scene)
    await deleteNode()
    scene.bmc.backend.removeServer(oldId)
    const { id: newId } = scene.bmc.backend.addServer({ hostname: NODE.toUpperCase() })
    return { scene, oldId, newId }
  }

  for (const [when, record] of Object.entries(RECORDED)) {
    for (const [way, bringUp] of Object.entries(WAYS)) {
      t.test(`known ${when}: gets the new provider ID through ${way}`, async t => {
        const { scene, newId } = await replace(t, record, way === 'admission')
        // Another process: what the first one read before does not help it.
        await join(NEW_MACHINE)
        await bringUp({ ...scene, world: { ...scene.world, app: await scene.world.another() } })
        await expectInitialised(t, admin, NODE, newId)
      })

      t.test(`known ${when}: gets none through ${way} while BMC is down`, async t => {
        const { scene, newId } = await replace(t, record, way === 'admission')
        scene.bmc.faults.down()
        await join(NEW_MACHINE)
        await bringUp({ ...scene, world: { ...scene.world, app: await scene.world.another() } })
        await expectUntouched(t, admin, NODE)
        scene.bmc.faults.up()
        await scene.world.resync()
        await expectInitialised(t, admin, NODE, newId)
      })
    }
  }

  t.test(
    'replaced seconds after it joined: waits for the next list, and never gets the old provider ID',
    async t => {
      const scene = await createOutage(t, cluster)
      const { id: oldId } = scene.bmc.backend.addServer({ hostname: NODE })
      await scene.world.resync()
      await serveWithoutPasses(t, scene)
      await join(OLD_MACHINE)
      await expectInitialised(t, admin, NODE, oldId)
      await deleteNode()
      scene.bmc.backend.removeServer(oldId)
      const { id: newId } = scene.bmc.backend.addServer({ hostname: NODE })
      await join(NEW_MACHINE)
      await expectUntouched(t, admin, NODE)
      await scene.world.resync()
      await expectInitialised(t, admin, NODE, newId)
    },
  )

  t.test('replaced before anybody joined: the first node gets the new provider ID', async t => {
    const scene = await createOutage(t, cluster)
    const { id: oldId } = scene.bmc.backend.addServer({ hostname: NODE })
    await scene.world.resync()
    await serveWithoutPasses(t, scene)
    scene.bmc.backend.removeServer(oldId)
    const { id: newId } = scene.bmc.backend.addServer({ hostname: NODE })
    await join(NEW_MACHINE)
    await expectInitialised(t, admin, NODE, newId)
  })

  t.test('the old node is still there: its kubelet is refused until the node is deleted', async t => {
    const scene = await createOutage(t, cluster, { environment: { PNAP_NODE_DELETE_GRACE: '0s' } })
    const { id: oldId } = scene.bmc.backend.addServer({ hostname: NODE })
    await join(OLD_MACHINE)
    await scene.world.resync()
    await serveWithoutPasses(t, scene)
    scene.bmc.backend.removeServer(oldId)
    const { id: newId } = scene.bmc.backend.addServer({ hostname: NODE })
    const before = await findNode(admin, NODE)
    await t.rejects(join(NEW_MACHINE), { code: 'KUBE_ALREADY_EXISTS' })
    t.same(await findNode(admin, NODE), before, 'the review of the refused node changed nothing')
    await setReady(admin, NODE, false)
    await scene.world.resync()
    await scene.world.resync()
    t.same(await nodeNames(admin), [], 'it is deleted like any node without a server')
    await join(NEW_MACHINE)
    await expectInitialised(t, admin, NODE, newId)
  })

  for (const way of ['reconcile', 'resync'] as const) {
    t.test(`replaced between the reading and the writing of ${way}`, async t => {
      const door = await startDoor(t, cluster)
      const scene = await createOutage(t, cluster, { environment: { KUBECONFIG: door.kubeconfig } })
      const { id: oldId } = scene.bmc.backend.addServer({ hostname: NODE })
      await scene.world.resync()
      await join(OLD_MACHINE)
      let newId = ''
      door.guard(async ({ method, path }) => {
        if (method !== 'PATCH' || !path.startsWith(PATH) || newId !== '') return undefined
        scene.bmc.backend.removeServer(oldId)
        newId = scene.bmc.backend.addServer({ hostname: NODE }).id
        await deleteNode()
        await join(NEW_MACHINE)
        return undefined
      })
      await WAYS[way](scene)
      await expectUntouched(t, admin, NODE)
      await scene.world.resync()
      await expectInitialised(t, admin, NODE, newId)
    })
  }
})
