import t from 'tap'
import {
  type Access,
  authorize,
  refusalOf,
} from '../../../../shared/simulator/kubernetes/access/authorizer.ts'
import { toUser } from '../../../../shared/simulator/kubernetes/access/users.ts'
import type { KubeObject } from '../../../../shared/simulator/kubernetes/objects.ts'

const role = (name: string, rules: unknown[], namespace?: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  rules,
})
const binding = (subjects: unknown[], kind: string, name: string, namespace?: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  subjects,
  roleRef: { kind, name },
})

const OBJECTS: Record<string, KubeObject[]> = {
  clusterroles: [
    role('reader', [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['nodes', 'nodes/status'] }]),
    role('one', [{ verbs: ['*'], apiGroups: ['*'], resources: ['leases'], resourceNames: ['mine'] }]),
    role('health', [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/apis/*'] }]),
  ],
  clusterrolebindings: [
    binding([{ kind: 'User', name: 'ann' }], 'ClusterRole', 'reader'),
    binding([{ kind: 'ServiceAccount', name: 'sa', namespace: 'ns' }], 'ClusterRole', 'one'),
    binding([{ kind: 'Group', name: 'system:authenticated' }], 'ClusterRole', 'health'),
  ],
  roles: [role('maps', [{ verbs: ['*'], apiGroups: [''], resources: ['*'] }], 'ns')],
  rolebindings: [binding([{ kind: 'ServiceAccount', name: 'sa' }], 'Role', 'maps', 'ns')],
}
const list = (plural: string, namespace?: string): KubeObject[] =>
  (OBJECTS[plural] ?? []).filter(
    ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
  )

const NOTHING: Access = {
  verb: 'get',
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path: '',
}
const NODES = { ...NOTHING, resource: 'nodes' }
const LEASES = { ...NOTHING, group: 'coordination.k8s.io', resource: 'leases' }
const SA = 'system:serviceaccount:ns:sa'
const KUBELET = 'system:node:node-a'

const CASES: readonly (readonly [user: string, access: Access, allowed: boolean, what: string])[] = [
  ['admin', { ...NOTHING, verb: 'delete', resource: 'anything' }, true, 'masters may everything'],
  ['ann', NODES, true, 'a bound verb'],
  ['ann', { ...NODES, verb: 'patch' }, false, 'another verb'],
  ['ann', { ...NODES, subresource: 'status' }, true, 'a bound subresource'],
  ['bob', NODES, false, 'another user'],
  [SA, { ...LEASES, name: 'mine' }, true, 'a named object'],
  [SA, { ...LEASES, name: 'yours' }, false, 'another name'],
  [SA, { ...NOTHING, resource: 'configmaps', namespace: 'ns' }, true, 'a role in its namespace'],
  [SA, { ...NOTHING, resource: 'configmaps', namespace: 'other' }, false, 'the role elsewhere'],
  ['bob', { ...NOTHING, path: '/healthz' }, true, 'a path'],
  ['bob', { ...NOTHING, path: '/apis/x/v1' }, true, 'a path below'],
  ['bob', { ...NOTHING, path: '/metrics' }, false, 'another path'],
  [KUBELET, { ...NODES, name: 'node-a' }, true, "a kubelet's own node"],
  [KUBELET, { ...NODES, name: 'node-b' }, false, 'the node of another'],
  [KUBELET, { ...NODES, verb: 'list' }, false, 'all nodes'],
  [KUBELET, { ...NODES, verb: 'create', name: 'node-b' }, true, 'creating is left to NodeRestriction'],
  [KUBELET, { ...NODES, verb: 'delete', name: 'node-a' }, false, 'deleting its node'],
  [KUBELET, { ...LEASES, verb: 'update', namespace: 'kube-node-lease', name: 'node-a' }, true, 'its lease'],
  [
    KUBELET,
    { ...LEASES, verb: 'update', namespace: 'kube-node-lease', name: 'node-b' },
    false,
    'another lease',
  ],
  [KUBELET, { ...NOTHING, resource: 'secrets', namespace: 'ns', name: 'a' }, false, 'a secret'],
]

for (const [user, access, allowed, what] of CASES)
  t.test(`${user}: ${what}`, async t => {
    t.equal(authorize(toUser(user), access, list).allowed, allowed)
  })

t.test('refusals read as the real ones', async t => {
  const bob = toUser('bob')
  t.equal(
    refusalOf(bob, { ...NODES, verb: 'patch', subresource: 'status' }, ''),
    'User "bob" cannot patch resource "nodes/status" in API group "" at the cluster scope',
  )
  t.equal(
    refusalOf(bob, { ...LEASES, namespace: 'ns' }, 'because'),
    'User "bob" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "ns": because',
  )
  t.equal(refusalOf(bob, { ...NOTHING, path: '/x' }, ''), 'User "bob" cannot get path "/x"')
})
