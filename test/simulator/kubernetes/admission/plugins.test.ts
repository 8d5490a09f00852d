import t from 'tap'
import { toUser } from '../../../../shared/simulator/kubernetes/access/users.ts'
import type { AdmissionRequest } from '../../../../shared/simulator/kubernetes/admission/admission.ts'
import {
  namespaceLifecycle,
  nodeRestriction,
  taintNewNodes,
} from '../../../../shared/simulator/kubernetes/admission/plugins.ts'
import type { KubeObject } from '../../../../shared/simulator/kubernetes/objects.ts'
import { createResourceTable } from '../../../../shared/simulator/kubernetes/resources.ts'

const table = createResourceTable()
const node = (labels: Record<string, string> = {}, taints: unknown[] = []): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a', labels },
  spec: { taints },
})
const request = (changes: Partial<AdmissionRequest>): AdmissionRequest => ({
  operation: 'CREATE',
  resource: table.named('nodes'),
  subresource: '',
  namespace: '',
  name: 'node-a',
  object: node(),
  oldObject: undefined,
  user: toUser('system:node:node-a'),
  dryRun: false,
  options: {},
  warnings: [],
  ...changes,
})

t.test('new nodes start with the not-ready taint, once', async t => {
  const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }
  const once = taintNewNodes(request({}))
  t.match(once, { spec: { taints: [taint] } })
  t.equal(taintNewNodes(request({ object: once })), once)
  const update = request({ operation: 'UPDATE' })
  t.equal(taintNewNodes(update), update.object)
})

const LABELS: Readonly<Record<string, boolean>> = {
  'kubernetes.io/hostname': true,
  'topology.kubernetes.io/region': true,
  'beta.kubernetes.io/instance-type': true,
  'x.node.kubernetes.io/y': true,
  'kubelet.kubernetes.io/y': true,
  'example.com/y': true,
  plain: true,
  'node-role.kubernetes.io/worker': false,
  'node-restriction.kubernetes.io/x': false,
  'x.k8s.io/y': false,
  'phoenixnap.kubernetes.io/y': false,
}

for (const [label, allowed] of Object.entries(LABELS))
  t.test(`a kubelet ${allowed ? 'may' : 'must not'} set ${label}`, async t => {
    const object = node({ [label]: 'x' })
    const requests = [request({ object }), request({ operation: 'UPDATE', object, oldObject: node() })]
    for (const each of requests)
      if (allowed) t.equal(nodeRestriction(each), object)
      else t.throws(() => nodeRestriction(each), { code: 403, reason: 'Forbidden' })
  })

t.test('a kubelet is kept to its own node and lease, and from taints', async t => {
  const refused = { code: 403 }
  t.throws(() => nodeRestriction(request({ name: 'node-b' })), refused)
  const taints = [{ key: 'a', effect: 'NoSchedule' }]
  const update = request({ operation: 'UPDATE', oldObject: node({}, taints) })
  t.throws(() => nodeRestriction(update), refused)
  t.doesNotThrow(() => nodeRestriction({ ...update, user: toUser('admin') }))
  const lease = request({ resource: table.named('leases'), namespace: 'kube-node-lease', object: undefined })
  t.doesNotThrow(() => nodeRestriction(lease))
  t.throws(() => nodeRestriction({ ...lease, name: 'node-b' }), refused)
  t.throws(() => nodeRestriction({ ...lease, namespace: 'default' }), refused)
})

const namespace = (deletionTimestamp?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'ns', ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
})

t.test('nothing is created where there is no namespace, or one that ends', async t => {
  const create = request({ resource: table.named('configmaps'), namespace: 'ns' })
  t.throws(() => namespaceLifecycle(() => undefined)(create), { code: 404 })
  t.throws(() => namespaceLifecycle(() => namespace('2026-01-01T00:00:00Z'))(create), {
    code: 403,
    details: { causes: [{ reason: 'NamespaceTerminating' }] },
  })
  t.doesNotThrow(() => namespaceLifecycle(() => namespace())(create))
  const remove = request({ operation: 'DELETE', resource: table.named('namespaces'), name: 'kube-system' })
  t.throws(() => namespaceLifecycle(() => undefined)(remove), { code: 403 })
})
