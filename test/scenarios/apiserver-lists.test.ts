import t, { type Test } from 'tap'
import { hasCode } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import type { BmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createApi } from '../support/api.ts'
import { assets, CONTROLLER, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { createFakeNode, fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import type { World } from '../support/world.ts'
import { compact, createNodes, eventually, expectJoined, OTHER_PROVIDER } from './_apiserver.ts'
import { type Door, type DoorCall, startDoor } from './_door.ts'
import { complete, namesOf, removeNodes, toSummary } from './_joins.ts'
import { createOutage, expectUntouched } from './_outage.ts'

t.setTimeout(240_000)

/** Nodes of another provider between ours, which nobody writes: with them there are two pages. */
const OTHERS = 500
const FIRST = namesOf('a', 4)
const LAST = namesOf('z', 4)
/** So that the smallest share is one seat. */
const FEW_SEATS = ['--max-requests-inflight=40', '--max-mutating-requests-inflight=20']
const NODES = '/api/v1/nodes'
const ROLE = '/apis/rbac.authorization.k8s.io/v1/clusterroles/cloud-provider-phoenixnap'

const isPage = ({ method, path }: DoorCall): boolean => method === 'GET' && path.startsWith(`${NODES}?`)
const isLaterPage = (call: DoorCall): boolean => isPage(call) && call.path.includes('continue=')

interface Scene {
  readonly t: Test
  readonly cluster: TestCluster
  readonly admin: Kube
  readonly bmc: BmcSimulator
  readonly world: World
  readonly door: Door
  readonly ids: Map<string, string>
  /** Pages of nodes that were asked for: first ones and later ones. */
  readonly pages: { first: number; later: number }
  /** Does `work` when a later page is asked for, before it is read. */
  between(work: () => Promise<void>, times?: number): void
}

t.test('lists of the real API server', { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }, async t => {
  const cluster = await startTestCluster(t, { flags: FEW_SEATS })
  const admin = await cluster.kube()
  await installRole(admin)
  const story = (name: string, tell: (t: Test, scene: Scene) => Promise<void>) =>
    t.test(name, async t => tell(t, await setUp(t, cluster)))

  await story('a page that has expired: the list is read again', async (t, scene) => {
    scene.between(() => expire(scene))
    t.match(await scene.world.resync(), { state: 'complete', nodes: OTHERS + 9 })
    t.match(scene.pages, { first: 2 }, 'from its beginning')
    await expectWell(t, scene)
  })

  await story(
    'pages that expire again and again: nothing is done, and the next pass does it',
    async (t, scene) => {
      scene.between(() => expire(scene), Number.POSITIVE_INFINITY)
      await t.rejects(scene.world.resync(), { code: 'KUBE_GONE' })
      for (const name of [...FIRST, ...LAST]) await expectUntouched(t, admin, name)
      scene.door.guard(undefined)
      await expectWell(t, scene)
    },
  )

  await story('nodes that come, go and change between two pages', async (t, scene) => {
    const { ids, bmc } = scene
    const [gone = '', kept = '', replaced = ''] = LAST
    scene.between(async () => {
      await admin.request({ method: 'DELETE', path: `${NODES}/${gone}` })
      await admin.request({ method: 'DELETE', path: `${NODES}/${FIRST[0]}` })
      await admin.request({ method: 'DELETE', path: `${NODES}/${replaced}` })
      await fakeKubelet(admin, replaced)
      const body = { metadata: { annotations: { changed: 'meanwhile' } } }
      await admin.request({ method: 'PATCH', path: `${NODES}/${kept}`, patch: 'merge', body })
      ids.set('m-late', bmc.backend.addServer({ hostname: 'm-late' }).id)
      await fakeKubelet(admin, 'm-late')
    })
    t.match(await scene.world.resync(), { failures: [{ name: replaced, code: 'KUBE_CONFLICT' }] })
    for (const name of [gone, FIRST[0] ?? '']) ids.delete(name)
    await expectWell(t, scene)
  })

  await story('priority and fairness that refuses what we ask for side by side', async (t, scene) => {
    await limitUs(scene)
    await expectWell(t, scene)
    await unlimitUs(scene)
  })

  await story('the right to list nodes goes between two pages', async (t, scene) => {
    const { world } = scene
    const controller = await cluster.kube(CONTROLLER)
    scene.between(async () => {
      await admin.request({ method: 'DELETE', path: ROLE })
      await eventually(() => isRefused(controller), 'the API server has heard of it')
    })
    await t.rejects(world.resync(), { code: 'KUBE_FORBIDDEN' })
    for (const name of [...FIRST, ...LAST]) await expectUntouched(t, admin, name)
    scene.door.guard(undefined)
    await installRole(admin)
    await expectWell(t, scene)
  })
})

async function setUp(t: Test, cluster: TestCluster): Promise<Scene> {
  const door = await startDoor(t, cluster)
  const { admin, bmc, world } = await createOutage(t, cluster, {
    environment: { KUBECONFIG: door.kubeconfig },
  })
  await removeNodes(admin)
  const ours = [...FIRST, ...LAST]
  const ids = new Map(ours.map(hostname => [hostname, bmc.backend.addServer({ hostname }).id]))
  const others = namesOf('m', OTHERS).map(name =>
    createFakeNode(name, { providerID: `${OTHER_PROVIDER}/${name}`, external: false }),
  )
  await createNodes(cluster, [...others, ...ours.map(name => createFakeNode(name))])
  const pages = { first: 0, later: 0 }
  return {
    t,
    cluster,
    admin,
    bmc,
    world,
    door,
    ids,
    pages,
    between(work, times = 1) {
      let left = times
      door.guard(async call => {
        if (isPage(call)) pages[isLaterPage(call) ? 'later' : 'first'] += 1
        if (isLaterPage(call) && left-- > 0) await work()
        return undefined
      })
    },
  }
}

const isRefused = (kube: Kube): Promise<boolean> =>
  kube.request({ path: NODES, query: { limit: 1 } }).then(
    () => false,
    error => hasCode(error, 'KUBE_FORBIDDEN'),
  )

/** As when the list has been read for so long that the API server has forgotten how it was. */
async function expire({ cluster, admin, ids, bmc }: Scene): Promise<void> {
  const name = `b-${ids.size}`
  ids.set(name, bmc.backend.addServer({ hostname: name }).id)
  await fakeKubelet(admin, name)
  const { apiServer } = cluster
  if (!apiServer) throw new Error('there is no API server')
  await compact(apiServer.etcd)
  // What it has in memory would do for some pages more.
  await apiServer.stop('SIGKILL')
  await apiServer.start()
}

const FLOWCONTROL = '/apis/flowcontrol.apiserver.k8s.io/v1'
const LEVEL = `${FLOWCONTROL}/prioritylevelconfigurations`
const SCHEMA = `${FLOWCONTROL}/flowschemas`
const STARVED = { metadata: { name: 'starved' } }

/** All that we ask for shares one seat, which is the least there is, and what finds it taken is refused (429). */
async function limitUs({ t, admin, cluster }: Scene): Promise<void> {
  t.teardown(() => unlimitUs({ admin, cluster }))
  const limited = { nominalConcurrencyShares: 0, borrowingLimitPercent: 0, lendablePercent: 0 }
  const level = { type: 'Limited', limited: { ...limited, limitResponse: { type: 'Reject' } } }
  await admin.request({ method: 'POST', path: LEVEL, body: { ...STARVED, spec: level } })
  const resources = [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
  ]
  const rules = [
    {
      subjects: [{ kind: 'User', user: { name: CONTROLLER } }],
      resourceRules: resources.map(({ resources, ...rest }) => ({ ...rest, resources })),
    },
  ]
  const spec = { priorityLevelConfiguration: STARVED.metadata, matchingPrecedence: 2, rules }
  await admin.request({ method: 'POST', path: SCHEMA, body: { ...STARVED, spec } })
  const refused = async () => (await askTogether(cluster)).some(status => status === 429)
  await eventually(refused, 'the API server has heard of it')
}

/** Status of each of some requests of ours that are sent side by side, and not repeated. */
async function askTogether(cluster: TestCluster): Promise<readonly number[]> {
  const api = createApi(cluster.kubeconfig(CONTROLLER))
  const calls = Array.from({ length: 20 }, () => api.call({ method: 'GET', path: `${NODES}?limit=500` }))
  const answers = await Promise.all(calls)
  api.close()
  return answers.map(({ status }) => status)
}

async function unlimitUs({ admin, cluster }: Pick<Scene, 'admin' | 'cluster'>): Promise<void> {
  for (const path of [SCHEMA, LEVEL])
    await admin.request({ method: 'DELETE', path: `${path}/starved` }).catch(() => {})
  const isFree = async () => (await askTogether(cluster)).every(status => status === 200)
  await eventually(isFree, 'the API server has heard of its end')
}

/** Passes bring up what is left, and find nothing more to do. */
async function expectWell(t: Test, { admin, world, ids }: Scene): Promise<void> {
  t.match(await world.resync(), { state: 'complete' })
  await expectJoined(t, admin, ids)
  t.same(toSummary(await world.resync()), complete())
}
