import { stringify } from 'yaml'
import type { Clock } from '../../../clock.ts'
import { fieldsOf, listOf, valueAt } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import { type Column, columnsOf } from '../print/columns.ts'
import { apiVersionOf, type Resource } from '../resources.ts'
import { ApiError } from '../status.ts'
import { toShown } from './body.ts'
import { listObject } from './read.ts'
import type { Answer, ApiRequest, HttpRequest } from './request.ts'
import type { EventEncoder } from './watch.ts'

/** What the client accepts first of what is offered. */
export type Form = 'json' | 'yaml' | 'table' | 'metadata'

const META = 'meta.k8s.io/v1'
const OFFERED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** @throws ApiError 406 when nothing that is accepted is offered (protobuf is not) */
export function chooseForm({ accept }: HttpRequest): Form {
  for (const range of accept.split(',')) {
    const form = formOf(range)
    if (form !== undefined) return form
  }
  throw new ApiError(
    406,
    'NotAcceptable',
    `only the following media types are accepted: ${OFFERED.join(', ')}`,
    {},
  )
}

function formOf(range: string): Form | undefined {
  const [type = '', ...parameters] = range.split(';').map(part => part.trim())
  if (type === 'application/yaml') return 'yaml'
  if (!['', '*/*', 'application/*', 'application/json'].includes(type)) return undefined
  const values = new Map(parameters.map(text => [text.split('=')[0] ?? '', text.split('=')[1] ?? '']))
  const as = values.get('as')
  if (as === undefined) return 'json'
  if (values.get('g') !== 'meta.k8s.io' || values.get('v') !== 'v1') return undefined
  if (as === 'Table') return 'table'
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined
}

/** The answer of a resource in the form that the client accepts. */
export function represent(request: ApiRequest, answer: Answer, clock: Clock): Answer {
  if (answer.stream !== undefined || valueAt(answer.body, 'kind') === 'Status') return answer
  return inForm(request, { ...answer, body: viewOf(request, answer.body) }, clock)
}

/** Objects and lists as the client sees them: themselves, unless it asked for a view. */
function viewOf(request: ApiRequest, body: unknown): unknown {
  const { shown } = request
  if (shown.view === undefined) return body
  const { items, metadata } = fieldsOf(body)
  if (!Array.isArray(items)) return toShown(request, body as KubeObject)
  return listObject(
    shown,
    metadata,
    objectsOf(request.resource, body).map(object => toShown(request, object)),
  )
}

function inForm(request: ApiRequest, answer: Answer, clock: Clock): Answer {
  switch (chooseForm(request.http)) {
    case 'json':
      return answer
    case 'yaml':
      return { ...answer, body: stringify(answer.body), contentType: 'application/yaml' }
    case 'table':
      return { ...answer, body: toTable(request, answer.body, clock) }
    case 'metadata':
      return { ...answer, body: toMetadata(answer.body) }
  }
}

/** How the objects of a watch are sent; the columns of a Table come with the first event only. */
export function eventEncoder(request: ApiRequest, clock: Clock): EventEncoder {
  const form = chooseForm(request.http)
  let first = true
  return (type, object) => {
    if (type === 'ERROR') return object
    if (type === 'BOOKMARK' && form !== 'table') return object
    if (form === 'json' || form === 'yaml') return viewOf(request, object)
    if (form === 'metadata') return toMetadata(object)
    const table = toTable(request, object, clock)
    const columnDefinitions = first ? table.columnDefinitions : null
    first = false
    return type === 'BOOKMARK' ? { ...table, columnDefinitions, rows: [] } : { ...table, columnDefinitions }
  }
}

interface Table {
  readonly kind: 'Table'
  readonly apiVersion: string
  readonly metadata: unknown
  readonly columnDefinitions: unknown
  readonly rows: readonly unknown[]
}

function toTable({ resource, http }: ApiRequest, body: unknown, clock: Clock): Table {
  const columns = columnsOf(resource)
  const isList = Array.isArray(fieldsOf(body).items)
  const objects = isList ? objectsOf(resource, body) : [body as KubeObject]
  const metadata = isList
    ? fieldsOf(body).metadata
    : { resourceVersion: valueAt(body, 'metadata', 'resourceVersion') }
  const included = http.query.get('includeObject') ?? 'Metadata'
  const rows = objects.map(object => ({
    cells: columns.map(column => column.cell(object, clock.now())),
    ...(included === 'None' ? {} : { object: included === 'Object' ? object : toMetadata(object) }),
  }))
  return { kind: 'Table', apiVersion: META, metadata, columnDefinitions: columns.map(definitionOf), rows }
}

/** Items of a list with the kind that the list leaves out. */
const objectsOf = (resource: Resource, body: unknown): KubeObject[] =>
  listOf(fieldsOf(body).items).map(item => ({
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {},
    ...fieldsOf(item),
  }))

const definitionOf = ({ name, type = 'string', wide = false }: Column): unknown => ({
  name,
  type,
  format: name === 'Name' ? 'name' : '',
  description: '',
  priority: wide ? 1 : 0,
})

function toMetadata(body: unknown): unknown {
  const { items, metadata } = fieldsOf(body)
  if (!Array.isArray(items)) return { kind: 'PartialObjectMetadata', apiVersion: META, metadata }
  return { kind: 'PartialObjectMetadataList', apiVersion: META, metadata, items: items.map(toMetadata) }
}
