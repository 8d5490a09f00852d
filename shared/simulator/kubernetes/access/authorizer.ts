import { type Fields, fieldsOf, listOf, textOf, textsOf } from '../json.ts'
import type { KubeObject, User } from '../objects.ts'
import { nodeNameOf } from './users.ts'

/** What is asked for: a resource, or a path when `resource` is empty. */
export interface Access {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly path: string
}

/** `reason` is appended to the message of a refusal. */
export interface Decision {
  readonly allowed: boolean
  readonly reason: string
}

/** Reads the stored RBAC objects by plural name, in one namespace or all. */
export type ListObjects = (resource: string, namespace?: string) => readonly KubeObject[]

const ALLOWED: Decision = { allowed: true, reason: '' }
const REFUSED: Decision = { allowed: false, reason: '' }
const MASTERS = 'system:masters'

/** As --authorization-mode=Node,RBAC: masters may everything, a kubelet its own, others what is bound to them. */
export function authorize(user: User, access: Access, list: ListObjects): Decision {
  if (user.groups.includes(MASTERS)) return ALLOWED
  const node = nodeNameOf(user)
  const asNode = node === undefined ? REFUSED : authorizeNode(node, access)
  if (asNode.allowed) return ALLOWED
  return rulesFor(user, access.namespace, list).some(rule => ruleAllows(rule, access)) ? ALLOWED : asNode
}

/** Why not, as the API server words it, without the object in front. */
export function refusalOf(user: User, access: Access, reason: string): string {
  const who = `User ${JSON.stringify(user.username)} cannot`
  if (access.resource === '') return `${who} ${access.verb} path ${JSON.stringify(access.path)}`
  const what = access.subresource === '' ? access.resource : `${access.resource}/${access.subresource}`
  const scope =
    access.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(access.namespace)}`
  const text = `${who} ${access.verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(access.group)} ${scope}`
  return reason === '' ? text : `${text}: ${reason}`
}

function rulesFor(user: User, namespace: string, list: ListObjects): Fields[] {
  const clusterWide = list('clusterrolebindings').filter(binding => bindsTo(binding, user))
  const local =
    namespace === '' ? [] : list('rolebindings', namespace).filter(binding => bindsTo(binding, user))
  return [...clusterWide, ...local].flatMap(binding => rulesOf(binding, list))
}

function bindsTo(binding: KubeObject, user: User): boolean {
  return listOf(binding.subjects).some(item => {
    const { kind, name, namespace } = fieldsOf(item)
    if (kind === 'User') return name === user.username
    if (kind === 'Group') return user.groups.includes(textOf(name))
    const home = textOf(namespace) || textOf(binding.metadata.namespace)
    return user.username === `system:serviceaccount:${home}:${textOf(name)}`
  })
}

function rulesOf(binding: KubeObject, list: ListObjects): Fields[] {
  const { kind, name } = fieldsOf(binding.roleRef)
  const roles =
    kind === 'ClusterRole' ? list('clusterroles') : list('roles', binding.metadata.namespace ?? '')
  const role = roles.find(item => item.metadata.name === name)
  return listOf(role?.rules).map(fieldsOf)
}

function ruleAllows(rule: Fields, access: Access): boolean {
  if (!covers(textsOf(rule.verbs), access.verb)) return false
  if (access.resource === '')
    return textsOf(rule.nonResourceURLs).some(pattern => coversPath(pattern, access.path))
  const names = textsOf(rule.resourceNames)
  return (
    covers(textsOf(rule.apiGroups), access.group) &&
    coversResource(textsOf(rule.resources), access) &&
    (names.length === 0 || names.includes(access.name))
  )
}

const covers = (allowed: readonly string[], wanted: string): boolean =>
  allowed.includes('*') || allowed.includes(wanted)

function coversResource(allowed: readonly string[], { resource, subresource }: Access): boolean {
  if (subresource === '') return covers(allowed, resource)
  return covers(allowed, `${resource}/${subresource}`) || allowed.includes(`*/${subresource}`)
}

const coversPath = (pattern: string, path: string): boolean =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path

/** group/resource/subresource → verbs of a kubelet, where no relationship to an object is looked at. */
const KUBELET: Readonly<Record<string, readonly string[]>> = {
  '/services/': ['get', 'list', 'watch'],
  '/nodes/': ['create', 'patch', 'update'],
  '/nodes/status': ['patch', 'update'],
  '/events/': ['create', 'patch', 'update'],
  '/serviceaccounts/token': ['create'],
  '/pods/': ['get', 'list', 'watch', 'create', 'delete'],
  '/pods/status': ['patch', 'update'],
  'coordination.k8s.io/leases/': ['create'],
  'node.k8s.io/runtimeclasses/': ['get', 'list', 'watch'],
  'storage.k8s.io/csidrivers/': ['get', 'list', 'watch'],
  'storage.k8s.io/csinodes/': ['create'],
}

const LEASE_REASON = 'can only access node lease with the same name as the requesting node'

function authorizeNode(node: string, access: Access): Decision {
  const { group, resource, subresource, verb, name, namespace } = access
  const key = `${group}/${resource}/${subresource}`
  if (KUBELET[key]?.includes(verb) === true) return ALLOWED
  if (key === '/nodes/' && ['get', 'list', 'watch'].includes(verb)) return ownNode(node, verb, name)
  if (key === 'coordination.k8s.io/leases/' && ['get', 'update', 'patch', 'delete'].includes(verb)) {
    if (namespace === 'kube-node-lease' && name === node) return ALLOWED
    return { allowed: false, reason: LEASE_REASON }
  }
  if (key === 'storage.k8s.io/csinodes/' && name === node) return ALLOWED
  if (key === '/configmaps/' || key === '/secrets/')
    return { allowed: false, reason: `no relationship found between node '${node}' and this object` }
  return REFUSED
}

function ownNode(node: string, verb: string, name: string): Decision {
  if (name === node) return ALLOWED
  const what = verb === 'get' ? `'${name}'` : 'all nodes'
  return { allowed: false, reason: `node '${node}' cannot read ${what}, only its own Node object` }
}
