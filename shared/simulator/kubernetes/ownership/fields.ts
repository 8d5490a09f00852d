import { type Fields, fieldsOf, isFields } from '../json.ts'
import type { ListSchema, ObjectSchema, Schema } from '../schema/schema.ts'

/**
 * The fields of an object with their values, by path. A path is the list of elements that FieldsV1 uses
 * (`f:spec`, `k:{"port":80}`, `v:"a"`), as JSON text. An item of a keyed list is a field of its own whose
 * value does not count.
 */
export type FieldValues = ReadonlyMap<string, unknown>

export type Path = readonly string[]

export const toKey = (path: Path): string => JSON.stringify(path)
export const fromKey = (key: string): Path => JSON.parse(key) as string[]

/** Fields that no manager owns. */
const UNOWNED_METADATA = new Set([
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
])

/**
 * @param subresource `status` sees metadata and status only, '' everything but status where there is such a
 * subresource
 */
export function fieldValues(
  schema: ObjectSchema,
  object: Fields,
  subresource: string,
  hasStatus: boolean,
): FieldValues {
  const { apiVersion: _version, kind: _kind, metadata, status, ...rest } = object
  const owned = Object.entries(fieldsOf(metadata)).filter(([name]) => !UNOWNED_METADATA.has(name))
  const body = subresource === 'status' || !hasStatus ? { status } : {}
  const visible = {
    metadata: Object.fromEntries(owned),
    ...(subresource === 'status' ? {} : rest),
    ...(status === undefined ? {} : body),
  }
  const found = new Map<string, unknown>()
  collectObject(schema, visible, [], found)
  return found
}

function collectObject(schema: ObjectSchema, value: Fields, path: Path, found: Map<string, unknown>): void {
  for (const [name, field] of Object.entries(value))
    collect(schema.fields[name] ?? { type: 'any' }, field, [...path, `f:${name}`], found)
}

function collect(schema: Schema, value: unknown, path: Path, found: Map<string, unknown>): void {
  if (isAtomic(schema)) found.set(toKey(path), value)
  else if (schema.type === 'object' && isFields(value)) collectObject(schema, value, path, found)
  else if ((schema.type === 'map' || schema.type === 'any') && isFields(value))
    for (const [key, item] of Object.entries(value))
      collect(schema.type === 'map' ? schema.of : schema, item, [...path, `f:${key}`], found)
  else if (schema.type === 'list' && isSplit(schema) && Array.isArray(value))
    for (const item of value) collectItem(schema, item, path, found)
  else found.set(toKey(path), value)
}

/** Objects and maps that are owned as a whole. */
export const isAtomic = (schema: Schema): boolean =>
  (schema.type === 'object' || schema.type === 'map') && schema.atomic === true

/** Lists that are owned item by item. */
export const isSplit = ({ keys, merge }: ListSchema): boolean => keys !== undefined || merge === ''

function collectItem(schema: ListSchema, item: unknown, path: Path, found: Map<string, unknown>): void {
  const at = [...path, elementOf(schema, item)]
  found.set(toKey(at), true)
  if (schema.of.type === 'object' && isFields(item)) collectObject(schema.of, item, at, found)
}

const KEY_DEFAULTS: Fields = { protocol: 'TCP' }

/** How FieldsV1 names an item: by its keys, or by its value in a set. */
export function elementOf({ keys }: ListSchema, item: unknown): string {
  if (keys === undefined) return `v:${JSON.stringify(item)}`
  const values = keys.map(key => [key, fieldsOf(item)[key] ?? KEY_DEFAULTS[key]])
  return `k:${JSON.stringify(Object.fromEntries(values))}`
}

/** FieldsV1 of a set of paths. */
export function toFieldsV1(paths: Iterable<string>): Fields {
  const root: Fields = {}
  for (const key of [...paths].sort()) {
    let node = root
    const path = fromKey(key)
    for (const element of path) {
      const next = fieldsOf(node[element])
      node[element] = next
      node = next
    }
    if (/^[kv]:/.test(path.at(-1) ?? '')) node['.'] = {}
  }
  return withoutLonelyDots(root)
}

/** A set item has no fields besides itself: FieldsV1 writes it empty. */
function withoutLonelyDots(node: Fields): Fields {
  return Object.fromEntries(
    Object.entries(node).map(([element, child]) => {
      const inner = withoutLonelyDots(fieldsOf(child))
      return [element, element.startsWith('v:') ? {} : inner]
    }),
  )
}

/** The paths in FieldsV1; the reverse of toFieldsV1. */
export function fromFieldsV1(fields: unknown): Set<string> {
  const found = new Set<string>()
  visit(fieldsOf(fields), [], found)
  return found
}

function visit(node: Fields, path: Path, found: Set<string>): void {
  for (const [element, child] of Object.entries(node)) {
    if (element === '.') {
      if (/^[kv]:/.test(path.at(-1) ?? '')) found.add(toKey(path))
    } else if (Object.keys(fieldsOf(child)).length === 0) found.add(toKey([...path, element]))
    else visit(fieldsOf(child), [...path, element], found)
  }
}

/** `.spec.ports[port=80].name`, as conflicts name a field. */
export function toText(path: Path): string {
  return path
    .map(element => {
      const rest = element.slice(2)
      if (element.startsWith('f:')) return `.${rest}`
      if (element.startsWith('v:')) return `[=${rest}]`
      const pairs = Object.entries(fieldsOf(JSON.parse(rest))).map(
        ([key, value]) => `${key}=${JSON.stringify(value)}`,
      )
      return `[${pairs.join(',')}]`
    })
    .join('')
}
