import t from 'tap'
import { NAME, RESYNC_LEASE } from '../../shared/kubernetes/names.ts'
import type { ObjectMeta } from '../../shared/kubernetes/types.ts'
import { createNamespace } from '../controllers/address/_pools.ts'
import { register } from '../register/_register.ts'
import { PURELB_DEFINITION } from '../support/announcer-definitions.ts'
import { forEachCluster, type TestCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { changedBetween, readEverything, readObjects } from './_everything.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'

t.setTimeout(240_000)

const COMPONENT = 'app.kubernetes.io/component'
const RECOMMENDED = {
  'app.kubernetes.io/name': NAME,
  'app.kubernetes.io/part-of': NAME,
  'app.kubernetes.io/managed-by': NAME,
}
/** What users, kubelets and the API server itself make in these stories. */
const FOREIGN =
  /^\/api\/v1\/(?:services|nodes|namespaces) |ipallocator\.k8s\.io|\/apis\/(?:discovery|apiextensions|apiregistration)|kube-root-ca|\/serviceaccounts \S+\/default$/

interface Made {
  readonly path: string
  readonly metadata: ObjectMeta
}

/** What this program made since `before`. */
async function listMade(cluster: TestCluster, before: Readonly<Record<string, string>>): Promise<Made[]> {
  const after = Object.entries(await readObjects(cluster))
  return after
    .filter(([name, text]) => before[name] === undefined && !FOREIGN.test(name) && !FOREIGN.test(text))
    .map(([path, text]) => ({ path, metadata: (JSON.parse(text) as Made).metadata }))
}

const componentsOf = (made: readonly Made[]): string[] =>
  [...new Set(made.map(({ metadata }) => metadata.labels?.[COMPONENT] ?? ''))].toSorted()

/** What is not only written once. */
const isLasting = ({ path }: Made): boolean => /ipaddress|servicegroups|leases|configmaps/.test(path)

/** A claim, a gate, a pool, both Leases, the inventory, events, roles and the webhook configuration. */
async function makeEverything({ cluster, admin, ...lb }: LoadBalancers): Promise<void> {
  await fakeKubelet(admin, 'nobodys', { systemUUID: 'u' })
  await lb.create('web')
  await lb.settle()
  const env = { KUBECONFIG: await cluster.kubeconfigFile() }
  const { code, err } = await register(['--url', 'https://127.0.0.1:1'], env)
  if (code !== 0) throw new Error(err)
}

/** As an earlier version left it: without what tells no owner. */
const strip = ({ admin }: LoadBalancers, { path, metadata }: Made): Promise<unknown> => {
  const labels = { [COMPONENT]: null, 'app.kubernetes.io/part-of': null, 'app.kubernetes.io/name': null }
  const [list = '', name = ''] = path.split(' ')
  const folder = name.includes('/')
    ? list.replace(/\/(\w+)$/, `/namespaces/${name.replace('/', '/$1/')}`)
    : ''
  return admin.request({
    method: 'PATCH',
    path: folder || `${list}/${metadata.name}`,
    patch: 'merge',
    body: { metadata: { labels } },
  })
}

forEachCluster(t, 'labels', { crds: [PURELB_DEFINITION] }, async (t, cluster) => {
  const before = await readObjects(cluster)
  await createNamespace(await cluster.kube(), 'purelb-system')
  const lb = await startLoadBalancers(t, cluster, { announcer: 'purelb' })
  await makeEverything(lb)

  await t.test('everything that is made bears those that Kubernetes recommends', async t => {
    const made = await listMade(cluster, before)
    for (const { path, metadata } of made) t.match(metadata.labels, RECOMMENDED, path)
    t.strictSame(componentsOf(made), [
      'access',
      'address-claim',
      'address-pool',
      'block-gate',
      'event',
      'inventory',
      'lease',
      'webhook',
    ])
    t.notMatch(JSON.stringify(made), 'app.kubernetes.io/version', 'a release writes nothing')
  })

  await t.test('objects from before cost no write, and get them with the next one', async t => {
    for (const made of await listMade(cluster, before)) if (isLasting(made)) await strip(lb, made)
    const everything = await readEverything(cluster)
    t.match(await lb.world.resync(), { state: 'complete', changes: [], failures: [] })
    t.strictSame(changedBetween(everything, await readEverything(cluster)), [
      `/apis/coordination.k8s.io/v1/leases kube-system/${RESYNC_LEASE}`,
    ])

    const stale = await readEverything(cluster)
    await lb.remove('web')
    await lb.create('other')
    await lb.settle()
    const changed = changedBetween(stale, await readEverything(cluster))
    const written = (await listMade(cluster, before)).filter(
      one => isLasting(one) && changed.includes(one.path),
    )
    t.strictSame(componentsOf(written), ['address-claim', 'address-pool', 'lease'])
    for (const { path, metadata } of written) t.match(metadata.labels, RECOMMENDED, path)
  })
})
