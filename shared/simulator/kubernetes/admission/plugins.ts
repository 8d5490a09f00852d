import { nodeNameOf } from '../access/users.ts'
import { fieldsOf, listOf, sameJson, valueAt } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import { subjectOf } from '../resources.ts'
import { forbidden, notFound } from '../status.ts'
import type { AdmissionRequest, Plugin } from './admission.ts'

const NAMESPACES = { group: '', what: 'namespaces' }
/** Namespaces that cannot be deleted. */
const IMMORTAL = ['default', 'kube-system', 'kube-public']
const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

/** NamespaceLifecycle: nothing new in a namespace that is missing or ends. */
export const namespaceLifecycle =
  (findNamespace: (name: string) => KubeObject | undefined): Plugin =>
  request => {
    if (
      request.operation === 'DELETE' &&
      request.resource.resource === 'namespaces' &&
      IMMORTAL.includes(request.name)
    )
      throw forbidden(NAMESPACES, request.name, 'this namespace may not be deleted')
    if (request.operation !== 'CREATE' || !request.resource.namespaced) return request.object
    const namespace = findNamespace(request.namespace)
    if (namespace === undefined) throw notFound(NAMESPACES, request.namespace)
    if (namespace.metadata.deletionTimestamp !== undefined) throw terminating(request)
    return request.object
  }

const terminating = ({ resource, name, namespace }: AdmissionRequest): Error =>
  forbidden(
    subjectOf(resource),
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  )

const isNode = ({ resource }: AdmissionRequest): boolean =>
  resource.group === '' && resource.resource === 'nodes'

/** TaintNodesByCondition: every new Node starts with the not-ready taint. */
export const taintNewNodes: Plugin = request => {
  const { object } = request
  if (
    request.operation !== 'CREATE' ||
    request.subresource !== '' ||
    !isNode(request) ||
    object === undefined
  )
    return object
  const spec = fieldsOf(object.spec)
  const taints = listOf(spec.taints)
  const present = taints.some(item =>
    sameJson({ ...fieldsOf(item), value: undefined }, { ...NOT_READY, value: undefined }),
  )
  return present ? object : { ...object, spec: { ...spec, taints: [...taints, NOT_READY] } }
}

/** NodeRestriction: what a kubelet may do to Nodes and Leases; other users pass. */
export const nodeRestriction: Plugin = request => {
  const node = nodeNameOf(request.user)
  if (node === undefined) return request.object
  if (isNode(request)) restrictNode(node, request)
  if (request.resource.resource === 'leases') restrictLease(node, request)
  return request.object
}

function restrictLease(node: string, { resource, namespace, name, operation }: AdmissionRequest): void {
  if (operation !== 'CREATE' || (namespace === 'kube-node-lease' && name === node)) return
  const why =
    namespace === 'kube-node-lease'
      ? 'can only access node lease with the same name as the requesting node'
      : 'can only access leases in the "kube-node-lease" system namespace'
  throw forbidden(subjectOf(resource), name, why)
}

function restrictNode(node: string, request: AdmissionRequest): void {
  const { operation, object, oldObject, name } = request
  const refuse = (why: string): Error => forbidden(subjectOf(request.resource), name, why)
  if (name !== node)
    throw refuse(`node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`)
  if (operation === 'CREATE') {
    const denied = deniedLabels(labelKeys(object))
    if (denied.length > 0)
      throw refuse(
        `node ${JSON.stringify(node)} is not allowed to set the following labels: ${denied.join(', ')}`,
      )
    return
  }
  if (operation !== 'UPDATE') return
  if (!sameJson(taintsOf(object), taintsOf(oldObject)))
    throw refuse(`node ${JSON.stringify(node)} is not allowed to modify taints`)
  const denied = deniedLabels(changedLabels(object, oldObject))
  if (denied.length > 0) throw refuse(`is not allowed to modify labels: ${denied.join(', ')}`)
}

const taintsOf = (node: KubeObject | undefined): unknown[] => listOf(valueAt(node, 'spec', 'taints'))
const labelKeys = (node: KubeObject | undefined): string[] => Object.keys(node?.metadata.labels ?? {})

function changedLabels(node: KubeObject | undefined, old: KubeObject | undefined): string[] {
  const keys = new Set([...labelKeys(node), ...labelKeys(old)])
  return [...keys].filter(key => node?.metadata.labels?.[key] !== old?.metadata.labels?.[key])
}

const ALLOWED_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
])
const KUBELET_DOMAINS = /(^|\.)(node|kubelet)\.kubernetes\.io$/
const KUBERNETES_DOMAINS = /(^|\.)(kubernetes|k8s)\.io$/

function deniedLabels(keys: readonly string[]): string[] {
  return keys
    .filter(key => {
      const domain = key.includes('/') ? (key.split('/')[0] ?? '') : ''
      if (domain === 'node-restriction.kubernetes.io' || domain.endsWith('.node-restriction.kubernetes.io'))
        return true
      if (ALLOWED_LABELS.has(key) || KUBELET_DOMAINS.test(domain)) return false
      return KUBERNETES_DOMAINS.test(domain)
    })
    .sort()
}
