import t from 'tap'
import { hasCode } from '../../shared/errors.ts'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { startServed } from '../support/served.ts'
import { findNode } from './_deletion.ts'
import { type Door, type DoorCall, startDoor, type Verdict } from './_door.ts'
import { call } from './_hostile.ts'
import {
  createOutage,
  expectInitialised,
  expectUntouched,
  isTainted,
  type OutageScene,
  until,
} from './_outage.ts'

const NODE = 'trouble-a'
const OTHER = 'trouble-b'
const PATH = `/api/v1/nodes/${NODE}`
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const NAME = 'cloud-provider-phoenixnap'

/** What the door does to matching requests, and how the pass under it ends. */
interface Trouble {
  readonly name: string
  readonly fits: (call: DoorCall) => boolean
  readonly verdict: Verdict
  /** For so many requests; for all by default. */
  readonly times?: number
  /** The pass cannot be made at all. */
  readonly throws?: string
  /** The pass fails at one node and does the other. */
  readonly fails?: string
}

const isList = ({ method, path }: DoorCall): boolean => method === 'GET' && path.startsWith('/api/v1/nodes?')
const isWrite = ({ method, path }: DoorCall): boolean => method === 'PATCH' && path.startsWith(PATH)
const isMainWrite = ({ method, path }: DoorCall): boolean => method === 'PATCH' && path === PATH
const isLease = ({ path }: DoorCall): boolean => path.includes('/leases')
const isInventory = ({ path }: DoorCall): boolean => path.includes('/configmaps')
const isEvent = ({ method, path }: DoorCall): boolean => method !== 'GET' && path.includes('/events')

const TROUBLES: readonly Trouble[] = [
  { name: 'list: 500', fits: isList, verdict: { status: 500 }, throws: 'KUBE_SERVER_ERROR' },
  { name: 'list: 429', fits: isList, verdict: { status: 429 }, throws: 'KUBE_RATE_LIMITED' },
  { name: 'list: 401', fits: isList, verdict: { status: 401 }, throws: 'KUBE_CREDENTIALS_INVALID' },
  { name: 'list: one reset', fits: isList, verdict: { reset: 'after' }, times: 1 },
  { name: 'list: resets', fits: isList, verdict: { reset: 'before' }, throws: 'KUBE_UNREACHABLE' },
  { name: 'list: garbage', fits: isList, verdict: { garbage: '<html>' }, throws: 'KUBE_SERVER_ERROR' },
  { name: 'Lease: 500', fits: isLease, verdict: { status: 500 }, throws: 'KUBE_SERVER_ERROR' },
  { name: 'inventory: 500', fits: isInventory, verdict: { status: 500 }, throws: 'KUBE_SERVER_ERROR' },
  { name: 'first write: 500', fits: isWrite, verdict: { status: 500 }, fails: 'KUBE_SERVER_ERROR' },
  {
    name: 'first write: reset before',
    fits: isWrite,
    verdict: { reset: 'before' },
    fails: 'KUBE_UNREACHABLE',
  },
  {
    name: 'first write: reset after',
    fits: isWrite,
    verdict: { reset: 'after' },
    times: 1,
    fails: 'KUBE_UNREACHABLE',
  },
  { name: 'second write: 500', fits: isMainWrite, verdict: { status: 500 }, fails: 'KUBE_SERVER_ERROR' },
  {
    name: 'second write: reset before',
    fits: isMainWrite,
    verdict: { reset: 'before' },
    fails: 'KUBE_UNREACHABLE',
  },
  {
    name: 'second write: reset after',
    fits: isMainWrite,
    verdict: { reset: 'after' },
    fails: 'KUBE_UNREACHABLE',
  },
  {
    name: 'second write: garbage',
    fits: isMainWrite,
    verdict: { garbage: '<html>' },
    fails: 'KUBE_SERVER_ERROR',
  },
]

t.setTimeout(180_000)

forEachCluster(t, 'trouble with the cluster', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)

  type Scene = OutageScene & { readonly door: Door; readonly ids: readonly [string, string] }

  /** Two nodes that wait for a pass. */
  async function createScene(...[t]: Parameters<typeof createOutage>): Promise<Scene> {
    const door = await startDoor(t, cluster)
    const scene = await createOutage(t, cluster, { environment: { KUBECONFIG: door.kubeconfig } })
    const add = (hostname: string) => scene.bmc.backend.addServer({ hostname }).id
    const ids = [add(NODE), add(OTHER)] as const
    await fakeKubelet(admin, NODE)
    await fakeKubelet(admin, OTHER)
    return { ...scene, door, ids }
  }

  async function expectWell(t: Parameters<typeof createOutage>[0], { world, ids }: Scene): Promise<void> {
    t.equal((await world.resync()).state, 'complete', 'the next pass is complete')
    await expectInitialised(t, admin, NODE, ids[0])
    await expectInitialised(t, admin, OTHER, ids[1])
    t.same((await world.resync()).changes, [], 'and leaves nothing to do')
  }

  for (const { name, fits, verdict, times = Number.POSITIVE_INFINITY, throws, fails } of TROUBLES) {
    t.test(name, async t => {
      const scene = await createScene(t, cluster)
      let struck = 0
      scene.door.guard(call => (struck < times && fits(call) && ++struck ? verdict : undefined))
      if (throws) await t.rejects(scene.world.resync(), { code: throws })
      else {
        const failures = fails ? [{ name: NODE, code: fails }] : []
        t.match(await scene.world.resync(), { state: fails ? 'incomplete' : 'complete', failures })
        await expectInitialised(t, admin, OTHER, scene.ids[1])
      }
      t.ok(struck > 0, 'the trouble came')
      scene.door.guard(undefined)
      await expectWell(t, scene)
    })
  }

  /** Somebody else writes the node whenever we are about to. */
  const interfere = (times: number) => {
    let count = 0
    return async (request: DoorCall): Promise<undefined> => {
      if (!isWrite(request) || count >= times) return
      const body = { metadata: { annotations: { storm: String(++count) } } }
      await admin.request({ method: 'PATCH', path: PATH, patch: 'merge', body })
    }
  }

  t.test('a short storm of conflicts is sat out within the pass', async t => {
    const scene = await createScene(t, cluster)
    scene.door.guard(interfere(2))
    await expectWell(t, scene)
    t.equal(
      (await findNode(admin, NODE))?.metadata.annotations?.['storm'],
      '2',
      "the other's writes are kept",
    )
  })

  t.test('a storm without end stops nobody else', async t => {
    const scene = await createScene(t, cluster)
    scene.door.guard(interfere(Number.POSITIVE_INFINITY))
    t.match(await scene.world.resync(), { failures: [{ name: NODE, code: 'KUBE_CONFLICT' }] })
    await expectUntouched(t, admin, NODE)
    await expectInitialised(t, admin, OTHER, scene.ids[1])
    const { controllers } = scene.world.app
    const outcome = await controllers.reconcile([{ kind: 'Node', name: NODE }], {
      deadline: Date.now() + 9000,
    })
    t.match(outcome, [{ result: 'retry', code: 'KUBE_CONFLICT' }])
    scene.door.guard(undefined)
    await expectWell(t, scene)
  })

  for (const [what, path] of [
    ['nodes', `${RBAC}/clusterroles/${NAME}`],
    ['inventory and Lease', `${RBAC}/namespaces/kube-system/roles/${NAME}`],
  ] as const) {
    t.test(`the right to ${what} is withdrawn, and given back`, async t => {
      const scene = await createScene(t, cluster)
      t.teardown(() => installRole(admin))
      await admin.request({ method: 'DELETE', path })
      const ends = () =>
        scene.world.resync().then(
          ({ state }) => state,
          (error: unknown) => error,
        )
      await until(async () => hasCode(await ends(), 'KUBE_FORBIDDEN'), 'the API server has heard of it')
      await installRole(admin)
      await until(async () => (await ends()) === 'complete', 'a pass is complete again')
      await expectWell(t, scene)
    })
  }

  t.test('without the right to write events, nodes are initialised all the same', async t => {
    const scene = await createScene(t, cluster)
    let refused = 0
    scene.door.guard(call => (isEvent(call) && ++refused ? { status: 403, reason: 'Forbidden' } : undefined))
    await expectWell(t, scene)
    t.equal(refused, 2, 'one event a node')
  })

  t.test('serve goes on through a restart of the API server', async t => {
    const { bmc } = await createOutage(t, cluster)
    const { id } = bmc.backend.addServer({ hostname: NODE })
    const served = await startServed(t, cluster, { bmc, registered: false, resyncInterval: '5s' })
    await until(() => served.log().includes('"msg":"resync ended"'), 'the first pass is over')
    await (cluster.apiServer?.stop() ?? cluster.simulator?.faults.down())
    await until(() => served.log().includes('KUBE_UNREACHABLE'), 'a pass finds nobody')
    t.match(await call(served, { method: 'GET', path: '/healthz' }), { status: 200, text: 'ok' })
    await (cluster.apiServer?.start() ?? cluster.simulator?.faults.up())
    await fakeKubelet(admin, NODE)
    await until(async () => !isTainted(await findNode(admin, NODE)), 'a pass brings the node up')
    await expectInitialised(t, admin, NODE, id)
  })
})
