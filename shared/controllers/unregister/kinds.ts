import { MANAGED_LABEL, NAME_LABEL } from '../../kubernetes/labels.ts'
import {
  IP_BLOCKS_LEASE,
  NAME,
  NAMESPACE,
  RESYNC_LEASE,
  SERVICE_ACCOUNT_USER,
} from '../../kubernetes/names.ts'
import type { ObjectMeta } from '../../kubernetes/types.ts'
import type { Kind, Stored, Subject } from './view.ts'

/** A kind, which of its objects are read, and which of those are ours. */
export interface OwnKind extends Kind {
  /** One namespace instead of all. */
  readonly namespace?: string
  readonly query?: Readonly<Record<string, string>>
  isOurs(object: Stored): boolean
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const INVENTORY = new RegExp(`^${NAME}(?:-[1-7])?$`)
/** Those of `register`, and those with which `serve` registers itself. */
const ROLES: readonly string[] = [NAME, `${NAME}-self`]
/** Where a role by such a name can be ours. */
const HOMES: readonly string[] = [NAMESPACE, 'default']
const MANAGED = { labelSelector: `${MANAGED_LABEL}=${NAME}` }
/** Where `serve` keeps its certificate unless it was told another place. */
const SERVING_SECRET = `${NAME}-serving`
const TOKEN_SECRET = new RegExp(`^${NAME}-token(?:-\\d+)?$`)
/** At least one of them is in what `serve` keeps, and together with our label in nothing else. */
const SERVING_KEYS: readonly string[] = ['webhook-token', 'tls-since']
const LEASES: readonly string[] = [RESYNC_LEASE, IP_BLOCKS_LEASE]

const isManaged = ({ labels }: ObjectMeta): boolean => labels?.[MANAGED_LABEL] === NAME

/** A label says little: charts of others, such as the Go program's, label theirs the same way. */
export const isLabelled = ({ metadata }: Stored): boolean =>
  isManaged(metadata) || metadata.labels?.[NAME_LABEL] === NAME

const isHome = (namespace: string | undefined): boolean =>
  namespace === undefined || HOMES.includes(namespace)

export const isNamed = ({ metadata }: Stored): boolean =>
  ROLES.includes(metadata.name) && isHome(metadata.namespace)

/** A binding by another name gives our rights as well, or gives rights to nobody but us. */
function isBinding(object: Stored): boolean {
  const { metadata, roleRef, subjects = [] } = object
  const isOfRole =
    roleRef !== undefined &&
    ROLES.includes(roleRef.name) &&
    (roleRef.kind === 'ClusterRole' || isHome(metadata.namespace))
  return isNamed(object) || isOfRole || (subjects.length === 1 && subjects.every(isOurAccount))
}

const isOurAccount = ({ kind, name, namespace }: Subject): boolean =>
  kind === 'ServiceAccount'
    ? name === NAME && namespace === NAMESPACE
    : kind === 'User' && name === SERVICE_ACCOUNT_USER

const isOurSecret = ({ metadata, keys = [] }: Stored): boolean =>
  isManaged(metadata) &&
  ((metadata.namespace === NAMESPACE && TOKEN_SECRET.test(metadata.name)) ||
    SERVING_KEYS.some(key => keys.includes(key)))

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
    isOurs: isOurSecret,
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
    isOurs: ({ metadata }) => metadata.name === NAME && metadata.namespace === NAMESPACE,
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
