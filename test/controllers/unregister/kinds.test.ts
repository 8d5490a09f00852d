import t from 'tap'
import {
  isLabelled,
  KINDS,
  type OwnKind,
  toListPath,
  toObjectPath,
} from '../../../shared/controllers/unregister/kinds.ts'
import type { Stored } from '../../../shared/controllers/unregister/view.ts'
import { LABELS, NAME, toStored } from './_view.ts'

const SYSTEM = 'kube-system'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const MANAGED = { labelSelector: `app.kubernetes.io/managed-by=${NAME}` }

t.test(
  'nobody calls us and nothing of ours may write before what is left is read and taken away',
  async t => {
    t.strictSame(
      KINDS.map(kind => [kind.phase, kind.kind, toListPath(kind), kind.query]),
      [
        [
          'webhooks',
          'MutatingWebhookConfiguration',
          '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
          undefined,
        ],
        ['rights', 'ClusterRoleBinding', `${RBAC}/clusterrolebindings`, undefined],
        ['rights', 'RoleBinding', `${RBAC}/rolebindings`, undefined],
        ['state', 'ConfigMap', '/api/v1/namespaces/kube-system/configmaps', MANAGED],
        ['state', 'Lease', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases', undefined],
        ['accounts', 'Secret', '/api/v1/secrets', MANAGED],
        [
          'accounts',
          'Secret',
          '/api/v1/namespaces/kube-system/secrets',
          { fieldSelector: `metadata.name=${NAME}-serving` },
        ],
        ['accounts', 'ServiceAccount', '/api/v1/serviceaccounts', undefined],
        ['accounts', 'Role', `${RBAC}/roles`, undefined],
        ['accounts', 'ClusterRole', `${RBAC}/clusterroles`, undefined],
      ],
    )
  },
)

t.test('an object is found where its kind and namespace are', async t => {
  const kind = { phase: 'accounts', kind: 'Role', prefix: RBAC, resource: 'roles' } as const
  t.equal(toObjectPath(kind, { name: 'a/b' }), `${RBAC}/roles/a%2Fb`)
  t.equal(toObjectPath(kind, { name: 'a', namespace: 'b/c' }), `${RBAC}/namespaces/b%2Fc/roles/a`)
})

const account = (fields: object = {}) => ({
  kind: 'ServiceAccount',
  name: NAME,
  namespace: SYSTEM,
  ...fields,
})
const USER = { kind: 'User', name: `system:serviceaccount:${SYSTEM}:${NAME}` }
const theirs = (more: Partial<Stored>, namespace?: string): Stored =>
  toStored({ name: 'theirs', ...(namespace && { namespace }) }, more)
const role = (name: string, kind = 'ClusterRole') => ({ roleRef: { name, kind } })

type Row = readonly [what: string, object: Stored, isOurs: boolean]

/** By name, in a namespace where it can be ours. */
const NAMED: readonly Row[] = [
  ['by our name', toStored(), true],
  ['that with which serve registers itself', toStored({ name: `${NAME}-self` }), true],
  ['in our namespace', toStored({ namespace: SYSTEM }), true],
  ['in the namespace default, for the API server’s own address', toStored({ namespace: 'default' }), true],
  ['by our name in another namespace', toStored({ namespace: 'shop' }), false],
  ['by a name that begins like ours', toStored({ name: `${NAME}-mine` }), false],
  ['by another name, labelled as ours', toStored({ name: 'mine', labels: LABELS }), false],
]

const BINDINGS: readonly Row[] = [
  ...NAMED,
  ['that gives our role to somebody', theirs(role(NAME)), true],
  ['that gives the role of serve to somebody', theirs(role(`${NAME}-self`)), true],
  ['that gives our role in another namespace', theirs(role(NAME), 'shop'), true],
  ['that gives the role of a namespace of ours', theirs(role(NAME, 'Role'), SYSTEM), true],
  ['that gives another namespace’s role by our name', theirs(role(NAME, 'Role'), 'shop'), false],
  ['that gives another role', theirs(role('view')), false],
  ['that gives rights to nobody', theirs({ ...role('view'), subjects: [] }), false],
  ['that gives rights to us alone', theirs({ ...role('view'), subjects: [account()] }), true],
  ['that gives rights to our user alone', theirs({ ...role('view'), subjects: [USER] }), true],
  [
    'that gives rights to others as well',
    theirs({ ...role('view'), subjects: [account(), { kind: 'User', name: 'anna' }] }),
    false,
  ],
  [
    'that gives rights to two accounts of ours, as ours never does',
    theirs({ ...role('view'), subjects: [account(), USER] }),
    false,
  ],
  [
    'that gives rights to another namespace’s account by our name',
    theirs({ ...role('view'), subjects: [account({ namespace: 'shop' })] }),
    false,
  ],
  [
    'that gives rights to another account of our namespace',
    theirs({ ...role('view'), subjects: [account({ name: 'other' })] }),
    false,
  ],
  [
    'that gives rights to a user by the bare name',
    theirs({ ...role('view'), subjects: [{ kind: 'User', name: NAME }] }),
    false,
  ],
  [
    'that gives rights to a group by our user’s name',
    theirs({ ...role('view'), subjects: [{ ...USER, kind: 'Group' }] }),
    false,
  ],
]

const inSystem = (name: string): Stored => toStored({ name, namespace: SYSTEM })
const secret = (name: string, namespace: string, ...keys: string[]): Stored =>
  toStored({ name, namespace, labels: LABELS }, { keys })

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  mutatingwebhookconfigurations: NAMED,
  roles: NAMED,
  clusterroles: NAMED,
  clusterrolebindings: BINDINGS,
  rolebindings: BINDINGS,
  configmaps: [
    ['the first part of the inventory', inSystem(NAME), true],
    ['the second part', inSystem(`${NAME}-1`), true],
    ['the last part', inSystem(`${NAME}-7`), true],
    ['one part too many', inSystem(`${NAME}-8`), false],
    ['something after a part', inSystem(`${NAME}-1-old`), false],
    ['something before our name', inSystem(`my-${NAME}`), false],
  ],
  leases: [
    ['the one of the passes', inSystem(`${NAME}-resync`), true],
    ['the one of the blocks', inSystem(`${NAME}-ip-blocks`), true],
    ['another one', inSystem(NAME), false],
  ],
  secrets: [
    ['the token', secret(`${NAME}-token`, SYSTEM), true],
    ['the token after a rotation', secret(`${NAME}-token-12`, SYSTEM), true],
    ['a token by another name', secret(`${NAME}-token-x`, SYSTEM), false],
    ['something before the token’s name', secret(`my-${NAME}-token`, SYSTEM), false],
    ['a token’s name in another namespace', secret(`${NAME}-token`, 'shop', 'token'), false],
    ['what serve keeps, wherever it was told to', secret('mine', 'shop', 'tls.crt', 'webhook-token'), true],
    ['what serve keeps of its certificate', secret('mine', 'shop', 'tls-since'), true],
    ['a certificate of somebody else', secret('mine', 'shop', 'tls.crt', 'tls.key'), false],
    ['a token without our label', inSystem(`${NAME}-token`), false],
    [
      'what looks like that of serve, without our label',
      toStored(
        { name: 'mine', labels: { ...LABELS, 'app.kubernetes.io/managed-by': 'Helm' } },
        { keys: ['tls-since'] },
      ),
      false,
    ],
  ],
  serviceaccounts: [
    ['ours', inSystem(NAME), true],
    ['another one of our namespace', inSystem('default'), false],
    ['one by our name in another namespace', toStored({ namespace: 'shop' }), false],
  ],
}

const kindOf = (resource: string): OwnKind | undefined => KINDS.find(kind => kind.resource === resource)

for (const [resource, rows] of Object.entries(ROWS))
  for (const [what, object, isOurs] of rows)
    t.test(`${resource}, ${what}: ${isOurs ? 'goes' : 'stays'}`, async t => {
      t.equal(kindOf(resource)?.isOurs(object), isOurs)
    })

t.test('of serve’s own place the Secret by that name alone is taken, with or without our label', async t => {
  const kind = KINDS.findLast(({ resource }) => resource === 'secrets')
  t.ok(kind?.isOurs(inSystem(`${NAME}-serving`)))
  t.notOk(kind?.isOurs(inSystem(`${NAME}-token`)))
})

const labelled = (labels: Record<string, string>): boolean => isLabelled(toStored({ name: 'x', labels }))

t.test('what is labelled as ours is told of, whichever of the two labels it has', async t => {
  t.ok(labelled({ 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/managed-by': 'Helm' }))
  t.ok(labelled({ 'app.kubernetes.io/managed-by': NAME }))
  t.notOk(labelled({ 'app.kubernetes.io/name': 'other', 'app.kubernetes.io/managed-by': 'Helm' }))
  t.notOk(isLabelled(toStored()))
})
