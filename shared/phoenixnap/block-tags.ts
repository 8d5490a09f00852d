import type { TagAssignment, TagAssignmentRequest } from '../bmc/client.ts'
import type { ServiceRef } from '../cloud-provider/load-balancer.ts'

/** Names and values are those of the Go program, so that its blocks are ours; changing one abandons every block. */
export const USAGE_TAG = 'usage'
export const USAGE = 'cloud-provider-phoenixnap-auto'
export const CLUSTER_TAG = 'cluster'
export const NAMESPACE_TAG = 'serviceNamespace'
export const NAME_TAG = 'serviceName'
/** A block that bears it is being given back. */
export const DELETE_TAG = 'delete'
/** Finds the block of a purchase whose answer was lost. */
export const PURCHASE_TAG = 'purchase'

/** Limit of the tags API for a value, in characters. */
const MAX_VALUE = 100
/** The first further tag of a value that is too long for one. */
const SECOND = 2
const PLAIN = /[A-Za-z0-9-]/
const ENCODED = /^(?:[A-Za-z0-9-]|_[0-9a-f]*_)+$/

/** Tags by which the blocks of a cluster are found. */
export const toClusterTags = (clusterName: string): readonly TagAssignmentRequest[] => [
  { name: USAGE_TAG, value: USAGE },
  { name: CLUSTER_TAG, value: encodeTagValue(clusterName) },
]

/** All tags of a block to be bought; `service` where it is for one alone. */
export const toBlockTags = (
  clusterName: string,
  purchase: string,
  service?: ServiceRef,
): readonly TagAssignmentRequest[] => [
  ...toClusterTags(clusterName),
  { name: PURCHASE_TAG, value: encodeTagValue(purchase) },
  ...(service ? toServiceTags(service) : []),
]

/** Tags that dedicate a block to a Service. What does not fit into one value goes on in `<name>_2`, `<name>_3` … */
export const toServiceTags = ({ namespace, name }: ServiceRef): readonly TagAssignmentRequest[] => [
  ...toPieces(NAMESPACE_TAG, namespace),
  ...toPieces(NAME_TAG, name),
]

/** The Service that a block is dedicated to; undefined unless namespace and name are there. */
export function toServiceRef(tags: readonly TagAssignment[]): ServiceRef | undefined {
  const namespace = fromPieces(NAMESPACE_TAG, tags)
  const name = fromPieces(NAME_TAG, tags)
  return namespace === undefined || name === undefined ? undefined : { namespace, name }
}

/** The purchase that a block came from. */
export function toPurchase(tags: readonly TagAssignment[]): string | undefined {
  const value = valueOf(PURCHASE_TAG, tags)
  return value === undefined ? undefined : decodeTagValue(value)
}

/** By its name alone, as the Go program does. */
export const isMarked = (tags: readonly TagAssignment[]): boolean =>
  tags.some(({ name }) => name === DELETE_TAG)

/** The tags that a block has, and the mark. */
export const withMark = (tags: readonly TagAssignment[]): readonly TagAssignmentRequest[] => [
  ...withoutMark(tags),
  { name: DELETE_TAG, value: 'true' },
]

/** The tags that a block has, but for the mark. */
export const withoutMark = (tags: readonly TagAssignment[]): readonly TagAssignmentRequest[] =>
  tags
    .filter(({ name }) => name !== DELETE_TAG)
    .map(({ name, value }) => (value === undefined ? { name } : { name, value }))

/**
 * Text in the letters of a tag value. Letters, digits and `-` stay, so that names of Kubernetes read as they are; every
 * other character becomes its code point in hexadecimal between two `_`: `.` is `_2e_`. May be longer than one value.
 */
export const encodeTagValue = (text: string): string =>
  text === '' ? '__' : Array.from(text, character => encode(character)).join('')

/** The text behind a value; one that was never encoded is returned as it stands. */
export const decodeTagValue = (value: string): string =>
  ENCODED.test(value)
    ? value.replaceAll(/_([0-9a-f]*)_/g, (whole, hex: string) => decode(hex) ?? whole)
    : value

const encode = (character: string): string =>
  PLAIN.test(character) ? character : `_${(character.codePointAt(0) ?? 0).toString(16)}_`

function decode(hex: string): string | undefined {
  if (hex === '') return ''
  const codePoint = Number.parseInt(hex, 16)
  return codePoint > 0x10_ff_ff ? undefined : String.fromCodePoint(codePoint)
}

function toPieces(name: string, text: string): readonly TagAssignmentRequest[] {
  const value = encodeTagValue(text)
  const pieces = Array.from({ length: Math.ceil(value.length / MAX_VALUE) }, (_, index) =>
    value.slice(index * MAX_VALUE, (index + 1) * MAX_VALUE),
  )
  return pieces.map((piece, index) => ({ name: nameOfPiece(name, index), value: piece }))
}

function fromPieces(name: string, tags: readonly TagAssignment[]): string | undefined {
  let value: string | undefined
  for (let index = 0; ; index += 1) {
    const piece = valueOf(nameOfPiece(name, index), tags)
    if (piece === undefined) return value === undefined ? undefined : decodeTagValue(value)
    value = (value ?? '') + piece
  }
}

const nameOfPiece = (name: string, index: number): string =>
  index === 0 ? name : `${name}_${index - 1 + SECOND}`

const valueOf = (wanted: string, tags: readonly TagAssignment[]): string | undefined =>
  tags.find(({ name }) => name === wanted)?.value
