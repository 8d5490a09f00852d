/** An answer does not have the documented shape; `message` names the place. Turned into BMC_RESPONSE_INVALID. */
export class ShapeError extends Error {
  override name = 'ShapeError'
}

/** An object of an answer, with the place where it stands. */
export interface Raw {
  readonly at: string
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * Turns one value of an answer, found at the place `at`, into a typed one.
 *
 * @param date the server's own time of the answer in milliseconds since 1970, where it told one
 */
export type Parse<T> = (value: unknown, at: string, date?: number) => T

/** @throws ShapeError unless `value` is an object */
export function toRaw(value: unknown, at: string): Raw {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ShapeError(`${at} is no object`)
  }
  return { at, values: value as Record<string, unknown> }
}

/**
 * Every item of a list, or an error: an item left out would read as an object that does not exist.
 *
 * @throws ShapeError unless `value` is an array of what `parse` accepts
 */
export function toList<T>(value: unknown, at: string, parse: Parse<T>): readonly T[] {
  if (!Array.isArray(value)) throw new ShapeError(`${at} is no array`)
  return value.map((item: unknown, index) => parse(item, `${at}[${index}]`))
}

/**
 * Another object's data under the id that was asked for would be acted on in its place.
 *
 * @param isAskedFor whether an id is that one
 * @param what such as `server`
 */
export const aboutAsked =
  <T extends { readonly id: string }>(
    parse: Parse<T>,
    isAskedFor: (id: string) => boolean,
    what: string,
  ): Parse<T> =>
  (value, at, date) => {
    const parsed = parse(value, at, date)
    if (!isAskedFor(parsed.id)) throw new ShapeError(`it is about another ${what}`)
    return parsed
  }

/** A string, not empty. */
export function text(raw: Raw, key: string): string {
  const value = optionalText(raw, key)
  if (value === undefined || value === '') throw new ShapeError(`${raw.at}.${key} is missing`)
  return value
}

/** A string, or a number or boolean written as one; undefined for null or nothing. */
export function optionalText(raw: Raw, key: string): string | undefined {
  const value = raw.values[key] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new ShapeError(`${raw.at}.${key} is no string`)
}

/** A number, also one written as a string. */
export function number(raw: Raw, key: string): number {
  const value = optionalNumber(raw, key)
  if (value === undefined) throw new ShapeError(`${raw.at}.${key} is missing`)
  return value
}

/** As `number`; undefined for null or nothing. */
export function optionalNumber(raw: Raw, key: string): number | undefined {
  const value = optionalText(raw, key)
  if (value === undefined) return undefined
  const parsed = value.trim() === '' ? Number.NaN : Number(value)
  if (!Number.isFinite(parsed)) throw new ShapeError(`${raw.at}.${key} is no number`)
  return parsed
}

/** A boolean; undefined for anything else. */
export function optionalFlag(raw: Raw, key: string): boolean | undefined {
  const value = raw.values[key]
  return typeof value === 'boolean' ? value : undefined
}

/** A list whose key must be there; null is the empty list, as in the official clients. */
export function list<T>(raw: Raw, key: string, parse: Parse<T>): readonly T[] {
  if (raw.values[key] === undefined) throw new ShapeError(`${raw.at}.${key} is missing`)
  return optionalList(raw, key, parse) ?? []
}

/** A list; undefined for null or nothing. */
export function optionalList<T>(raw: Raw, key: string, parse: Parse<T>): readonly T[] | undefined {
  const value = raw.values[key] ?? undefined
  return value === undefined ? undefined : toList(value, `${raw.at}.${key}`, parse)
}

/** An object inside another; undefined for null or nothing. */
export function optionalObject<T>(raw: Raw, key: string, parse: (inner: Raw) => T): T | undefined {
  const value = raw.values[key] ?? undefined
  return value === undefined ? undefined : parse(toRaw(value, `${raw.at}.${key}`))
}

/** For lists of strings. */
export const toText: Parse<string> = (value, at) => {
  if (typeof value !== 'string' || value === '') throw new ShapeError(`${at} is no string`)
  return value
}
