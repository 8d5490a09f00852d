import { type Fields, isFields, listOf, sameJson, textOf } from '../json.ts'
import type { ListSchema, ObjectSchema, Schema } from '../schema/schema.ts'

/** The patch cannot be merged: a wrong type, or an item without its merge key. `message` is for the client. */
export class StrategicMergeError extends Error {
  override readonly name = 'StrategicMergeError'
}

const DIRECTIVE = '$patch'
const ORDER = '$setElementOrder/'
const DELETE = '$deleteFromPrimitiveList/'
const RETAIN = '$retainKeys'

/**
 * The object after a strategic merge patch, by the merge keys of its schema.
 *
 * @throws StrategicMergeError
 */
export function applyStrategicMerge(schema: ObjectSchema, document: Fields, patch: Fields): Fields {
  return mergeObject(schema, document, patch)
}

function mergeObject(schema: Schema | undefined, document: Fields, patch: Fields): Fields {
  if (patch[DIRECTIVE] === 'delete') return {}
  const { [DIRECTIVE]: directive, [RETAIN]: retain, ...changes } = patch
  if (directive === 'replace') return changes
  if (directive !== undefined && directive !== 'merge')
    throw new StrategicMergeError(`Unknown patch type: ${textOf(directive)}`)
  const result = retained(document, retain)
  for (const name of fieldNames(changes)) mergeField(schemaOf(schema, name), result, changes, name)
  return result
}

function retained(document: Fields, retain: unknown): Fields {
  if (!Array.isArray(retain)) return { ...document }
  return Object.fromEntries(Object.entries(document).filter(([name]) => retain.includes(name)))
}

/** The fields that a patch speaks of, directives on lists included, each once. */
function fieldNames(changes: Fields): string[] {
  const names = Object.keys(changes).map(key =>
    key.startsWith(ORDER) ? key.slice(ORDER.length) : key.startsWith(DELETE) ? key.slice(DELETE.length) : key,
  )
  return [...new Set(names)]
}

function schemaOf(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema?.type === 'object') return schema.fields[name]
  return schema?.type === 'map' ? schema.of : undefined
}

function mergeField(schema: Schema | undefined, result: Fields, changes: Fields, name: string): void {
  const [value, order, removed] = [changes[name], changes[ORDER + name], changes[DELETE + name]]
  if (value === null) {
    delete result[name]
    return
  }
  if (schema?.type === 'list') {
    if (value !== undefined && !Array.isArray(value))
      throw new StrategicMergeError(`cannot restore slice from ${typeof value}`)
    result[name] = mergeList(schema, listOf(result[name]), value, listOf(removed), order)
  } else if (isFields(value)) {
    const before = result[name]
    result[name] = mergeObject(schema, isFields(before) ? before : {}, value)
  } else if (value !== undefined) result[name] = value
}

function mergeList(
  schema: ListSchema,
  before: readonly unknown[],
  patch: readonly unknown[] | undefined,
  removed: readonly unknown[],
  order: unknown,
): unknown[] {
  if (schema.merge === undefined) return patch === undefined ? [...before] : withoutDirectives(patch)
  const kept = before.filter(item => !removed.some(other => sameJson(item, other)))
  if (schema.merge === '') {
    const union = [...kept, ...(patch ?? []).filter(item => !kept.includes(item))]
    return sorted(union, before, orderOf(order, patch), item => item)
  }
  const { merge: key, of } = schema
  const merged = mergeItems(of, key, kept, patch ?? [])
  return sorted(merged, before, orderOf(order, patch), item => (isFields(item) ? item[key] : item))
}

const orderOf = (order: unknown, patch: readonly unknown[] | undefined): readonly unknown[] =>
  Array.isArray(order) ? order : (patch ?? [])

/** A list without merge key is replaced as a whole. */
const withoutDirectives = (patch: readonly unknown[]): unknown[] =>
  patch.filter(item => !isFields(item) || item[DIRECTIVE] === undefined)

function mergeItems(
  of: Schema,
  key: string,
  before: readonly unknown[],
  patch: readonly unknown[],
): unknown[] {
  const replaces = patch.some(item => isFields(item) && item[DIRECTIVE] === 'replace')
  let result: unknown[] = replaces ? [] : [...before]
  for (const item of patch) {
    if (!isFields(item)) throw new StrategicMergeError('expected an object in the list')
    if (item[DIRECTIVE] === 'replace') continue
    const id = item[key]
    if (id === undefined)
      throw new StrategicMergeError(
        `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`,
      )
    result = mergeItem(of, key, result, item)
  }
  return result
}

function mergeItem(of: Schema, key: string, items: readonly unknown[], patch: Fields): unknown[] {
  const matches = (item: unknown): boolean => isFields(item) && sameJson(item[key], patch[key])
  if (patch[DIRECTIVE] === 'delete') return items.filter(item => !matches(item))
  const index = items.findIndex(matches)
  if (index < 0) return [...items, mergeObject(of, {}, patch)]
  return items.map((item, at) => (at === index ? mergeObject(of, isFields(item) ? item : {}, patch) : item))
}

/**
 * The order of the real merge: items that the patch names (by $setElementOrder, else by its own items) in
 * the patch's order; each other item goes before the first named one that it preceded in the old list.
 */
function sorted(
  items: readonly unknown[],
  before: readonly unknown[],
  order: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const indexIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex(other => sameJson(keyOf(other), keyOf(item)))
  const named = items
    .filter(item => indexIn(order, item) >= 0)
    .sort((a, b) => indexIn(order, a) - indexIn(order, b))
  const others = items.filter(item => indexIn(order, item) < 0)
  const precedes = (item: unknown, other: unknown): boolean => {
    const [at, otherAt] = [indexIn(before, item), indexIn(before, other)]
    return at >= 0 && otherAt >= 0 && at < otherAt
  }
  const result: unknown[] = []
  for (const item of named) {
    while (others.length > 0 && precedes(others[0], item)) result.push(others.shift())
    result.push(item)
  }
  return [...result, ...others]
}
