import type { Fields } from '../json.ts'
import type { ObjectSchema, ScalarType, Schema } from '../schema/schema.ts'
import { FIELD_NUMBERS } from './numbers.ts'
import { readMessage, toInteger, WireError, type WireField } from './wire.ts'

/** What stands before every Kubernetes protobuf body. */
const MAGIC = Buffer.from('k8s\0')
/** runtime.Unknown: type (apiVersion, kind) and the message itself. */
const ENVELOPE = { type: 1, raw: 2 } as const

/**
 * A body of type application/vnd.kubernetes.protobuf as the JSON that says the same.
 *
 * @param schema of the object that the URL asks for
 * @throws WireError when the bytes are none, or of a message without known field numbers
 */
export function decodeProtobuf(schema: ObjectSchema, body: Buffer): Fields {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw new WireError('the provided data does not appear to be a protobuf message')
  const envelope = readMessage(body.subarray(MAGIC.length))
  const [apiVersion, kind] = [1, 2].map(number =>
    textOf(readMessage(bytesOf(envelope, ENVELOPE.type)), number),
  )
  const numbers = FIELD_NUMBERS[`${apiVersion}.${kind}`] ?? FIELD_NUMBERS[kind ?? '']
  if (numbers === undefined) throw new WireError(`no protobuf form of ${kind} is known`)
  const fields = decodeFields(schema, numbers, bytesOf(envelope, ENVELOPE.raw))
  return { apiVersion, kind, ...fields }
}

const last = (fields: readonly WireField[], number: number): WireField | undefined =>
  fields.findLast(field => field.number === number)

function bytesOf(fields: readonly WireField[], number: number): Buffer {
  const value = last(fields, number)?.value
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0)
}

const textOf = (fields: readonly WireField[], number: number): string => bytesOf(fields, number).toString()

function decodeFields(
  schema: ObjectSchema,
  numbers: Readonly<Record<string, number>>,
  bytes: Buffer,
): Fields {
  const wire = readMessage(bytes)
  const result: Fields = {}
  for (const [name, number] of Object.entries(numbers)) {
    const field = schema.fields[name]
    const found = wire.filter(item => item.number === number)
    if (field !== undefined && found.length > 0) result[name] = decodeField(field, found)
  }
  return result
}

function decodeField(schema: Schema, found: readonly WireField[]): unknown {
  if (schema.type === 'list') return found.map(({ value }) => decodeValue(schema.of, value))
  if (schema.type === 'map')
    return Object.fromEntries(found.map(({ value }) => decodeEntry(schema.of, value)))
  return decodeValue(schema, found.at(-1)?.value ?? Buffer.alloc(0))
}

/** A map is a list of messages with key and value. */
function decodeEntry(of: Schema, value: bigint | Buffer): [string, unknown] {
  const entry = readMessage(expectBytes(value))
  return [textOf(entry, 1), decodeValue(of, bytesOf(entry, 2))]
}

function decodeValue(schema: Schema, value: bigint | Buffer): unknown {
  switch (schema.type) {
    case 'object':
      return decodeFields(schema, FIELD_NUMBERS[schema.name] ?? {}, expectBytes(value))
    case 'any':
    case 'list':
    case 'map':
      return undefined
    case 'scalar':
      return SCALARS[schema.scalar](value)
  }
}

function expectBytes(value: bigint | Buffer): Buffer {
  if (!Buffer.isBuffer(value)) throw new WireError('proto: wrong wireType = 0')
  return value
}

const numberOf = (value: bigint | Buffer): number => toInteger(typeof value === 'bigint' ? value : 0n)

const SCALARS: Readonly<Record<ScalarType, (value: bigint | Buffer) => unknown>> = {
  string: value => expectBytes(value).toString(),
  integer: numberOf,
  boolean: value => value !== 0n,
  bytes: value => expectBytes(value).toString('base64'),
  quantity: value => textOf(readMessage(expectBytes(value)), 1),
  time: value => timeOf(value, 0),
  microTime: value => timeOf(value, 6),
  intOrString: value => {
    const [type, number, text] = [1, 2, 3].map(field => last(readMessage(expectBytes(value)), field)?.value)
    return type === 1n ? expectBytes(text ?? Buffer.alloc(0)).toString() : numberOf(number ?? 0n)
  },
}

/** Time is { seconds: 1, nanos: 2 }; an empty message is the zero time, which JSON has as null. */
function timeOf(value: bigint | Buffer, digits: 0 | 6): string | null {
  const fields = readMessage(expectBytes(value))
  const [seconds, nanos] = [1, 2].map(number => numberOf(last(fields, number)?.value ?? 0n))
  if (seconds === undefined || fields.length === 0) return null
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  return digits === 0
    ? `${whole}Z`
    : `${whole}.${String(Math.floor((nanos ?? 0) / 1000)).padStart(digits, '0')}Z`
}
