import { fieldsOf } from './json.ts'
import type { Lifecycle } from './lifecycle.ts'
import { toObject } from './lifecycle.ts'
import type { KubeObject } from './objects.ts'

const RBAC = 'rbac.authorization.k8s.io/v1'
const NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'default']
const DISCOVERY_PATHS = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
]
const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/']

/** Cluster roles of a fresh cluster that matter here, with the groups they are bound to. */
const ROLES = [
  {
    name: 'cluster-admin',
    groups: ['system:masters'],
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
  },
  {
    name: 'system:basic-user',
    groups: ['system:authenticated'],
    rules: [
      {
        verbs: ['create'],
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      },
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
    ],
  },
  {
    name: 'system:discovery',
    groups: ['system:authenticated'],
    rules: [{ verbs: ['get'], nonResourceURLs: DISCOVERY_PATHS }],
  },
  {
    name: 'system:public-info-viewer',
    groups: ['system:authenticated', 'system:unauthenticated'],
    rules: [{ verbs: ['get'], nonResourceURLs: PUBLIC_PATHS }],
  },
]

const IPV4_RANGE = '10.96.0.0/16'
const IPV6_RANGE = 'fd00:10:96::/112'

/** Networks of cluster IPs, as of --service-cluster-ip-range; the first one's family is the default. */
export const toServiceRanges = (dualStack = false): readonly string[] =>
  dualStack ? [IPV4_RANGE, IPV6_RANGE] : [IPV4_RANGE]

/** Stores what a fresh cluster has: namespaces, the API server's Service and address, basic roles. */
export function seedCluster(lifecycle: Lifecycle, port: number, ranges: readonly string[]): void {
  for (const name of NAMESPACES) add(lifecycle, 'v1', 'Namespace', { metadata: { name } })
  const range = add(lifecycle, 'networking.k8s.io/v1', 'ServiceCIDR', {
    metadata: { name: 'kubernetes' },
    spec: { cidrs: [...ranges] },
  })
  const ready = {
    type: 'Ready',
    status: 'True',
    lastTransitionTime: range.metadata.creationTimestamp,
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
  }
  lifecycle.update(lifecycle.table.ofObject(range), { ...range, status: { conditions: [ready] } }, range, {
    subresource: 'status',
  })
  add(lifecycle, 'v1', 'Service', {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: port }],
      clusterIP: '10.96.0.1',
      type: 'ClusterIP',
    },
  })
  for (const role of ROLES) addRole(lifecycle, role)
}

function addRole(lifecycle: Lifecycle, { name, groups, rules }: (typeof ROLES)[number]): void {
  const metadata = { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } }
  add(lifecycle, RBAC, 'ClusterRole', { metadata, rules })
  add(lifecycle, RBAC, 'ClusterRoleBinding', {
    metadata,
    subjects: groups.map(group => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: group })),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  })
}

function add(
  lifecycle: Lifecycle,
  apiVersion: string,
  kind: string,
  fields: Record<string, unknown>,
): KubeObject {
  const resource = lifecycle.table.ofObject({ apiVersion, kind, metadata: fieldsOf(fields.metadata) })
  return lifecycle.create(resource, toObject(resource, { apiVersion, kind, ...fields }).object)
}
