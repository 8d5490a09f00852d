import { fieldsOf, listOf, textOf, textsOf, valueAt } from '../json.ts'
import { type KubeObject, nameOf } from '../objects.ts'
import type { Resource } from '../resources.ts'
import { ageOf } from './age.ts'
import { nodeColumns } from './node.ts'
import { serviceColumns } from './service.ts'

/** One column of a Table. `wide` ones appear with `kubectl get -o wide` only. */
export interface Column {
  readonly name: string
  readonly type?: 'string' | 'integer' | 'date'
  readonly wide?: boolean
  /** @param now milliseconds since 1970, for ages */
  readonly cell: (object: KubeObject, now: number) => unknown
}

export const nameColumn: Column = { name: 'Name', cell: nameOf }
export const ageColumn: Column = {
  name: 'Age',
  cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
}

const countOf = (object: KubeObject, ...fields: string[]): number =>
  fields.reduce((sum, field) => sum + Object.keys(fieldsOf(object[field])).length, 0)

const eventColumns: readonly Column[] = [
  { name: 'Last Seen', cell: (event, now) => ageOf(event.lastTimestamp ?? event.eventTime, now) },
  { name: 'Type', cell: event => textOf(event.type) },
  { name: 'Reason', cell: event => textOf(event.reason) },
  { name: 'Object', cell: involvedObject },
  { name: 'Subobject', wide: true, cell: event => textOf(valueAt(event, 'involvedObject', 'fieldPath')) },
  { name: 'Source', wide: true, cell: sourceOf },
  { name: 'Message', cell: event => textOf(event.message).trim() },
  {
    name: 'First Seen',
    wide: true,
    cell: (event, now) => ageOf(event.firstTimestamp ?? event.eventTime, now),
  },
  { name: 'Count', wide: true, cell: event => event.count ?? 1 },
  { ...nameColumn, wide: true },
]

function involvedObject(event: KubeObject): string {
  const { kind, name } = fieldsOf(event.involvedObject)
  return textOf(name) === '' ? textOf(kind).toLowerCase() : `${textOf(kind).toLowerCase()}/${textOf(name)}`
}

function sourceOf(event: KubeObject): string {
  const { component, host } = fieldsOf(event.source)
  const parts = [textOf(component) || textOf(event.reportingComponent), textOf(host)]
  return parts.filter(part => part !== '').join(', ')
}

function parentOf(address: KubeObject): string {
  const { group, resource, namespace, name } = fieldsOf(valueAt(address, 'spec', 'parentRef'))
  const kind = textOf(group) === '' ? textOf(resource) : `${textOf(resource)}.${textOf(group)}`
  return [kind, textOf(namespace), textOf(name)].filter(part => part !== '').join('/')
}

/** At most three, as the real server prints them. */
function some(values: readonly string[], none: string): string {
  if (values.length === 0) return none
  const shown = values.slice(0, 3).join(',')
  return values.length > 3 ? `${shown} + ${values.length - 3} more...` : shown
}

const endpointSliceColumns: readonly Column[] = [
  nameColumn,
  { name: 'AddressType', cell: slice => textOf(slice.addressType) },
  {
    name: 'Ports',
    cell: slice =>
      some(
        listOf(slice.ports).map(port => String(fieldsOf(port).port)),
        '<unset>',
      ),
  },
  {
    name: 'Endpoints',
    cell: slice =>
      some(
        listOf(slice.endpoints).flatMap(item => textsOf(fieldsOf(item).addresses)),
        '<unset>',
      ),
  },
  ageColumn,
]

const roleColumns: readonly Column[] = [
  nameColumn,
  { name: 'Created At', type: 'date', cell: role => role.metadata.creationTimestamp },
]

const subjectsOf = (binding: KubeObject, kind: string): string =>
  listOf(binding.subjects)
    .map(fieldsOf)
    .filter(subject => subject.kind === kind)
    .map(({ namespace, name }) =>
      kind === 'ServiceAccount' ? `${textOf(namespace)}/${textOf(name)}` : textOf(name),
    )
    .join(', ')

const bindingColumns: readonly Column[] = [
  nameColumn,
  {
    name: 'Role',
    cell: binding =>
      `${textOf(valueAt(binding, 'roleRef', 'kind'))}/${textOf(valueAt(binding, 'roleRef', 'name'))}`,
  },
  ageColumn,
  { name: 'Users', wide: true, cell: binding => subjectsOf(binding, 'User') },
  { name: 'Groups', wide: true, cell: binding => subjectsOf(binding, 'Group') },
  { name: 'ServiceAccounts', wide: true, cell: binding => subjectsOf(binding, 'ServiceAccount') },
]

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  nodes: nodeColumns,
  services: serviceColumns,
  events: eventColumns,
  configmaps: [nameColumn, { name: 'Data', cell: map => countOf(map, 'data', 'binaryData') }, ageColumn],
  secrets: [
    nameColumn,
    { name: 'Type', cell: secret => textOf(secret.type) },
    { name: 'Data', cell: secret => countOf(secret, 'data') },
    ageColumn,
  ],
  namespaces: [
    nameColumn,
    { name: 'Status', cell: namespace => textOf(valueAt(namespace, 'status', 'phase')) },
    ageColumn,
  ],
  leases: [
    nameColumn,
    { name: 'Holder', cell: lease => textOf(valueAt(lease, 'spec', 'holderIdentity')) },
    ageColumn,
  ],
  ipaddresses: [nameColumn, { name: 'ParentRef', cell: parentOf }],
  servicecidrs: [
    nameColumn,
    { name: 'CIDRs', cell: cidr => textsOf(valueAt(cidr, 'spec', 'cidrs')).join(',') },
    ageColumn,
  ],
  endpointslices: endpointSliceColumns,
  mutatingwebhookconfigurations: [
    nameColumn,
    { name: 'Webhooks', type: 'integer', cell: ({ webhooks }) => listOf(webhooks).length },
    ageColumn,
  ],
  clusterroles: roleColumns,
  roles: roleColumns,
  clusterrolebindings: bindingColumns,
  rolebindings: bindingColumns,
}

/** The columns that the API server prints for a resource; name and age where it has no own ones. */
export const columnsOf = ({ resource, custom }: Resource): readonly Column[] =>
  (custom ? undefined : COLUMNS[resource]) ?? [nameColumn, ageColumn]
