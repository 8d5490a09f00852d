import t from 'tap'
import { MISSING_SINCE } from '../../shared/kubernetes/names.ts'
import { patchNode } from '../../shared/kubernetes/nodes.ts'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet, setReady } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import type { Environment } from '../support/world.ts'
import { createScene, events, findNode, loseServers, nodeNames, type Scene } from './_deletion.ts'

const SIZES = [1, 3, 10, 100]
const BY_ID = 'GET /bmc/v1/servers/{serverId}'
const LIST = 'GET /bmc/v1/servers'

/** One condition that alone is not met. The scene's first node has lost its server and is not ready. */
interface Case {
  readonly name: string
  /** Sizes of clusters in which it can fail to be met; all by default. */
  readonly sizes?: readonly number[]
  readonly environment?: Environment
  /** Before the pass that marks the node. */
  readonly before?: (scene: Scene) => unknown
  /** Before the pass that would delete it. */
  readonly between?: (scene: Scene) => unknown
  /** What the second pass says: of its held decisions and failures together. */
  readonly says?: RegExp
}

const first = ({ names }: Scene): string => names[0] ?? ''
/** The real thing lists every server but the first node's, which still exists. */
const reviveFirst = ({ bmc, names, ids }: Scene): void => {
  bmc.backend.addServer({ hostname: names[0] ?? '', id: ids[0] ?? '' })
}

const CASES: readonly Case[] = [
  { name: 'ready all the time', before: scene => setReady(scene.admin, first(scene), true) },
  { name: 'ready again', between: scene => setReady(scene.admin, first(scene), true) },
  { name: 'grace not over', environment: { PNAP_NODE_DELETE_GRACE: '1h' }, says: /grace time/ },
  {
    name: '500 by id',
    between: s => s.bmc.faults.add({ operation: BY_ID, status: 500 }),
    says: /BMC_SERVER_ERROR/,
  },
  { name: '401 by id', between: s => s.bmc.faults.add({ operation: BY_ID, status: 401 }), says: /BMC_/ },
  {
    name: 'garbage by id',
    between: s => s.bmc.faults.add({ operation: BY_ID, status: 200, malformed: true }),
    says: /BMC_/,
  },
  {
    name: 'reset by id',
    between: s => s.bmc.faults.add({ operation: BY_ID, reset: 'before' }),
    says: /BMC_/,
  },
  {
    name: 'found by id',
    before: reviveFirst,
    between: s => s.bmc.faults.cutServerList(({ id }) => id !== s.ids[0]),
  },
  {
    name: 'found by id, missing from the list all the time',
    before: scene => {
      reviveFirst(scene)
      scene.bmc.faults.cutServerList(({ id }) => id !== scene.ids[0])
    },
    says: /the list was cut/,
  },
  { name: 'list 403', between: s => s.bmc.faults.add({ operation: LIST, status: 403 }), says: /BMC_/ },
  { name: 'list 404', between: s => s.bmc.faults.add({ operation: LIST, status: 404 }), says: /BMC_/ },
  {
    name: 'list 500',
    between: s => s.bmc.faults.add({ operation: LIST, status: 500 }),
    says: /BMC_SERVER_ERROR/,
  },
  {
    name: 'list reset',
    between: s => s.bmc.faults.add({ operation: LIST, reset: 'before' }),
    says: /BMC_UNREACHABLE/,
  },
  {
    name: 'list no list',
    between: s => s.bmc.faults.add({ operation: LIST, status: 200, body: {} }),
    says: /BMC_/,
  },
  {
    name: 'list empty',
    sizes: [3, 10, 100],
    between: s => s.bmc.faults.cutServerList(0),
    says: /cut, or of another/,
  },
  {
    name: 'list cut',
    sizes: [3, 10, 100],
    between: s => s.bmc.faults.cutServerList(1),
    says: /cut, or of another/,
  },
  {
    name: 'list cut from the start',
    sizes: [3, 10, 100],
    before: s => s.bmc.faults.cutServerList(1),
    says: /cut, or of another/,
  },
  {
    name: 'new UID',
    between: async scene => {
      const { admin, ids } = scene
      await admin.request({ method: 'DELETE', path: `/api/v1/nodes/${first(scene)}` })
      await fakeKubelet(admin, first(scene), { providerID: `phoenixnap://${ids[0]}`, external: false })
    },
  },
]

t.setTimeout(300_000)

forEachCluster(t, 'deletion', {}, async (t, cluster) => {
  await installRole(await cluster.kube())

  for (const size of SIZES) {
    for (const { name, sizes = SIZES, environment, before, between, says } of CASES) {
      if (!sizes.includes(size)) continue
      t.test(`${size} nodes, held back: ${name}`, async t => {
        const scene = await createScene(t, cluster, size, environment)
        await loseServers(scene, 1)
        await before?.(scene)
        await scene.world.resync()
        await between?.(scene)
        const report = await scene.world.resync()
        t.same((await nodeNames(scene.admin)).length, size, 'every node is still there')
        t.notOk(
          (await events(scene.admin, first(scene))).some(({ reason }) => reason === 'DeletingNode'),
          'and nobody was told otherwise',
        )
        if (says) t.match([...report.held, ...report.failures.map(({ code }) => code)].join('\n'), says)
      })
    }

    t.test(`${size} nodes: one that is truly gone is deleted, with its event`, async t => {
      const scene = await createScene(t, cluster, size)
      await loseServers(scene, 1)
      const marked = await scene.world.resync()
      t.ok(marked.changes.some(({ name, action }) => name === first(scene) && action === 'markMissing'))
      t.same(await nodeNames(scene.admin), scene.names.toSorted(), 'the first pass deletes nothing')
      await scene.world.resync()
      t.same(await nodeNames(scene.admin), scene.names.slice(1).toSorted())
      t.match(await events(scene.admin, first(scene)), [
        {
          type: 'Normal',
          reason: 'DeletingNode',
          message: `Deleting node ${first(scene)} because it does not exist in the cloud provider`,
        },
      ])
    })

    t.test(`${size} nodes: other credentials of an empty account delete nothing`, async t => {
      const scene = await createScene(t, cluster, size)
      scene.bmc.backend.account('other').addCredentials('other-client', 'other-secret')
      const credentials = { PNAP_CLIENT_ID: 'other-client', PNAP_CLIENT_SECRET: 'other-secret' }
      const other = await scene.world.another(credentials)
      await setReady(scene.admin, first(scene), false)
      for (let pass = 0; pass < 3; pass++) {
        const report = await other.controllers.resync({ deadline: Date.now() + 60_000 })
        t.match(report, { state: 'incomplete', failures: [{ code: 'CCM_ACCOUNT_CHANGED' }] })
      }
      t.equal((await findNode(scene.admin, first(scene)))?.metadata.annotations?.[MISSING_SINCE], undefined)
      t.equal((await nodeNames(scene.admin)).length, size)
    })
  }

  for (const [size, lost, allowed] of [
    [3, 2, 1],
    [10, 5, 2],
    [100, 30, 20],
  ] as const) {
    t.test(`${size} nodes, ${lost} gone at once: ${allowed} are deleted in ten minutes`, async t => {
      const scene = await createScene(t, cluster, size)
      await loseServers(scene, lost)
      for (let pass = 0; pass < 4; pass++) await scene.world.resync()
      t.equal((await nodeNames(scene.admin)).length, size - allowed)
      const report = await scene.world.resync()
      t.match(report.held, [/as many nodes as may be/])
    })
  }

  t.test('a node of another cloud is never touched', async t => {
    const scene = await createScene(t, cluster, 1)
    await fakeKubelet(scene.admin, 'stranger', { providerID: 'aws:///eu-1a/i-0abc' })
    const before = await findNode(scene.admin, 'stranger')
    for (let pass = 0; pass < 3; pass++) await scene.world.resync()
    t.same(await findNode(scene.admin, 'stranger'), before)
  })

  t.test('the mark goes when the server is found again', async t => {
    const scene = await createScene(t, cluster, 3, { PNAP_NODE_DELETE_GRACE: '1h' })
    await loseServers(scene, 1)
    await scene.world.resync()
    t.type((await findNode(scene.admin, first(scene)))?.metadata.annotations?.[MISSING_SINCE], 'string')
    reviveFirst(scene)
    await scene.world.resync()
    t.equal((await findNode(scene.admin, first(scene)))?.metadata.annotations?.[MISSING_SINCE], undefined)
  })

  t.test('a mark that is no time starts anew', async t => {
    const scene = await createScene(t, cluster, 3, { PNAP_NODE_DELETE_GRACE: '1h' })
    await loseServers(scene, 1)
    await patchNode(scene.admin, first(scene), {
      metadata: { annotations: { [MISSING_SINCE]: 'yesterday' } },
    })
    const report = await scene.world.resync()
    t.ok(report.changes.some(({ name, action }) => name === first(scene) && action === 'markMissing'))
  })
})
