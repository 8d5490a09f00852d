import t from 'tap'
import { providerIDOwner as toOwner } from '../../../shared/compose.ts'
import type { Step } from '../../../shared/controllers/unregister/contract.ts'
import { KINDS } from '../../../shared/controllers/unregister/kinds.ts'
import {
  listUninitialized,
  planWithdrawal,
  type WithdrawPlan,
} from '../../../shared/controllers/unregister/plan.ts'
import type { ClusterView } from '../../../shared/controllers/unregister/view.ts'
import { FINALIZER, MISSING_SINCE, SHUTDOWN_TAINT } from '../../../shared/kubernetes/names.ts'
import type { KubeNode, ObjectMeta } from '../../../shared/kubernetes/types.ts'
import { makeNode, type NodeSketch, TAINT } from '../_make.ts'
import { ADDRESS, DELETED, NAME, toClaim, toGate, toService, toStored, toView } from './_view.ts'

const plan = (view: Partial<ClusterView>, release?: readonly string[]): WithdrawPlan =>
  planWithdrawal(toView(view), release && { cidrs: release }, toOwner)

const toObject = (phase: string, metadata: Partial<ObjectMeta> = {}): ClusterView['objects'][number][] =>
  KINDS.filter(kind => kind.phase === phase)
    .slice(0, 1)
    .map(kind => ({ kind, object: toStored({ uid: 'u', ...metadata }) }))

const BLOCK = { id: 'block', cidr: '203.0.113.0/29' }
const SERVED = toService({ finalizers: [FINALIZER] }, {}, ADDRESS)

t.test('nothing follows from an empty cluster', async t => {
  t.strictSame(plan({}), { steps: [], kept: [], left: [] })
})

t.test('of a cluster that could not be read as a whole nothing follows', async t => {
  const failures = [{ name: 'pools', code: 'KUBE_TIMEOUT', message: 'no answer', unread: true } as const]
  const view = { failures, objects: toObject('webhooks'), services: [SERVED], blocks: [BLOCK] }
  t.strictSame(plan(view), { steps: [], kept: [], left: [] })
})

const toDeletion = (phase: Step['phase'], kind: string, path: string, why: string): Step => ({
  phase,
  kind,
  name: NAME,
  action: 'delete',
  detail: {},
  why,
  request: {
    method: 'DELETE',
    path: `${path}/${NAME}`,
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' } },
  },
})

t.test('objects go in the order of the phases, each the very one that was read', async t => {
  const objects = ['webhooks', 'rights', 'state', 'accounts'].flatMap(phase => toObject(phase))
  const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'
  const hooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
  t.strictSame(plan({ objects }).steps, [
    toDeletion(
      'webhooks',
      'MutatingWebhookConfiguration',
      hooks,
      'the API server is not to call us any more',
    ),
    toDeletion('rights', 'ClusterRoleBinding', rbac, 'hosts that still run are not to put anything back'),
    toDeletion('state', 'ConfigMap', '/api/v1/configmaps', 'nobody reads it any more'),
    toDeletion('accounts', 'Secret', '/api/v1/secrets', 'nobody acts as it any more'),
  ])
})

t.test('an object of a namespace is named and found with it', async t => {
  const [step] = plan({ objects: toObject('state', { namespace: 'kube-system' }) }).steps
  t.match(step, {
    name: `kube-system/${NAME}`,
    request: { path: `/api/v1/namespaces/kube-system/configmaps/${NAME}` },
  })
})

const whyOf = (metadata: Partial<ObjectMeta>) => plan({ objects: toObject('state', metadata) }).steps[0]?.why

t.test('a deletion that somebody’s finalizers hold up says so', async t => {
  const finalizers = ['a.example/x', 'b.example/y']
  t.equal(whyOf({ ...DELETED, finalizers }), 'its deletion waits for the finalizers a.example/x, b.example/y')
  const usual = 'nobody reads it any more'
  t.strictSame(
    [whyOf({ finalizers }), whyOf({ ...DELETED, finalizers: [] }), whyOf(DELETED)],
    [usual, usual, usual],
  )
})

const toRemoval = (name: string, uid: string | undefined, why: string): Step => {
  const { request, ...rest } = toDeletion('claims', 'IPAddress', '', why)
  const path = `/apis/networking.k8s.io/v1/ipaddresses/${name}`
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
  return { ...rest, name, request: { ...request, path, body } }
}

t.test('claims, gates and what cannot be read of them go, and say what they were for', async t => {
  const claims = [toClaim({ state: 'released' })]
  const book = { claims, gates: [toGate('203.0.113.0', 'block')], unreadable: ['203.0.113.7'], now: 0 }
  t.strictSame(plan({ book }).steps, [
    toRemoval(ADDRESS, 'claim', 'released claim of the Service default/web'),
    toRemoval('203.0.113.0', 'gate-of-block', 'gate of the block block'),
    toRemoval('203.0.113.7', undefined, 'ours, without a readable phoenixnap.com/state'),
  ])
})

t.test('an address in a block of the cluster stays with its Service', async t => {
  const kept = [{ address: ADDRESS, service: 'default/web' }]
  const coming = { id: 'coming', cidr: undefined }
  t.strictSame(plan({ services: [SERVED], blocks: [coming, BLOCK] }).kept, kept)
  t.strictSame(plan({ services: [SERVED] }).kept, [], 'what is in no block of ours is not ours to tell of')
  t.match(plan({ services: [SERVED], blocks: [BLOCK] }).steps, [
    { phase: 'services', action: 'keep', detail: { finalizers: [] } },
  ])
})

t.test('--release keeps nothing, also of blocks that only its caller knows', async t => {
  const bare = toService({}, {}, ADDRESS)
  for (const [blocks, cidrs] of [
    [[BLOCK], []],
    [[], ['203.0.113.0/29']],
  ] as const) {
    const { kept, left, steps } = plan({ services: [bare], blocks }, cidrs)
    t.strictSame({ kept, left }, { kept: [], left: [] })
    t.match(steps, [{ action: 'release', detail: { status: { loadBalancer: { ingress: [] } } } }])
  }
})

t.test('who waits for the Go program is named, by its address or by its block', async t => {
  const finalizers = ['service.kubernetes.io/load-balancer-cleanup']
  const services = [
    toService({ ...DELETED, finalizers }, {}, ADDRESS),
    toService({ ...DELETED, finalizers, name: 'alone' }),
    toService({ ...DELETED, finalizers, name: 'theirs' }),
  ]
  const dedicated = { id: 'other', cidr: undefined, dedicatedTo: { namespace: 'default', name: 'alone' } }
  const view = { services, blocks: [BLOCK, dedicated] }
  t.strictSame(plan(view).left, ['default/web', 'default/alone'])
  t.strictSame(plan(view).steps, [])
  t.strictSame(plan(view, []).left, [], '--release gives the blocks back from here')
})

const CILIUM = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumLoadBalancerIPPool',
  path: '/apis/cilium.io/v2/ciliumloadbalancerippools',
  crd: 'ciliumloadbalancerippools.cilium.io',
}

t.test(
  '--release deletes a pool that was handed over once all its addresses lie in blocks that go',
  async t => {
    const metadata = { name: NAME, uid: 'u', resourceVersion: '1' }
    const spec = { blocks: [{ cidr: '203.0.113.3/32' }, { cidr: '198.51.100.3/32' }] }
    const pools = [{ kind: CILIUM, pool: { metadata, spec } }]
    t.match(plan({ pools, blocks: [BLOCK] }, ['198.51.100.0/29']).steps, [
      { phase: 'pools', action: 'delete' },
    ])
    t.strictSame(plan({ pools, blocks: [BLOCK] }, []).steps, [], 'half of it is somebody else’s')
    t.strictSame(plan({ pools, blocks: [BLOCK] }).steps, [], 'without --release it is the operator’s')
  },
)

const SHUTDOWN = { key: SHUTDOWN_TAINT, effect: 'NoSchedule' }
const MARK = '2026-01-01T00:00:00Z'
const toNode = (sketch: NodeSketch): KubeNode =>
  makeNode('node-a', { providerID: 'phoenixnap://a1', meta: { resourceVersion: '7' }, ...sketch })

/** [what, node, what is written into it] */
const NODES: readonly [string, NodeSketch, object | undefined][] = [
  ['one that is well', { taints: [TAINT] }, undefined],
  ['the shutdown taint goes alone', { taints: [TAINT, SHUTDOWN] }, { taints: [TAINT] }],
  ['a count goes', { missingSince: MARK }, { [MISSING_SINCE]: null }],
  ['both go', { taints: [SHUTDOWN], missingSince: MARK }, { [MISSING_SINCE]: null, taints: [] }],
  ['one that Cluster API named', { providerID: 'bmc://servers/a1', taints: [SHUTDOWN] }, { taints: [] }],
  ['one that bears the bare id', { providerID: 'a1', missingSince: MARK }, { [MISSING_SINCE]: null }],
  ['another provider’s', { providerID: 'aws:///x/i-1', taints: [SHUTDOWN], missingSince: MARK }, undefined],
  ['nobody’s', { providerID: undefined, taints: [SHUTDOWN], missingSince: MARK }, undefined],
]
for (const [what, sketch, detail] of NODES)
  t.test(`nodes keep what they have, but not what would count on: ${what}`, async t => {
    t.strictSame(
      plan({ nodes: [toNode(sketch)] }).steps.map(step => step.detail),
      detail ? [detail] : [],
    )
  })

t.test('a node without any taint or spec is left as it is', async t => {
  const metadata = { name: 'node-a' }
  const nodes = [{ metadata }, { metadata, spec: {} }, { metadata, spec: { providerID: 'phoenixnap://a1' } }]
  t.strictSame(plan({ nodes }).steps, [])
})

t.test('a node is changed only as it was read, its annotation and taints at once', async t => {
  const metadata = { uid: 'uid-of-node-a', resourceVersion: '7' }
  const annotations = { [MISSING_SINCE]: null }
  const bodies = [
    [
      { taints: [SHUTDOWN], missingSince: MARK },
      { metadata: { ...metadata, annotations }, spec: { taints: [] } },
    ],
    [{ taints: [SHUTDOWN] }, { metadata, spec: { taints: [] } }],
    [{ missingSince: MARK }, { metadata: { ...metadata, annotations } }],
  ] as const
  for (const [sketch, body] of bodies) {
    const { detail: _, ...step } = plan({ nodes: [toNode(sketch)] }).steps[0] ?? {}
    t.strictSame(step, {
      phase: 'nodes',
      kind: 'Node',
      name: 'node-a',
      action: 'change',
      why: 'nobody would take it off again',
      request: { method: 'PATCH', path: '/api/v1/nodes/node-a', patch: 'merge', body },
    })
  }
})

t.test('nodes that wait for a cloud provider are told by their taint', async t => {
  const nodes = [
    toNode({ uninitialized: true }),
    makeNode('node-b', { taints: [SHUTDOWN] }),
    { metadata: { name: 'node-c' } },
    { metadata: { name: 'node-d' }, spec: {} },
  ]
  t.strictSame(listUninitialized(nodes), ['node-a'])
})
