import t from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import { startLoadBalancers } from './_load-balancers.ts'
import { confirm, unregister } from './_unregister.ts'

t.setTimeout(200_000)

const NAME = 'cloud-provider-phoenixnap'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const LABELS = { 'app.kubernetes.io/name': NAME }
const MANAGED = { 'app.kubernetes.io/managed-by': NAME }
const GROUP = 'rbac.authorization.k8s.io'
const ACCOUNT = { kind: 'ServiceAccount', name: NAME, namespace: 'kube-system' }
const toRole = (kind: string, name: string) => ({ apiGroup: GROUP, kind, name })

interface Body {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly [field: string]: unknown
}

/** Of a chart of others that labels its objects the same way, and of users. */
const FOREIGN: readonly (readonly [path: string, body: Body])[] = [
  [
    `${RBAC}/clusterroles`,
    { metadata: { name: 'system:cloud-controller-manager', labels: LABELS }, rules: [] },
  ],
  [
    `${RBAC}/clusterrolebindings`,
    {
      metadata: { name: 'system:cloud-controller-manager', labels: LABELS },
      roleRef: toRole('ClusterRole', 'system:cloud-controller-manager'),
      subjects: [{ kind: 'ServiceAccount', name: 'cloud-controller-manager', namespace: 'kube-system' }],
    },
  ],
  [`${RBAC}/namespaces/monitoring/roles`, { metadata: { name: 'team-read', labels: LABELS }, rules: [] }],
  [`${RBAC}/namespaces/monitoring/roles`, { metadata: { name: NAME, labels: MANAGED }, rules: [] }],
  [
    `${RBAC}/namespaces/monitoring/rolebindings`,
    {
      metadata: { name: 'team-read', labels: LABELS },
      roleRef: toRole('Role', NAME),
      subjects: [{ apiGroup: GROUP, kind: 'Group', name: 'team' }],
    },
  ],
  ['/api/v1/namespaces/monitoring/serviceaccounts', { metadata: { name: 'reader', labels: MANAGED } }],
  [
    '/api/v1/namespaces/monitoring/secrets',
    { metadata: { name: 'theirs', labels: MANAGED }, stringData: { a: 'b' } },
  ],
]

/** By other names, and ours all the same. */
const OURS: typeof FOREIGN = [
  [
    `${RBAC}/clusterrolebindings`,
    {
      metadata: { name: 'extra-rights' },
      roleRef: toRole('ClusterRole', NAME),
      subjects: [ACCOUNT, { apiGroup: GROUP, kind: 'Group', name: 'team' }],
    },
  ],
  [
    `${RBAC}/namespaces/monitoring/rolebindings`,
    { metadata: { name: 'more-rights' }, roleRef: toRole('ClusterRole', 'view'), subjects: [ACCOUNT] },
  ],
  [
    '/api/v1/namespaces/monitoring/secrets',
    { metadata: { name: 'kept-elsewhere', labels: MANAGED }, stringData: { 'webhook-token': 'x' } },
  ],
]

forEachCluster(t, 'objects that look like ours', {}, async (t, cluster) => {
  const lb = await startLoadBalancers(t, cluster, { blocks: ['/28'] })
  const make = (path: string, body: unknown) => lb.admin.request({ method: 'POST', path, body })
  await make('/api/v1/namespaces', { metadata: { name: 'monitoring' } })
  for (const [path, body] of [...FOREIGN, ...OURS]) await make(path, body)

  for (const [name, annotations] of [
    [`${NAME}-tls`, { 'cert-manager.io/certificate-name': NAME }],
    [`${NAME}-ca`, { 'cert-manager.io/certificate-name': `${NAME}-ca` }],
  ] as const)
    await make('/api/v1/namespaces/kube-system/secrets', { metadata: { name, annotations } })

  const { text } = await unregister(lb)
  t.match(text, /^- .*delete secret cloud-provider-phoenixnap-tls cloud-provider-phoenixnap-ca$/m)
  t.match(text, /^- .*ClusterRole system:cloud-controller-manager.*labelled as ours, and not ours by name/m)
  const { code, report } = await confirm(lb)
  t.equal(code, 0, JSON.stringify(report.failures))
  for (const [path, { metadata }] of FOREIGN)
    await t.resolves(lb.admin.request({ path: `${path}/${metadata.name}` }), `${metadata.name} stays`)
  for (const [path, { metadata }] of OURS)
    await t.rejects(
      lb.admin.request({ path: `${path}/${metadata.name}` }),
      { code: 'KUBE_NOT_FOUND' },
      `${metadata.name} goes`,
    )
  t.equal((await unregister(lb)).code, 0)
})
