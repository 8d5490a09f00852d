import { IP_BLOCKS_LEASE, NAME, NAMESPACE, RESYNC_LEASE } from '../../kubernetes/names.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'
import type { Kind, Stored } from './view.ts'

/** A kind, which of its objects are read, and which of those are ours. */
export interface OwnKind extends Kind {
  /** One namespace instead of all. */
  readonly namespace?: string
  readonly query?: Readonly<Record<string, string>>
  isOurs(object: Stored): boolean
}

const MANAGED_BY_KEY = 'app.kubernetes.io/managed-by'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const INVENTORY = new RegExp(`^${NAME}(?:-[1-7])?$`)
/** Those of `register`, and those with which `serve` registers itself. */
const ROLES: readonly string[] = [NAME, `${NAME}-self`]
const MANAGED = { labelSelector: `${MANAGED_BY_KEY}=${NAME}` }
/** Where `serve` keeps its certificate unless it was told another place. */
const SERVING_SECRET = `${NAME}-serving`
const LEASES: readonly string[] = [RESYNC_LEASE, IP_BLOCKS_LEASE]

const isManaged = ({ labels }: ObjectMeta): boolean => labels?.[MANAGED_BY_KEY] === NAME

/** Roles and webhooks count whoever installed them: a chart calls them as it likes and labels them as its own. */
export const isNamed = ({ metadata }: Stored): boolean =>
  ROLES.includes(metadata.name) || isManaged(metadata) || metadata.labels?.['app.kubernetes.io/name'] === NAME

/** A binding by another name gives our rights as well. */
const isBinding = (object: Stored): boolean =>
  isNamed(object) || (object.roleRef !== undefined && ROLES.includes(object.roleRef.name))

/** What is deleted as a whole, in the order in which it goes. */
export const KINDS: readonly OwnKind[] = [
  {
    phase: 'webhooks',
    kind: 'MutatingWebhookConfiguration',
    prefix: '/apis/admissionregistration.k8s.io/v1',
    resource: 'mutatingwebhookconfigurations',
    isOurs: isNamed,
  },
  {
    phase: 'rights',
    kind: 'ClusterRoleBinding',
    prefix: RBAC,
    resource: 'clusterrolebindings',
    isOurs: isBinding,
  },
  { phase: 'rights', kind: 'RoleBinding', prefix: RBAC, resource: 'rolebindings', isOurs: isBinding },
  {
    phase: 'state',
    kind: 'ConfigMap',
    prefix: '/api/v1',
    resource: 'configmaps',
    namespace: NAMESPACE,
    query: MANAGED,
    isOurs: ({ metadata }) => INVENTORY.test(metadata.name),
  },
  {
    phase: 'state',
    kind: 'Lease',
    prefix: '/apis/coordination.k8s.io/v1',
    resource: 'leases',
    namespace: NAMESPACE,
    isOurs: ({ metadata }) => LEASES.includes(metadata.name),
  },
  {
    phase: 'accounts',
    kind: 'Secret',
    prefix: '/api/v1',
    resource: 'secrets',
    // Tokens and the serving certificate bear it; nobody else's Secret is read.
    query: MANAGED,
    isOurs: ({ metadata }) => isManaged(metadata),
  },
  {
    phase: 'accounts',
    kind: 'Secret',
    prefix: '/api/v1',
    resource: 'secrets',
    namespace: NAMESPACE,
    query: { fieldSelector: `metadata.name=${SERVING_SECRET}` },
    isOurs: ({ metadata }) => metadata.name === SERVING_SECRET,
  },
  {
    phase: 'accounts',
    kind: 'ServiceAccount',
    prefix: '/api/v1',
    resource: 'serviceaccounts',
    isOurs: ({ metadata }) =>
      isManaged(metadata) || (metadata.name === NAME && metadata.namespace === NAMESPACE),
  },
  { phase: 'accounts', kind: 'Role', prefix: RBAC, resource: 'roles', isOurs: isNamed },
  { phase: 'accounts', kind: 'ClusterRole', prefix: RBAC, resource: 'clusterroles', isOurs: isNamed },
]

export const toListPath = ({ prefix, resource, namespace }: OwnKind): string =>
  namespace === undefined ? `${prefix}/${resource}` : `${prefix}/namespaces/${namespace}/${resource}`

export function toObjectPath({ prefix, resource }: Kind, { namespace, name }: ObjectMeta): string {
  const folder = namespace === undefined ? prefix : `${prefix}/namespaces/${encodeURIComponent(namespace)}`
  return `${folder}/${resource}/${encodeURIComponent(name)}`
}
