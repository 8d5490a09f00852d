/** How a scalar field of a Go struct behaves in JSON. */
export type ScalarType =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'intOrString'
  | 'quantity'
  | 'time'
  | 'microTime'
  | 'bytes'

/**
 * One field of a resource: enough to drop unknown fields, refuse wrong types, leave out empty values as Go
 * does, and merge lists by the keys that the API declares.
 *
 * `empty`: what happens to a zero value. `drop` leaves it out (Go's omitempty), `keep` stores what was
 * given (a pointer), `always` writes it even when absent (no omitempty).
 */
export type Schema =
  | { readonly type: 'scalar'; readonly scalar: ScalarType; readonly empty: 'drop' | 'keep' | 'always' }
  | { readonly type: 'any' }
  | { readonly type: 'map'; readonly of: Schema; readonly atomic?: boolean }
  | ListSchema
  | ObjectSchema

export interface ListSchema {
  readonly type: 'list'
  readonly of: Schema
  /** Key of a strategic merge; a list of strings with `merge: ''` is merged as a set; absent: replaced. */
  readonly merge?: string
  /** Keys of a server-side apply list map; absent: atomic, or a set when `merge` is ''. */
  readonly keys?: readonly string[]
  readonly always?: boolean
}

export interface ObjectSchema {
  readonly type: 'object'
  /** Name of the Go struct, as error messages give it. */
  readonly name: string
  readonly fields: Readonly<Record<string, Schema>>
  readonly always?: boolean
  readonly atomic?: boolean
}

const scalar = (type: ScalarType, empty: 'drop' | 'keep' | 'always' = 'drop'): Schema => ({
  type: 'scalar',
  scalar: type,
  empty,
})

export const str = scalar('string')
export const optionalStr = scalar('string', 'keep')
export const requiredStr = scalar('string', 'always')
export const int = scalar('integer')
export const optionalInt = scalar('integer', 'keep')
export const requiredInt = scalar('integer', 'always')
export const bool = scalar('boolean')
export const optionalBool = scalar('boolean', 'keep')
export const intOrString = scalar('intOrString')
export const time = scalar('time')
export const requiredTime = scalar('time', 'always')
export const microTime = scalar('microTime')
export const requiredMicroTime = scalar('microTime', 'always')
export const bytes = scalar('bytes', 'keep')
export const any: Schema = { type: 'any' }
export const strings: Schema = { type: 'list', of: str }
export const stringMap: Schema = { type: 'map', of: scalar('string', 'keep') }
/** A map that a server-side apply replaces as a whole. */
export const selectorMap: Schema = { ...stringMap, atomic: true }
export const quantities: Schema = { type: 'map', of: scalar('quantity', 'keep') }

export const list = (of: Schema, options: Omit<ListSchema, 'type' | 'of'> = {}): Schema => ({
  type: 'list',
  of,
  ...options,
})
export const mapOf = (of: Schema): Schema => ({ type: 'map', of })
export const object = (
  name: string,
  fields: Readonly<Record<string, Schema>>,
  options: { always?: boolean; atomic?: boolean } = {},
): ObjectSchema => ({ type: 'object', name, fields, ...options })
/** A struct that is no pointer: written even when nothing in it is set. */
export const struct = (name: string, fields: Readonly<Record<string, Schema>>): ObjectSchema =>
  object(name, fields, { always: true })

const ownerReference = object('OwnerReference', {
  apiVersion: requiredStr,
  kind: requiredStr,
  name: requiredStr,
  uid: requiredStr,
  controller: optionalBool,
  blockOwnerDeletion: optionalBool,
})

/** metadata of every object. */
export const objectMeta: ObjectSchema = object('ObjectMeta', {
  name: str,
  generateName: str,
  namespace: str,
  uid: str,
  resourceVersion: str,
  generation: int,
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: optionalInt,
  labels: stringMap,
  annotations: stringMap,
  ownerReferences: list(ownerReference, { merge: 'uid', keys: ['uid'] }),
  finalizers: list(str, { merge: '' }),
  managedFields: list(any),
})

/** The schema of a whole object from those of its own fields. */
export const rootSchema = (kind: string, fields: Readonly<Record<string, Schema>>): ObjectSchema =>
  object(kind, { kind: str, apiVersion: str, metadata: { ...objectMeta, always: true }, ...fields })
