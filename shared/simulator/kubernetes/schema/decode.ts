import { type Fields, isFields } from '../json.ts'
import type { ObjectSchema, ScalarType, Schema } from './schema.ts'

/** The body is JSON, but not of the resource's shape. `message` is Go's own wording. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

interface Position {
  /** Go struct and dotted path of the field, for messages. */
  readonly struct: string
  readonly path: string
  /** Collects unknown fields, which are dropped. */
  readonly unknown: string[]
}

/**
 * The value as the API server would store it: unknown fields dropped (their paths are in `unknown`), empty
 * values left out, fields in the order of the API.
 *
 * @throws DecodeError for a value of the wrong type
 */
export function decode(schema: ObjectSchema, value: Fields): { value: Fields; unknown: string[] } {
  const unknown: string[] = []
  return { value: decodeObject(schema, value, { struct: schema.name, path: '', unknown }), unknown }
}

function decodeObject(schema: ObjectSchema, value: Fields, at: Position): Fields {
  const result: Fields = {}
  const inside = (name: string): Position => ({
    struct: schema.name,
    path: at.path === '' ? name : `${at.path}.${name}`,
    unknown: at.unknown,
  })
  for (const [name, field] of Object.entries(schema.fields)) {
    const decoded = decodeValue(field, value[name] ?? undefined, inside(name))
    if (decoded !== undefined) result[name] = decoded
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(schema.fields, name)) at.unknown.push(inside(name).path)
  }
  return result
}

function decodeValue(schema: Schema, value: unknown, at: Position): unknown {
  switch (schema.type) {
    case 'any':
      return value
    case 'object':
      if (value === undefined) return schema.always === true ? decodeObject(schema, {}, at) : undefined
      return decodeObject(schema, expectFields(value, at, schema.name), at)
    case 'map':
      return value === undefined ? undefined : decodeMap(schema.of, value, at)
    case 'list':
      if (value === undefined) return schema.always === true ? null : undefined
      return decodeList(schema.of, value, schema.always === true, at)
    case 'scalar':
      return decodeScalar(schema.scalar, schema.empty, value, at)
  }
}

function decodeMap(of: Schema, value: unknown, at: Position): Fields | undefined {
  const entries = Object.entries(expectFields(value, at, 'map[string]string'))
  const decoded = entries.map(([key, item]): [string, unknown] => [
    key,
    decodeValue(of, item ?? '', { ...at, path: at.path }),
  ])
  return decoded.length === 0 ? undefined : Object.fromEntries(decoded)
}

function decodeList(of: Schema, value: unknown, keepEmpty: boolean, at: Position): unknown[] | undefined {
  if (!Array.isArray(value)) throw mismatch(value, at, of.type === 'object' ? `[]v1.${of.name}` : '[]string')
  const items = value.map((item: unknown, index) =>
    decodeItem(of, item, { ...at, path: `${at.path}[${index}]` }, at),
  )
  return items.length === 0 && !keepEmpty ? undefined : items
}

/** Items are never left out, however empty they are. */
function decodeItem(of: Schema, item: unknown, at: Position, list: Position): unknown {
  if (of.type === 'object') return decodeObject(of, expectFields(item ?? {}, list, of.name), at)
  if (of.type === 'scalar' && of.scalar === 'string')
    return decodeScalar('string', 'always', item ?? undefined, list)
  return decodeValue(of, item, list)
}

const IS_EMPTY = new Set<unknown>(['', 0, false])

function decodeScalar(
  type: ScalarType,
  empty: 'drop' | 'keep' | 'always',
  value: unknown,
  at: Position,
): unknown {
  if (value === undefined) return empty === 'always' ? ZERO[type] : undefined
  if (!ACCEPTS[type](value)) throw mismatch(value, at, GO_TYPE[type])
  if (typeof value === 'string' && (type === 'time' || type === 'microTime')) return decodeTime(type, value)
  if (typeof value === 'string' && type === 'bytes') checkBase64(value)
  if (typeof value === 'number' && type === 'quantity') return String(value)
  return empty === 'drop' && type !== 'intOrString' && IS_EMPTY.has(value) ? undefined : value
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value)

const ACCEPTS: Record<ScalarType, (value: unknown) => boolean> = {
  string: isText,
  integer: isWhole,
  boolean: value => typeof value === 'boolean',
  intOrString: value => isText(value) || isWhole(value),
  quantity: value => isText(value) || typeof value === 'number',
  time: isText,
  microTime: isText,
  bytes: isText,
}

const ZERO: Record<ScalarType, unknown> = {
  string: '',
  integer: 0,
  boolean: false,
  intOrString: 0,
  quantity: '0',
  time: null,
  microTime: null,
  bytes: null,
}

const GO_TYPE: Record<ScalarType, string> = {
  string: 'string',
  integer: 'int32',
  boolean: 'bool',
  intOrString: 'intstr.IntOrString',
  quantity: 'resource.Quantity',
  time: 'string',
  microTime: 'string',
  bytes: '[]uint8',
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/
const RFC3339_MICRO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/

/** metav1.Time is kept to the second, metav1.MicroTime needs and keeps six digits. */
function decodeTime(type: 'time' | 'microTime', value: string): string {
  if (type === 'time') {
    if (!RFC3339.test(value)) throw timeError(value, '2006-01-02T15:04:05Z07:00', 'Z07:00')
    return `${new Date(value).toISOString().slice(0, 19)}Z`
  }
  if (!RFC3339_MICRO.test(value)) throw timeError(value, '2006-01-02T15:04:05.000000Z07:00', '.000000')
  const micros = /\.(\d{6})/.exec(value)?.[1] ?? '000000'
  return `${new Date(value).toISOString().slice(0, 19)}.${micros}Z`
}

function timeError(value: string, layout: string, missing: string): DecodeError {
  const wellStarted = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(.*)$/.exec(value)
  const rest = wellStarted === null ? value : (wellStarted[2] ?? '')
  const expected = wellStarted === null ? '2006' : missing
  return new DecodeError(
    `parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(expected)}`,
  )
}

function checkBase64(value: string): void {
  const clean = value.replaceAll(/[\r\n]/g, '')
  const bad = /[^A-Za-z0-9+/=]/.exec(clean)
  if (bad === null && clean.length % 4 === 0) return
  throw new DecodeError(`illegal base64 data at input byte ${bad?.index ?? clean.length}`)
}

function expectFields(value: unknown, at: Position, goType: string): Fields {
  if (!isFields(value)) throw mismatch(value, at, goType.startsWith('map') ? goType : `v1.${goType}`)
  return value
}

function mismatch(value: unknown, at: Position, goType: string): DecodeError {
  const given = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const path = at.path.replaceAll(/\[\d+\]/g, '')
  return new DecodeError(
    `json: cannot unmarshal ${given} into Go struct field ${at.struct}.${path} of type ${goType}`,
  )
}
