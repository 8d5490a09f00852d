/** One field of a protobuf message as it lies on the wire. */
export interface WireField {
  readonly number: number
  /** A varint (wire type 0), or the bytes of wire type 2; fixed-width fields do not occur in Kubernetes. */
  readonly value: bigint | Buffer
}

/** The bytes are no protobuf message. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

const [VARINT, LENGTH_DELIMITED] = [0, 2]

/**
 * The fields of a message, in their order.
 *
 * @throws WireError
 */
export function readMessage(bytes: Buffer): WireField[] {
  const fields: WireField[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = readVarint(bytes, at)
    const number = Number(tag.value >> 3n)
    const type = Number(tag.value & 7n)
    const field = readValue(bytes, tag.next, type)
    fields.push({ number, value: field.value })
    at = field.next
  }
  return fields
}

function readValue(bytes: Buffer, at: number, type: number): { value: bigint | Buffer; next: number } {
  const first = readVarint(bytes, at)
  if (type === VARINT) return first
  if (type !== LENGTH_DELIMITED) throw new WireError(`proto: wrong wireType = ${type}`)
  const next = first.next + Number(first.value)
  if (next > bytes.length) throw new WireError('unexpected EOF')
  return { value: bytes.subarray(first.next, next), next }
}

function readVarint(bytes: Buffer, start: number): { value: bigint; next: number } {
  let value = 0n
  for (let at = start, shift = 0n; shift < 70n; at += 1, shift += 7n) {
    const byte = bytes[at]
    if (byte === undefined) throw new WireError('unexpected EOF')
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return { value, next: at + 1 }
  }
  throw new WireError('proto: integer overflow')
}

/** Integers are sent as 64-bit two's complement. */
export const toInteger = (value: bigint): number => Number(BigInt.asIntN(64, value))
