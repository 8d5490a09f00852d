import { fieldsOf, listOf, sameJson, textOf } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import { type FieldValues, fromFieldsV1, toFieldsV1 } from './fields.ts'

export type Operation = 'Apply' | 'Update'

/** Who writes: name, how, and through which subresource. */
export interface Writer {
  readonly manager: string
  readonly operation: Operation
  readonly subresource: string
  readonly apiVersion: string
}

/** One entry of metadata.managedFields with its fields unpacked. */
export interface Owner extends Writer {
  readonly time: unknown
  readonly fields: ReadonlySet<string>
}

export function ownersOf(object: KubeObject | undefined): Owner[] {
  return listOf(object?.metadata.managedFields).map(item => {
    const { manager, operation, subresource, apiVersion, time, fieldsV1 } = fieldsOf(item)
    return {
      manager: textOf(manager),
      operation: operation === 'Apply' ? 'Apply' : 'Update',
      subresource: textOf(subresource),
      apiVersion: textOf(apiVersion),
      time,
      fields: fromFieldsV1(fieldsV1),
    }
  })
}

/** The object with these owners; owners of nothing are left out. */
export function withOwners(object: KubeObject, owners: readonly Owner[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata
  const entries = owners.filter(({ fields }) => fields.size > 0).map(toEntry)
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } }
}

const toEntry = ({
  manager,
  operation,
  apiVersion,
  time,
  fields,
  subresource,
}: Owner): Record<string, unknown> => ({
  manager,
  operation,
  apiVersion,
  time,
  fieldsType: 'FieldsV1',
  fieldsV1: toFieldsV1(fields),
  ...(subresource === '' ? {} : { subresource }),
})

/** Whether a write changes nothing but when somebody set something: it is not stored then. */
export const isSameButForTimes = (a: KubeObject, b: KubeObject): boolean =>
  sameJson(withoutTimes(a), withoutTimes(b))

const withoutTimes = (object: KubeObject): KubeObject =>
  withOwners(
    object,
    ownersOf(object).map(owner => ({ ...owner, time: undefined })),
  )

export const isSameWriter = (a: Writer, b: Writer): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource

/**
 * Owners after an update: the writer owns what it changed or added, others lose that and what is gone.
 *
 * @param time of the write, RFC 3339
 */
export function afterUpdate(
  owners: readonly Owner[],
  writer: Writer,
  before: FieldValues,
  after: FieldValues,
  time: string,
): Owner[] {
  const changed = [...after].filter(
    ([path, value]) => !before.has(path) || !sameJson(before.get(path), value),
  )
  const removed = [...before.keys()].filter(path => !after.has(path))
  if (changed.length === 0 && removed.length === 0) return [...owners]
  const lost = new Set([...changed.map(([path]) => path), ...removed])
  const own = owners.find(owner => isSameWriter(owner, writer))
  const others = owners.filter(owner => owner !== own).map(owner => without(owner, lost))
  const kept = [...(own?.fields ?? [])].filter(path => after.has(path))
  return [...others, { ...writer, time, fields: new Set([...kept, ...changed.map(([path]) => path)]) }]
}

export const without = (owner: Owner, paths: ReadonlySet<string>): Owner => ({
  ...owner,
  fields: new Set([...owner.fields].filter(path => !paths.has(path))),
})
