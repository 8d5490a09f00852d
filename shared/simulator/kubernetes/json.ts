import { isDeepStrictEqual } from 'node:util'

/** A JSON object whose fields nobody has looked at yet. */
export type Fields = Record<string, unknown>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object at `value`, or an empty one. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})

/** The list at `value`, or an empty one. */
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** The string at `value`, or an empty one. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The strings in the list at `value`. */
export const textsOf = (value: unknown): string[] => listOf(value).filter(item => typeof item === 'string')

/** The value at a path of field names, undefined where the path ends early. */
export function valueAt(value: unknown, ...path: string[]): unknown {
  let current = value
  for (const name of path) current = isFields(current) ? current[name] : undefined
  return current
}

/** Equal as JSON: the order of fields does not matter, the order of a list does. */
export const sameJson = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b)

/** A copy that shares nothing with `value`. */
export const copyOf = <T>(value: T): T => structuredClone(value)
