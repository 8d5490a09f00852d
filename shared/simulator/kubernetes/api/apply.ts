import { parse as parseYaml } from 'yaml'
import { type Fields, fieldsOf, isFields, textOf } from '../json.ts'
import { badRequest, invalid, required } from '../status.ts'
import type { ApiRequest, HttpRequest } from './request.ts'

export const APPLY_TYPE = 'application/apply-patch+yaml'

/**
 * The configuration of a server-side apply, with the name that the URL gives it.
 *
 * @throws ApiError 400 and 422
 */
export function readConfiguration({ http, name, namespace }: ApiRequest): Fields {
  if ((http.query.get('fieldManager') ?? '') === '') throw managerMissing()
  const config = parse(http)
  const metadata = fieldsOf(config.metadata)
  const given = textOf(metadata.name)
  if (textOf(config.kind) === '' || textOf(config.apiVersion) === '')
    throw badRequest(`invalid object type: /${textOf(config.apiVersion)}, Kind=${textOf(config.kind)}`)
  if (metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil')
  if (given !== '' && given !== name)
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`)
  if (metadata.namespace !== undefined && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const home = namespace === '' ? {} : { namespace }
  return { ...config, metadata: { ...metadata, ...home } }
}

const managerMissing = (): Error =>
  invalid({ group: 'meta.k8s.io', what: 'PatchOptions' }, '', [
    required('fieldManager', 'is required for apply patch'),
  ])

function parse(http: HttpRequest): Fields {
  try {
    const value: unknown = parseYaml(http.body.toString())
    if (isFields(value)) return value
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw badRequest('error decoding YAML: no object')
}
