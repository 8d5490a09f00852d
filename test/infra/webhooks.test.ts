import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readWebhooks } from '../../shared/register/manifests.ts'
import { type Api, type ApiAnswer, type ApiCall, createApi } from '../support/api.ts'
import { ADMIN, CONTROLLER, forEachCluster, type TestCluster } from '../support/cluster.ts'
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'
const FINALIZER = 'phoenixnap.com/load-balancer'
const OTHER_FINALIZER = 'example.com/keeps'
const POLL_MS = 20

/** A Service as tests read and write it. */
interface Fields {
  readonly metadata: {
    readonly name?: string
    readonly generateName?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
    readonly finalizers?: readonly string[]
  }
  readonly spec: Record<string, unknown>
}

const loadBalancer = (metadata: Fields['metadata'] = {}, spec: object = {}): Fields => ({
  metadata,
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
})
const clusterIP = (metadata: Fields['metadata'] = {}): Fields => loadBalancer(metadata, { type: 'ClusterIP' })

const SERVED = {
  finalizers: [FINALIZER],
  annotations: { 'phoenixnap.com/assigned-ips': '203.0.113.2', 'metallb.io/loadBalancerIPs': '203.0.113.2' },
}

/** A request, and whether it is sent to the webhook. `change` of undefined is a deletion. */
interface Case {
  /** The Service that is there before; without it, the request creates `change`. */
  readonly before?: Fields
  readonly change?: (stored: Fields) => Fields
  /** Sent instead of the whole changed Service. */
  readonly merge?: object
  readonly path?: string
  readonly user?: string
  /** Deleted first: what is left of it waits for its finalizers. */
  readonly isDeleting?: true
  readonly sent: boolean
}

const annotate = (key: string, value?: string) => ({ metadata: { annotations: { [key]: value ?? null } } })
/** What an announcer or a client does: the whole Service comes back, with a note. */
const note = (key: string) => (stored: Fields) => ({
  ...stored,
  metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, [key]: 'note' } },
})
const create = (service: Fields, more: Partial<Case> = {}): Case => ({
  change: () => service,
  sent: false,
  ...more,
})
const yes = { sent: true } as const

const NOTED = { 'phoenixnap.com/a': '1' }
const CREATES: Record<string, Case> = {
  'a load balancer is created': create(loadBalancer(), yes),
  'a load balancer is created in a dry run': create(loadBalancer(), { ...yes, path: '?dryRun=All' }),
  'a load balancer is created whose name is made': create(loadBalancer({ generateName: 'made-' }), yes),
  'a load balancer is created by ourselves': create(loadBalancer(), { user: CONTROLLER }),
  'a ClusterIP is created': create(clusterIP()),
  'a ClusterIP without a type is created': create({ metadata: {}, spec: { ports: [{ port: 80 }] } }),
  'a ClusterIP with our annotations is created': create(clusterIP({ annotations: NOTED })),
  'a ClusterIP with a finalizer of others is created': create(clusterIP({ finalizers: [OTHER_FINALIZER] })),
  'a ClusterIP with our finalizer is created': create(clusterIP({ finalizers: [FINALIZER] }), yes),
  'a NodePort is created': create(loadBalancer({}, { type: 'NodePort' })),
  'an ExternalName is created': create({ metadata: {}, spec: { type: 'ExternalName', externalName: 'a.b' } }),
}

const served = (more: Partial<Case>): Case => ({ before: loadBalancer(SERVED), sent: false, ...more })
const plain = (more: Partial<Case>): Case => ({ before: clusterIP(), sent: false, ...more })
const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`example.com/note-${i}`, `${i}`]))
const noted = loadBalancer({ annotations: many })
const PORTS = { spec: { ports: [{ port: 81 }] } }
const fromOurs = (multiPool: string, sent: boolean): Case => ({
  before: loadBalancer({ annotations: { 'purelb.io/multi-pool': multiPool } }),
  merge: annotate('purelb.io/allocated-from', 'theirs, cloud-provider-phoenixnap'),
  sent,
})
const UPDATES: Record<string, Case> = {
  'the same is put again': served({ change: stored => stored }),
  'a label is set': served({ merge: { metadata: { labels: { a: '1' } } } }),
  'an annotation of others is set': served({ merge: annotate('example.com/a', '1') }),
  'MetalLB notes its pool': served({ change: note('metallb.io/ip-allocated-from-pool') }),
  'an older MetalLB notes its pool': served({ change: note('metallb.universe.tf/ip-allocated-from-pool') }),
  'kube-vip notes its host': served({ change: note('kube-vip.io/vipHost') }),
  'PureLB notes where it comes from': served({ change: note('purelb.io/allocated-from') }),
  'PureLB notes that one of one address comes from our group': fromOurs('false', false),
  'somebody notes that it comes from our group': fromOurs('', true),
  'somebody notes that one of every range comes from our group': fromOurs('true', true),
  'a finalizer of others is set': served({
    merge: { metadata: { finalizers: [FINALIZER, OTHER_FINALIZER] } },
  }),
  'the status is written': served({
    path: '/status',
    merge: { status: { loadBalancer: { ingress: [{ ip: '203.0.113.2' }] } } },
  }),
  'our finalizer is taken': served({ merge: { metadata: { finalizers: null } }, ...yes }),
  'a port is changed': served({ merge: PORTS, ...yes }),
  'an address is asked for': served({ merge: { spec: { loadBalancerIP: '203.0.113.3' } }, ...yes }),
  'a load balancer becomes a ClusterIP': served({ merge: { spec: { type: 'ClusterIP' } }, ...yes }),
  'a ClusterIP becomes a load balancer': plain({ merge: { spec: { type: 'LoadBalancer' } }, ...yes }),
  'all annotations are taken': served({ merge: { metadata: { annotations: null } }, ...yes }),
  'a manifest replaces all': served({
    change: ({ metadata: { name = '' } }) => loadBalancer({ name }),
    ...yes,
  }),
  'a port is changed by ourselves': served({ merge: PORTS, user: CONTROLLER }),
  'a change in a dry run': served({ path: '?dryRun=All', merge: PORTS, ...yes }),
  'a port of a ClusterIP is changed': plain({ merge: PORTS }),
  'an annotation of a ClusterIP is changed': plain({ merge: annotate('phoenixnap.com/manage', 'true') }),
  'a port of a ClusterIP with our finalizer is changed': {
    before: clusterIP({ finalizers: [FINALIZER] }),
    merge: PORTS,
    ...yes,
  },
  'a port of one with 2,000 annotations is changed': served({ before: noted, merge: PORTS, ...yes }),
  'one of 2,000 annotations is changed': {
    before: noted,
    merge: annotate('example.com/note-7', 'x'),
    sent: false,
  },
  'an annotation beside 2,000 others is set': {
    before: noted,
    merge: annotate('phoenixnap.com/manage', 'true'),
    ...yes,
  },
  'the first annotation is one that counts': {
    before: loadBalancer(),
    merge: annotate('phoenixnap.com/retain-ip', 'true'),
    ...yes,
  },
  'the first annotation is another': {
    before: loadBalancer(),
    merge: annotate('example.com/a', 'true'),
    sent: false,
  },
  'a deleted one loses a finalizer of others': {
    before: loadBalancer({ finalizers: [FINALIZER, OTHER_FINALIZER] }),
    isDeleting: true,
    merge: { metadata: { finalizers: [FINALIZER] } },
    sent: false,
  },
  'a deleted one loses our finalizer': {
    before: loadBalancer({ finalizers: [FINALIZER, OTHER_FINALIZER] }),
    isDeleting: true,
    merge: { metadata: { finalizers: [OTHER_FINALIZER] } },
    ...yes,
  },
}

const COUNTING = [
  'phoenixnap.com/ip-location',
  'phoenixnap.com/assigned-ips',
  'kube-vip.io/loadbalancerIPs',
  'kube-vip.io/ignore',
  'metallb.io/loadBalancerIPs',
  'metallb.io/address-pool',
  'metallb.universe.tf/loadBalancerIPs',
  'metallb.universe.tf/address-pool',
  'lbipam.cilium.io/ips',
  'io.cilium/lb-ipam-ips',
  'purelb.io/addresses',
  'purelb.io/service-group',
  'purelb.io/multi-pool',
]
for (const key of COUNTING) {
  const before = loadBalancer({ annotations: { [key]: 'a', 'example.com/a': '1' } })
  UPDATES[`${key} is set`] = served({
    before: loadBalancer({ annotations: { 'example.com/a': '1' } }),
    merge: annotate(key, 'a'),
    ...yes,
  })
  UPDATES[`${key} is changed`] = { before, merge: annotate(key, 'b'), ...yes }
  UPDATES[`${key} is taken`] = { before, merge: annotate(key), ...yes }
}

const DELETES: Record<string, Case> = {
  'a load balancer is deleted': served(yes),
  'a load balancer without our finalizer is deleted': { before: loadBalancer(), ...yes },
  'a ClusterIP with our finalizer is deleted': { before: clusterIP({ finalizers: [FINALIZER] }), ...yes },
  'a ClusterIP is deleted': plain({}),
  'a load balancer is deleted by ourselves': served({ user: CONTROLLER }),
}

forEachCluster(t, 'reviews of Services leave the API server when they are needed', { everyKind: true }, run)

async function run(t: Test, cluster: TestCluster): Promise<void> {
  const server = await startWebhookServer(t)
  server.on('/admission', ({ body }) => {
    const { uid } = (body as { request: { uid: string } }).request
    const response = { uid, allowed: true }
    return { json: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } }
  })
  const apis = new Map([ADMIN, CONTROLLER].map(user => [user, createApi(cluster.kubeconfig(user))]))
  t.teardown(() => {
    for (const api of apis.values()) api.close()
  })
  const call = async (user: string, request: ApiCall): Promise<ApiAnswer> => {
    const api = apis.get(user) as Api
    const answer = await api.call(request)
    if (answer.status >= 300) throw new Error(`${request.method} ${request.path}: ${answer.status}`)
    return answer
  }
  await install(call, server)
  const cases = Object.entries({ ...CREATES, ...UPDATES, ...DELETES })
  for (const [index, [name, each]] of cases.entries()) {
    await t.test(name, async t => {
      const service = `case-${index}`
      const path = await prepare(call, service, each)
      const before = server.calls('/admission').length
      await call(each.user ?? ADMIN, await toRequest(call, service, path, each))
      t.equal(server.calls('/admission').length > before, each.sent)
    })
  }
  await t.test('many are deleted at once', async t => {
    const labels = { delete: 'all' }
    for (const [name, service] of [
      ['all-a', loadBalancer({ labels })],
      ['all-b', clusterIP({ labels })],
      ['all-c', clusterIP({ labels, finalizers: [FINALIZER] })],
    ] as const) {
      await prepare(call, name, { before: service, sent: false })
    }
    const before = server.calls('/admission').length
    await call(ADMIN, { method: 'DELETE', path: `${SERVICES}?labelSelector=delete%3Dall` })
    const names = server.calls('/admission').slice(before).map(toReviewedName)
    t.strictSame(names.toSorted(), ['default/all-a', 'default/all-c'])
  })
}

type Caller = (user: string, request: ApiCall) => Promise<ApiAnswer>

/** The request of a deletion of many has a namespace and no name. */
const toReviewedName = ({ body }: { readonly body: unknown }): string => {
  const { request } = body as { request: { namespace: string; oldObject: { metadata: { name: string } } } }
  return `${request.namespace}/${request.oldObject.metadata.name}`
}

/** Registers the shipped configuration, and waits until it is in force. */
async function install(call: Caller, server: WebhookServer): Promise<void> {
  await call(ADMIN, {
    method: 'POST',
    path: BINDINGS,
    body: {
      metadata: { name: 'controller-admin' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: CONTROLLER }],
    },
  })
  const [configuration] = await readWebhooks({ url: `${server.url}/admission`, ca: server.ca }, CONTROLLER)
  await call(ADMIN, { method: 'POST', path: CONFIGURATIONS, body: configuration })
  while (server.calls('/admission').length === 0) {
    const body = loadBalancer({ name: 'probe' })
    await call(ADMIN, { method: 'POST', path: `${SERVICES}?dryRun=All`, body })
    await sleep(POLL_MS)
  }
}

/** Brings about what is there before the request. @returns the path of the request */
async function prepare(call: Caller, name: string, { before, path = '', isDeleting }: Case): Promise<string> {
  if (!before) return SERVICES + path
  const own = `${SERVICES}/${name}`
  const body = { ...before, metadata: { ...before.metadata, name } }
  let answer = await call(ADMIN, { method: 'POST', path: SERVICES, body })
  if (isDeleting) {
    await call(ADMIN, { method: 'DELETE', path: own })
    answer = await call(ADMIN, { method: 'GET', path: own })
  }
  // An API server may judge an update by what its cache held before: this waits for the cache.
  await call(ADMIN, {
    method: 'GET',
    path: `${own}?resourceVersion=${answer.body.metadata?.resourceVersion}`,
  })
  return own + path
}

async function toRequest(call: Caller, name: string, path: string, each: Case): Promise<ApiCall> {
  if (each.merge) return { method: 'PATCH', path, body: each.merge, patch: 'merge' }
  if (!each.change) return { method: 'DELETE', path }
  if (each.before) {
    const stored = (await call(ADMIN, { method: 'GET', path })).body as unknown as Fields
    return { method: 'PUT', path, body: each.change(stored) }
  }
  const created = each.change(loadBalancer())
  const metadata = created.metadata.generateName ? created.metadata : { ...created.metadata, name }
  return { method: 'POST', path, body: { ...created, metadata } }
}
