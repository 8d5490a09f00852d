import t, { type Test } from 'tap'
import { listNodes } from '../../shared/kubernetes/nodes.ts'
import { assets, startTestCluster, type TestCluster } from '../support/cluster.ts'
import type { Etcd } from '../support/control-plane.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { assignedTo, createManifest } from '../support/services.ts'
import {
  atPurchase,
  createStubbornly,
  eventually,
  expectJoined,
  joinStubbornly,
  type Pair,
  readiness,
  sendReview,
  startPair,
} from './_apiserver.ts'
import { namesOf, removeNodes } from './_joins.ts'
import { type LoadBalancers, MINUTE, startLoadBalancers } from './_load-balancers.ts'
import { isTainted } from './_outage.ts'
import { expectSound } from './_sound.ts'

t.setTimeout(240_000)

/** How the API server loses its store for a while. */
const OUTAGES: Readonly<Record<string, { begin(etcd: Etcd): unknown; end(etcd: Etcd): unknown }>> = {
  'hangs: requests wait for it': { begin: etcd => etcd.pause(), end: etcd => etcd.resume() },
  'is killed: requests fail': { begin: etcd => etcd.kill(), end: etcd => etcd.start() },
}
const SETTINGS = { blockCreateMs: 300, assignMs: 500, unassignMs: 300 }
const THERE = namesOf('there', 6)
const LATE = namesOf('late', 3)
const BOUGHT_FOR = 'bought-for'

t.test('etcd', { skip: assets ? false : 'needs KUBEBUILDER_ASSETS' }, async t => {
  const cluster = await startTestCluster(t)
  for (const name of Object.keys(OUTAGES)) await t.test(name, t => loseEtcd(t, cluster, name))
})

async function loseEtcd(t: Test, cluster: TestCluster, how: string): Promise<void> {
  const { etcd } = cluster.apiServer ?? {}
  const outage = OUTAGES[how]
  if (!etcd || !outage) throw new Error('there is no etcd')
  await removeNodes(await cluster.kube())
  const lb = await startLoadBalancers(t, cluster, { by: 'nobody', settings: SETTINGS })
  const ids = new Map([...THERE, ...LATE].map(hostname => [hostname, lb.backend.addServer({ hostname }).id]))
  for (const name of THERE) await joinStubbornly(lb.api, name)
  t.match(await lb.world.resync(), { state: 'complete' })
  const before = await uidsOf(lb)

  await t.test('two replicas in the middle of a purchase', async t => {
    const pair = await startPair(t, cluster, { bmc: lb.bmc, environment: lb.environment })
    const begun = atPurchase(lb.bmc, async () => outage.begin(etcd))
    const created = createStubbornly(lb.api, BOUGHT_FOR)
    await begun
    const said = pair.replicas.map(replica => replica.log().length)
    const joined = LATE.map(name => joinStubbornly(lb.api, name))
    await t.test('answer whoever asks', t => expectAnswers(t, pair))
    await eventually(
      () =>
        pair.replicas.every((replica, index) => replica.log().slice(said[index]).includes('"resync failed"')),
      'each has given up a pass',
    )
    await outage.end(etcd)
    await Promise.all([created, ...joined])
    // What was left held in the middle of a purchase frees itself by time.
    await lb.timePasses(MINUTE)
    await eventually(async () => !(await listNodes(lb.admin)).some(isTainted), 'all nodes have joined')
    await eventually(async () => assignedTo(await lb.service(BOUGHT_FOR)).length > 0, 'the Service is served')
    t.equal(await readiness(pair.target), 200)
  })

  await expectJoined(t, lb.admin, ids)
  const after = await uidsOf(lb)
  t.strictSame(Object.fromEntries(THERE.map(name => [name, after[name]])), before, 'no node was deleted')
  t.equal(lb.purchases(), 1, 'one block was bought')
  await lb.timePasses(6 * MINUTE)
  await expectSound(t, lb)
}

/** While nobody can read or write anything. */
async function expectAnswers(t: Test, { target }: Pair): Promise<void> {
  const untouched = { allowed: true, patch: undefined }
  t.match(await sendReview(target, 'nodes', createFakeNode('unheard-of')), untouched, 'a node')
  t.match(await sendReview(target, 'services', createManifest('unheard-of')), untouched, 'a Service')
  t.equal(await readiness(target), 200, 'they stay of use')
}

const uidsOf = async ({ admin }: LoadBalancers): Promise<Readonly<Record<string, string | undefined>>> =>
  Object.fromEntries((await listNodes(admin)).map(({ metadata: { name, uid } }) => [name, uid]))
