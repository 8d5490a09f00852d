import { parse as parseYaml } from 'yaml'
import { type Fields, isFields, textOf, valueAt } from '../json.ts'
import { toObject } from '../lifecycle.ts'
import type { KubeObject } from '../objects.ts'
import { decodeProtobuf } from '../protobuf/decode.ts'
import type { Resource } from '../resources.ts'
import type { ObjectSchema } from '../schema/schema.ts'
import { badRequest, invalid, invalidValue, unsupportedMediaType } from '../status.ts'
import type { ApiRequest, HttpRequest } from './request.ts'

const JSON_TYPES = new Set(['', 'application/json'])
const YAML_TYPES = new Set(['application/yaml', 'application/x-yaml'])
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
const ACCEPTED = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'

/**
 * The body as a JSON object.
 *
 * @param schema of what the URL asks for; decodes protobuf
 * @throws ApiError 400 and 415
 */
export function parseBody(http: HttpRequest, schema: ObjectSchema): Fields {
  const isYaml = YAML_TYPES.has(http.contentType)
  const isProtobuf = http.contentType === PROTOBUF_TYPE
  if (!isYaml && !isProtobuf && !JSON_TYPES.has(http.contentType))
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`,
    )
  const refuse = (why: string): Error =>
    badRequest(`the object provided is unrecognized (must be of type ${schema.name}): ${why}`)
  try {
    if (isProtobuf) return decodeProtobuf(schema, http.body)
    const text = http.body.toString()
    const value: unknown = isYaml ? parseYaml(text) : JSON.parse(text)
    if (isFields(value)) return value
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw refuse(`couldn't get version/kind; json parse error: ${detail}`)
  }
  throw refuse('no JSON object')
}

/** As parseBody, for a body that may be left out. */
export const parseOptionalBody = (http: HttpRequest, schema: ObjectSchema): Fields =>
  http.body.length === 0 ? {} : parseBody(http, schema)

/** The body as an object to store; unknown fields are refused, warned of or dropped as the client asked. */
export function readObject(request: ApiRequest): KubeObject {
  const { shown, http } = request
  const body = parseBody(http, shown.schema)
  if (shown.custom) checkCustomKind(shown, body)
  const { object, unknown } = toObject(shown, body)
  const complaints = unknown.map(path => `unknown field ${JSON.stringify(path)}`)
  const mode = http.query.get('fieldValidation') ?? 'Warn'
  if (complaints.length > 0 && mode === 'Strict') throw strictError(shown, complaints)
  if (mode !== 'Ignore') request.warnings.push(...complaints)
  return inNamespace(request, toStored(request, object))
}

/** A custom resource has no kind by default. */
function checkCustomKind({ group, kind }: Resource, body: Fields): void {
  for (const field of ['kind', 'apiVersion'])
    if (textOf(body[field]) === '') throw badRequest(`Object '${field}' is missing`)
  const given = textOf(body.kind)
  if (given === kind) return
  const name = textOf(valueAt(body, 'metadata', 'name'))
  throw invalid({ group, what: given }, name, [invalidValue('kind', given, `must be ${kind}`)])
}

/** An object that the client sent, in the form that is stored. */
export function toStored({ resource, shown }: ApiRequest, object: KubeObject): KubeObject {
  if (shown.view === undefined) return object
  return toObject(resource, shown.view.toStored(object)).object
}

/** A stored object in the form that the client sees. */
export function toShown({ shown }: ApiRequest, stored: KubeObject): KubeObject {
  if (shown.view === undefined) return stored
  return toObject(shown, shown.view.fromStored(stored)).object
}

const strictError = (resource: Resource, complaints: string[]): Error =>
  badRequest(
    `${resource.kind} in version ${JSON.stringify(resource.version)} cannot be handled as a ${resource.kind}: strict decoding error: ${complaints.join(', ')}`,
  )

/** @throws ApiError 400 when the object names another namespace than the URL */
function inNamespace({ namespace, resource }: ApiRequest, object: KubeObject): KubeObject {
  const given = object.metadata.namespace
  if (!resource.namespaced) {
    delete object.metadata.namespace
    return object
  }
  if (given !== undefined && given !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const { name, generateName, ...rest } = object.metadata
  const start = {
    ...(name === undefined ? {} : { name }),
    ...(generateName === undefined ? {} : { generateName }),
  }
  return { ...object, metadata: { ...start, namespace, ...rest } }
}
