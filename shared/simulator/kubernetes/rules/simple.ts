import { fieldsOf, isFields, listOf, sameJson, textOf, valueAt } from '../json.ts'
import { changeProblems, contentProblems } from '../metadata.ts'
import { qualifiedNameProblems } from '../names.ts'
import type { KubeObject } from '../objects.ts'
import { type Cause, forbiddenField, invalidValue, required } from '../status.ts'
import type { ResourceRules } from './rules.ts'

const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/
const CONFIG_KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
/** Of all values together, as the API server counts them. */
const MAX_DATA_BYTES = 1024 * 1024

function dataProblems(object: KubeObject, fields: readonly string[]): Cause[] {
  const entries = fields.flatMap(field =>
    Object.entries(fieldsOf(object[field])).map(([key, value]) => ({
      field,
      key,
      size: textOf(value).length,
    })),
  )
  const size = entries.reduce((sum, entry) => sum + entry.size, 0)
  return [
    ...entries
      .filter(({ key }) => !CONFIG_KEY.test(key))
      .map(({ field, key }) => invalidValue(`${field}[${key}]`, key, CONFIG_KEY_TEXT)),
    ...(size > MAX_DATA_BYTES
      ? [
          {
            reason: 'FieldValueTooLong',
            message: `Too long: may not be more than ${MAX_DATA_BYTES} bytes`,
            field: '',
          },
        ]
      : []),
  ]
}

function immutableDataProblems(object: KubeObject, old: KubeObject, fields: readonly string[]): Cause[] {
  if (old.immutable !== true) return []
  const why = 'field is immutable when `immutable` is set'
  return ['immutable', ...fields]
    .filter(field => !sameJson(object[field], old[field]))
    .map(field => forbiddenField(field, why))
}

const CONFIG_MAP_FIELDS = ['data', 'binaryData']

function configMapProblems(object: KubeObject): Cause[] {
  const binary = Object.keys(fieldsOf(object.binaryData))
  const shared = Object.keys(fieldsOf(object.data)).filter(key => binary.includes(key))
  return [
    ...dataProblems(object, CONFIG_MAP_FIELDS),
    ...shared.map(key => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData')),
  ]
}

export const configMapRules: ResourceRules = {
  validateCreate: configMapProblems,
  validateUpdate: (object, old) => [
    ...changeProblems(object, old),
    ...immutableDataProblems(object, old, CONFIG_MAP_FIELDS),
    ...contentProblems(object),
    ...configMapProblems(object),
  ],
}

export const secretRules: ResourceRules = {
  defaults(secret) {
    secret.type ??= 'Opaque'
    if (!isFields(secret.stringData)) return
    const encoded = Object.entries(secret.stringData).map(([key, value]): [string, string] => [
      key,
      Buffer.from(textOf(value)).toString('base64'),
    ])
    secret.data = { ...fieldsOf(secret.data), ...Object.fromEntries(encoded) }
    delete secret.stringData
  },
  validateCreate: object => dataProblems(object, ['data']),
  validateUpdate: (object, old) => [
    ...changeProblems(object, old),
    ...(object.type === old.type ? [] : [invalidValue('type', object.type, 'field is immutable')]),
    ...immutableDataProblems(object, old, ['data']),
    ...contentProblems(object),
    ...dataProblems(object, ['data']),
  ],
  selectable: secret => ({ type: textOf(secret.type) }),
}

const INVOLVED = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

export const eventRules: ResourceRules = {
  validateCreate: event => [...eventNamespaceProblems(event), ...newStyleProblems(event)],
  selectable: event => ({
    ...Object.fromEntries(
      INVOLVED.map(name => [`involvedObject.${name}`, textOf(valueAt(event, 'involvedObject', name))]),
    ),
    reason: textOf(event.reason),
    reportingComponent: textOf(event.reportingComponent),
    source: textOf(valueAt(event, 'source', 'component')) || textOf(event.reportingComponent),
    type: textOf(event.type),
  }),
}

function eventNamespaceProblems(event: KubeObject): Cause[] {
  const involved = textOf(valueAt(event, 'involvedObject', 'namespace'))
  const { namespace } = event.metadata
  if (involved === namespace || (involved === '' && namespace === 'default')) return []
  return [invalidValue('involvedObject.namespace', involved, 'does not match event.namespace')]
}

/** An event with an eventTime must say who reports it and what was done. */
function newStyleProblems(event: KubeObject): Cause[] {
  if (typeof event.eventTime !== 'string') return []
  const reporter = textOf(event.reportingComponent)
  return [
    ...(reporter === '' ? [required('reportingComponent')] : []),
    ...qualifiedNameProblems(reporter).map(why => invalidValue('reportingComponent', reporter, why)),
    ...['reportingInstance', 'action', 'reason']
      .filter(field => textOf(event[field]) === '')
      .map(field => required(field)),
  ]
}

export const namespaceRules: ResourceRules = {
  name: 'label',
  defaults(namespace) {
    const { name, labels } = namespace.metadata
    if (name !== undefined) namespace.metadata.labels = { ...labels, 'kubernetes.io/metadata.name': name }
  },
  prepareCreate(namespace) {
    namespace.spec = { finalizers: ['kubernetes'] }
    namespace.status = { phase: 'Active' }
  },
  prepareUpdate(namespace, old) {
    namespace.spec = old.spec
  },
  selectable: namespace => ({ 'status.phase': textOf(valueAt(namespace, 'status', 'phase')) }),
}

export const podRules: ResourceRules = {
  selectable: pod => ({
    'spec.nodeName': textOf(valueAt(pod, 'spec', 'nodeName')),
    'status.phase': textOf(valueAt(pod, 'status', 'phase')),
  }),
}

export const leaseRules: ResourceRules = {
  validateCreate: leaseProblems,
  validateUpdate: (lease, old) => [...changeProblems(lease, old), ...leaseProblems(lease)],
}

function leaseProblems(lease: KubeObject): Cause[] {
  const spec = fieldsOf(lease.spec)
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec
  return [
    ...(typeof duration === 'number' && duration <= 0
      ? [invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0')]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
      : []),
  ]
}

const FAMILY_LABEL = 'ipaddress.kubernetes.io/ip-family'

export const ipAddressRules: ResourceRules = {
  name: 'address',
  validateCreate: address => parentProblems(address),
  validateUpdate: (address, old) => {
    const moved = !sameJson(valueAt(address, 'spec', 'parentRef'), valueAt(old, 'spec', 'parentRef'))
    const immutable = invalidValue('spec.parentRef', goParentRef(address), 'field is immutable')
    return [
      ...changeProblems(address, old),
      ...contentProblems(address),
      ...parentProblems(address),
      ...(moved ? [immutable] : []),
    ]
  },
  selectable: address => ({ [FAMILY_LABEL]: textOf(address.metadata.labels?.[FAMILY_LABEL]) }),
}

function parentProblems(address: KubeObject): Cause[] {
  const parent = valueAt(address, 'spec', 'parentRef')
  if (!isFields(parent)) return [required('spec.parentRef')]
  return ['resource', 'name']
    .filter(field => textOf(parent[field]) === '')
    .map(field => required(`spec.parentRef.${field}`))
}

/** The parent reference as Go prints it inside an error. */
function goParentRef(address: KubeObject): unknown {
  const parent = fieldsOf(valueAt(address, 'spec', 'parentRef'))
  return {
    Group: textOf(parent.group),
    Resource: textOf(parent.resource),
    Namespace: textOf(parent.namespace),
    Name: textOf(parent.name),
  }
}

const RBAC_GROUP = 'rbac.authorization.k8s.io'

export const roleRules: ResourceRules = {
  name: 'path',
  validateUpdate: (role, old) => [...contentProblems(role), ...changeProblems(role, old)],
}

export const bindingRules: ResourceRules = {
  name: 'path',
  defaults(binding) {
    const roleRef = fieldsOf(binding.roleRef)
    if (textOf(roleRef.apiGroup) === '') binding.roleRef = { ...roleRef, apiGroup: RBAC_GROUP }
    const subjects = listOf(binding.subjects).map(item => {
      const { kind, ...rest } = fieldsOf(item)
      const isAccount = kind === 'ServiceAccount'
      return isAccount || rest.apiGroup !== undefined
        ? { kind, ...rest }
        : { kind, apiGroup: RBAC_GROUP, ...rest }
    })
    if (subjects.length > 0) binding.subjects = subjects
  },
  validateUpdate(binding, old) {
    const moved = !sameJson(binding.roleRef, old.roleRef)
    const immutable = invalidValue('roleRef', binding.roleRef, 'cannot change roleRef')
    return [...contentProblems(binding), ...changeProblems(binding, old), ...(moved ? [immutable] : [])]
  },
}
