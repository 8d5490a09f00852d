import { apiVersionOf, type Resource, type ResourceTable } from '../resources.ts'
import {
  type ListSchema,
  type ObjectSchema,
  objectMeta,
  type ScalarType,
  type Schema,
} from '../schema/schema.ts'
import type { SpecialHandler } from './dispatch.ts'
import type { Answer, HttpRequest } from './request.ts'

type Json = Readonly<Record<string, unknown>>

const INDEX = '/openapi/v3'
/** kubectl looks for this parameter of a PATCH before it leaves the validation to the server. */
const FIELD_VALIDATION = {
  name: 'fieldValidation',
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
}

/** OpenAPI v3 documents, one a group version, made from the schemas that decode requests. */
export function createOpenApi(table: ResourceTable): SpecialHandler {
  const byPath = new Map<string, Resource[]>()
  for (const resource of table.all) {
    const path = resource.group === '' ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`
    byPath.set(path, [...(byPath.get(path) ?? []), resource])
  }
  return (http: HttpRequest): Answer | undefined => {
    if (http.method !== 'GET' || !http.path.startsWith(INDEX)) return undefined
    const path = http.path.slice(INDEX.length + 1)
    if (path === '') return { status: 200, body: indexOf([...byPath.keys()]) }
    const resources = byPath.get(path)
    return resources === undefined ? undefined : { status: 200, body: documentOf(path, resources) }
  }
}

/** A hash that never changes lets clients cache for as long as they like. */
const indexOf = (paths: readonly string[]): Json => ({
  paths: Object.fromEntries(
    paths.map(path => [path, { serverRelativeURL: `${INDEX}/${path}?hash=simulator` }]),
  ),
})

const documentOf = (prefix: string, resources: readonly Resource[]): Json => ({
  openapi: '3.0.0',
  info: { title: 'Kubernetes', version: 'v1.36.1' },
  paths: Object.fromEntries(resources.map(resource => [pathOf(prefix, resource), operationsOf(resource)])),
  components: {
    schemas: Object.fromEntries([
      ...structsIn([objectMeta, ...resources.map(({ schema }) => schema)]).map(schema => [
        `io.k8s.struct.${schema.name}`,
        objectJson(schema),
      ]),
      ...resources.map(resource => [definitionName(resource), rootJson(resource)]),
    ]),
  },
})

const pathOf = (prefix: string, { resource, namespaced }: Resource): string =>
  `/${prefix}/${namespaced ? 'namespaces/{namespace}/' : ''}${resource}/{name}`

const groupVersionKind = ({ group, version, kind }: Resource): Json => ({ group, version, kind })

const definitionName = ({ group, version, kind }: Resource): string =>
  ['io.k8s', group === '' ? 'core' : group, version, kind].join('.')

function operationsOf(resource: Resource): Json {
  const reference = { $ref: `#/components/schemas/${definitionName(resource)}` }
  const content = { 'application/json': { schema: reference } }
  const responses = { 200: { description: 'OK', content } }
  const common = { 'x-kubernetes-group-version-kind': groupVersionKind(resource), responses }
  return {
    get: { ...common, 'x-kubernetes-action': 'get' },
    patch: { ...common, 'x-kubernetes-action': 'patch', parameters: [FIELD_VALIDATION] },
  }
}

function rootJson(resource: Resource): Json {
  const { metadata: _, ...fields } = resource.schema.fields
  return {
    type: 'object',
    properties: { ...propertiesOf(fields), metadata: toJson(objectMeta) },
    'x-kubernetes-group-version-kind': [groupVersionKind(resource)],
  }
}

/** Every struct inside of these, once each. */
function structsIn(schemas: readonly Schema[]): ObjectSchema[] {
  const inner = schemas.flatMap((schema): ObjectSchema[] => {
    if (schema.type === 'list' || schema.type === 'map') return structsIn([schema.of])
    return schema.type === 'object' ? [schema, ...structsIn(Object.values(schema.fields))] : []
  })
  return [...new Map(inner.map(schema => [schema.name, schema])).values()]
}

const objectJson = (schema: ObjectSchema): Json => ({
  type: 'object',
  properties: propertiesOf(schema.fields),
})

const propertiesOf = (fields: Readonly<Record<string, Schema>>): Json =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, toJson(field)]))

const SCALARS: Readonly<Record<ScalarType, Json>> = {
  string: { type: 'string' },
  integer: { type: 'integer', format: 'int32' },
  boolean: { type: 'boolean' },
  intOrString: { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  time: { type: 'string', format: 'date-time' },
  microTime: { type: 'string', format: 'date-time' },
  bytes: { type: 'string', format: 'byte' },
}

function toJson(schema: Schema): Json {
  switch (schema.type) {
    case 'any':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    case 'map':
      return { type: 'object', additionalProperties: toJson(schema.of) }
    case 'list':
      return listJson(schema)
    case 'object':
      return { allOf: [{ $ref: `#/components/schemas/io.k8s.struct.${schema.name}` }], default: {} }
    case 'scalar':
      return SCALARS[schema.scalar]
  }
}

/** The keys by which client-side apply computes its patch. */
function listJson({ of, merge, keys }: ListSchema): Json {
  const items = { type: 'array', items: toJson(of) }
  if (merge === undefined) return { ...items, 'x-kubernetes-list-type': 'atomic' }
  const strategy = { 'x-kubernetes-patch-strategy': 'merge' }
  if (merge === '') return { ...items, ...strategy, 'x-kubernetes-list-type': 'set' }
  const mapKeys =
    keys === undefined ? {} : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys }
  return { ...items, ...strategy, ...mapKeys, 'x-kubernetes-patch-merge-key': merge }
}
