import { copyOf, type Fields, fieldsOf, isFields, listOf, sameJson } from '../json.ts'
import type { KubeObject } from '../objects.ts'
import type { ListSchema, ObjectSchema, Schema } from '../schema/schema.ts'
import { ApiError } from '../status.ts'
import { elementOf, type FieldValues, fromKey, isAtomic, isSplit, type Path, toText } from './fields.ts'
import { isSameWriter, type Owner, type Writer, without } from './managers.ts'

/** What a server-side apply starts from. */
export interface Application {
  readonly schema: ObjectSchema
  readonly writer: Writer
  /** Takes over fields of other managers instead of failing. */
  readonly force: boolean
  /** RFC 3339. */
  readonly time: string
  readonly live: KubeObject
  readonly owners: readonly Owner[]
  readonly liveValues: FieldValues
  /** The applied configuration, without defaults. */
  readonly config: Fields
  readonly configValues: FieldValues
}

/**
 * The object and its owners after a server-side apply: the configuration is merged in, and what this
 * manager applied before and no longer does is removed unless somebody else owns it.
 *
 * @throws ApiError 409 naming each field that another manager owns with another value
 */
export function applyConfiguration(application: Application): { object: Fields; owners: Owner[] } {
  const { schema, writer, live, owners, config, configValues, time } = application
  const own = owners.find(owner => isSameWriter(owner, writer))
  const others = owners.filter(owner => owner !== own)
  const contested = conflictsOf(application, others)
  if (contested.length > 0 && !application.force) throw conflictError(contested)
  const taken = new Set(contested.map(({ path }) => path))
  const remaining = others.map(owner => without(owner, taken))
  const merged = mergeObject(schema, copyOf(live), config)
  const kept = new Set(remaining.flatMap(owner => [...owner.fields]))
  const dropped = [...(own?.fields ?? [])].filter(path => !configValues.has(path) && !kept.has(path))
  // Shortest first: an item that goes takes its fields with it.
  for (const path of dropped.sort((a, b) => fromKey(a).length - fromKey(b).length))
    removeAt(schema, merged, fromKey(path))
  const fields = new Set(configValues.keys())
  const unchanged = own !== undefined && sameJson(own.fields, fields)
  const applied: Owner = { ...writer, time: unchanged ? own.time : time, fields }
  return { object: merged, owners: [applied, ...remaining] }
}

interface Conflict {
  readonly path: string
  readonly owner: Owner
}

function conflictsOf({ configValues, liveValues }: Application, others: readonly Owner[]): Conflict[] {
  return [...configValues].flatMap(([path, value]) => {
    if (!liveValues.has(path) || sameJson(liveValues.get(path), value)) return []
    return others.filter(owner => owner.fields.has(path)).map(owner => ({ path, owner }))
  })
}

function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.map(({ path, owner }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${JSON.stringify(owner.manager)}${owner.operation === 'Update' ? ` using ${owner.apiVersion}` : ''}`,
    field: toText(fromKey(path)),
  }))
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`
  const [first] = causes
  const list =
    causes.length === 1 && first !== undefined
      ? ` ${first.message}: ${first.field}`
      : `s ${causes.map(({ message, field }) => `${message}: ${field}`).join(', ')}`
  return new ApiError(409, 'Conflict', `Apply failed with ${count}:${list.replace(/^s /, ' ')}`, { causes })
}

function mergeObject(schema: Schema, live: Fields, config: Fields): Fields {
  const result = { ...live }
  for (const [name, value] of Object.entries(config)) {
    const field = fieldSchema(schema, name)
    result[name] = mergeValue(field, result[name], value)
  }
  return result
}

function fieldSchema(schema: Schema, name: string): Schema {
  if (schema.type === 'object') return schema.fields[name] ?? { type: 'any' }
  return schema.type === 'map' ? schema.of : { type: 'any' }
}

function mergeValue(schema: Schema, live: unknown, value: unknown): unknown {
  if (isFields(value) && !isAtomic(schema)) return mergeObject(schema, fieldsOf(live), value)
  if (schema.type === 'list' && isSplit(schema) && Array.isArray(value))
    return mergeList(schema, listOf(live), value)
  return value
}

function mergeList(schema: ListSchema, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const result = [...live]
  for (const item of config) {
    const at = result.findIndex(other => elementOf(schema, other) === elementOf(schema, item))
    if (at < 0) result.push(item)
    else result[at] = mergeValue(schema.of, result[at], item)
  }
  return result
}

function removeAt(schema: Schema, value: unknown, path: Path): void {
  const [element = '', ...rest] = path
  const name = element.slice(2)
  if (element.startsWith('f:')) {
    if (!isFields(value)) return
    if (rest.length === 0) delete value[name]
    else removeInside(fieldSchema(schema, name), value, name, rest)
  }
}

/** Lists are changed in place of their parent, because an item may go. */
function removeInside(schema: Schema, parent: Fields, name: string, path: Path): void {
  const child = parent[name]
  if (schema.type !== 'list' || !Array.isArray(child)) {
    removeAt(schema, child, path)
    return
  }
  const [element = '', ...rest] = path
  const at = child.findIndex(item => elementOf(schema, item) === element)
  if (at < 0) return
  if (rest.length > 0) removeAt(schema.of, child[at], rest)
  else child.splice(at, 1)
}
