import t, { type Test } from 'tap'
import { POOL_NAME } from '../../shared/announcers/pool-entries.ts'
import { createApi } from '../support/api.ts'
import { ADMIN, CONTROLLER, forEachCluster, type TestCluster } from '../support/cluster.ts'
import { installRole } from '../support/install.ts'

const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const
type Verb = (typeof VERBS)[number]

/** As `resource[/subresource][.group]`, where, and the verbs that are allowed; every other verb is refused. */
interface Rule {
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
  readonly verbs: readonly Verb[]
}

const POOL: readonly Verb[] = ['list', 'create', 'update', 'delete']
const RULES: readonly Rule[] = [
  { resource: 'nodes', verbs: ['get', 'list', 'patch', 'delete'] },
  { resource: 'nodes/status', verbs: ['patch'] },
  { resource: 'services', namespace: 'shop', verbs: ['get', 'list', 'patch'] },
  { resource: 'services', verbs: ['get', 'list', 'patch'] },
  { resource: 'services/status', namespace: 'shop', verbs: ['patch'] },
  { resource: 'services/finalizers', namespace: 'shop', verbs: [] },
  { resource: 'services/proxy', namespace: 'shop', verbs: [] },
  { resource: 'events', namespace: 'shop', verbs: ['get', 'create'] },
  { resource: 'namespaces', name: 'kube-system', verbs: ['get'] },
  { resource: 'namespaces', name: 'shop', verbs: [] },
  { resource: 'namespaces', verbs: [] },
  { resource: 'ipaddresses.networking.k8s.io', verbs: ['get', 'list', 'create', 'patch', 'delete'] },
  { resource: 'servicecidrs.networking.k8s.io', verbs: ['list'] },
  ...[
    { resource: 'ipaddresspools.metallb.io', namespace: 'metallb-system' },
    { resource: 'servicegroups.purelb.io', namespace: 'purelb-system' },
  ].flatMap(pools => [
    { ...pools, name: POOL_NAME, verbs: POOL },
    { ...pools, name: 'of-an-operator', verbs: ['list', 'create'] as const },
  ]),
  { resource: 'ipaddresspools/status.metallb.io', namespace: 'metallb-system', verbs: [] },
  { resource: 'l2advertisements.metallb.io', namespace: 'metallb-system', verbs: [] },
  { resource: 'ciliumloadbalancerippools.cilium.io', verbs: POOL },
  { resource: 'endpointslices.discovery.k8s.io', namespace: 'shop', verbs: [] },
  { resource: 'pods', namespace: 'shop', verbs: [] },
  { resource: 'secrets', namespace: 'kube-system', verbs: [] },
  { resource: 'configmaps', namespace: 'kube-system', verbs: ['create'] },
  { resource: 'configmaps', namespace: 'shop', verbs: [] },
  {
    resource: 'configmaps',
    namespace: 'kube-system',
    name: 'cloud-provider-phoenixnap',
    verbs: ['get', 'create', 'update', 'delete'],
  },
  ...['resync', 'ip-blocks'].map(end => ({
    resource: 'leases.coordination.k8s.io',
    namespace: 'kube-system',
    name: `cloud-provider-phoenixnap-${end}`,
    verbs: ['get', 'create', 'patch'] as const,
  })),
  {
    resource: 'leases.coordination.k8s.io',
    namespace: 'kube-system',
    name: 'kube-scheduler',
    verbs: ['create'],
  },
  { resource: 'leases.coordination.k8s.io', namespace: 'kube-node-lease', verbs: [] },
]

forEachCluster(t, 'the shipped role allows what the code needs and no more', {}, run)

async function run(t: Test, cluster: TestCluster): Promise<void> {
  await installRole(await cluster.kube())
  const api = createApi(cluster.kubeconfig(ADMIN))
  t.teardown(() => api.close())

  async function isAllowed(verb: Verb, { resource: full, namespace, name }: Rule): Promise<boolean> {
    const [path = '', ...group] = full.split('.')
    const [resource, subresource] = path.split('/')
    const attributes = { verb, group: group.join('.'), resource, subresource, namespace, name }
    const spec = { user: CONTROLLER, resourceAttributes: attributes }
    const { body } = await api.call({ method: 'POST', path: REVIEWS, body: { spec } })
    return (body['status'] as { allowed: boolean }).allowed
  }

  for (const rule of RULES) {
    const { resource, namespace = '*', name = '*' } = rule
    await t.test(`${resource} ${namespace}/${name}`, async t => {
      const allowed: Verb[] = []
      for (const verb of VERBS) if (await isAllowed(verb, rule)) allowed.push(verb)
      t.strictSame(allowed, rule.verbs)
    })
  }
}
