import type { ApiRequest } from '../api/request.ts'
import { type Fields, isFields } from '../json.ts'
import { timestamp } from '../lifecycle.ts'
import type { KubeObject } from '../objects.ts'
import { apiVersionOf } from '../resources.ts'
import { decode } from '../schema/decode.ts'
import { applyConfiguration } from './apply.ts'
import { type FieldValues, fieldValues } from './fields.ts'
import { afterUpdate, type Operation, ownersOf, type Writer, withOwners } from './managers.ts'

/** Records in metadata.managedFields who set what, and merges server-side applies by it. */
export interface Ownership {
  /** A new or changed object with the request's client as owner of what differs from `old`. */
  recordUpdate(request: ApiRequest, object: KubeObject, old: KubeObject | undefined): KubeObject
  /** The live object with the applied configuration merged in. @throws ApiError 409 */
  apply(request: ApiRequest, config: Fields, live: KubeObject): KubeObject
  /** A new object that is owned by the manager who applied `config`. */
  recordApplied(request: ApiRequest, object: KubeObject, config: Fields): KubeObject
}

/** @param now milliseconds since 1970 */
export function createOwnership(now: () => number): Ownership {
  const time = (): string => timestamp(now())
  return {
    recordUpdate(request, object, old) {
      const writer = writerOf(request, 'Update')
      const before = old === undefined ? new Map<string, unknown>() : valuesOf(request, old)
      const after = valuesOf(request, object)
      return withOwners(object, afterUpdate(ownersOf(old), writer, before, after, time()))
    },
    apply(request, config, live) {
      const { value } = decode(request.resource.schema, config)
      const result = applyConfiguration({
        schema: request.resource.schema,
        writer: writerOf(request, 'Apply'),
        force: request.http.query.get('force') === 'true',
        time: time(),
        live,
        owners: ownersOf(live),
        liveValues: valuesOf(request, live),
        config: withoutStructs(config, value),
        configValues: valuesOf(request, withoutStructs(config, value)),
      })
      const { object } = result
      return withOwners(
        { ...live, ...object, metadata: { ...live.metadata, ...metadataOf(object) } },
        result.owners,
      )
    },
    recordApplied(request, object, config) {
      const { value } = decode(request.resource.schema, config)
      const fields = new Set(valuesOf(request, withoutStructs(config, value)).keys())
      return withOwners(object, [{ ...writerOf(request, 'Apply'), time: time(), fields }])
    },
  }
}

const metadataOf = (object: Fields): KubeObject['metadata'] =>
  isFields(object.metadata) ? object.metadata : {}

const valuesOf = ({ resource, subresource }: ApiRequest, object: Fields): FieldValues =>
  fieldValues(resource.schema, object, subresource, resource.status)

function writerOf({ http, shown, subresource }: ApiRequest, operation: Operation): Writer {
  const named = http.query.get('fieldManager') ?? ''
  const agent = http.userAgent.split('/')[0] ?? ''
  return {
    manager: named || agent || 'unknown',
    operation,
    subresource,
    apiVersion: apiVersionOf(shown),
  }
}

/** Decoding fills in structs and required scalars; a configuration consists of what it says only. */
function withoutStructs(given: Fields, decoded: Fields): Fields {
  return Object.fromEntries(
    Object.entries(decoded).flatMap(([name, value]): [string, unknown][] => {
      const said = given[name]
      if (said === undefined || said === null) return []
      if (isFields(value) && isFields(said)) return [[name, withoutStructs(said, value)]]
      if (!Array.isArray(value) || !Array.isArray(said)) return [[name, value]]
      return [[name, value.map((item: unknown, at) => onlySaid(said[at], item))]]
    }),
  )
}

const onlySaid = (said: unknown, decoded: unknown): unknown =>
  isFields(said) && isFields(decoded) ? withoutStructs(said, decoded) : decoded
