import { ApiError } from './api.ts'

/** Reads a value of a request body; what is wrong goes into `problems`, with the place `at`. */
export type Check<T> = (value: unknown, at: string, problems: string[]) => T | undefined
type Checks = Readonly<Record<string, Check<unknown>>>
type Out<C> = C extends Check<infer T> ? T : never
type Fields<R extends Checks, O extends Checks> = { readonly [K in keyof R]: Out<R[K]> } & {
  readonly [K in keyof O]?: Out<O[K]>
}

/** Limits as the OpenAPI files have them: lengths in characters, the pattern over the whole text. */
export interface TextLimits {
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
  readonly oneOf?: readonly string[]
}

export function text(limits: TextLimits = {}): Check<string> {
  return (value, at, problems) => {
    if (typeof value !== 'string') {
      problems.push(`${at} must be a string`)
      return undefined
    }
    const problem = textProblem(value, limits)
    if (problem !== undefined) problems.push(`${at} ${problem}`)
    return value
  }
}

function textProblem(
  value: string,
  { min = 0, max = Infinity, pattern, oneOf }: TextLimits,
): string | undefined {
  if (value.length < min || value.length > max) return `must have ${min} to ${max} characters`
  if (pattern !== undefined && !pattern.test(value)) return `must match ${pattern.source}`
  if (oneOf !== undefined && !oneOf.includes(value)) return `must be one of ${oneOf.join(', ')}`
  return undefined
}

export const flag: Check<boolean> = (value, at, problems) => {
  if (typeof value === 'boolean') return value
  problems.push(`${at} must be a boolean`)
  return undefined
}

export function integer(min: number, max: number): Check<number> {
  return (value, at, problems) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    problems.push(`${at} must be an integer from ${min} to ${max}`)
    return undefined
  }
}

/** An object whose inside the simulator does not look at. */
export const anyObject: Check<Readonly<Record<string, unknown>>> = (value, at, problems) => {
  if (isObject(value)) return value
  problems.push(`${at} must be an object`)
  return undefined
}

export function listOf<T>(item: Check<T>): Check<readonly T[]> {
  return (value, at, problems) => {
    if (!Array.isArray(value)) {
      problems.push(`${at} must be an array`)
      return undefined
    }
    return value.flatMap((entry: unknown, index) => item(entry, `${at}[${index}]`, problems) ?? [])
  }
}

/** An object with just these fields; null counts as absent where the field is optional. */
export function fields<R extends Checks, O extends Checks>(required: R, optional: O): Check<Fields<R, O>> {
  return (value, at, problems) => {
    if (!isObject(value)) {
      problems.push(`${at} must be an object`)
      return undefined
    }
    const out: Record<string, unknown> = {}
    const seen: unknown = out
    for (const name of Object.keys(required)) {
      if (value[name] === undefined || value[name] === null) problems.push(`${at}.${name} is required`)
    }
    for (const [name, given] of Object.entries(value)) {
      const check = Object.hasOwn(required, name) ? required[name] : optional[name]
      if (check === undefined) problems.push(`${at}.${name} is not known`)
      else if (given !== null) out[name] = check(given, `${at}.${name}`, problems)
    }
    return seen as Fields<R, O>
  }
}

/** Body of a request. @throws ApiError 400 naming every problem */
export function parseBody<T>(check: Check<T>, body: unknown): T {
  const problems: string[] = []
  const parsed = check(body, 'body', problems)
  if (parsed === undefined || problems.length > 0) {
    throw new ApiError(400, 'The request contains invalid data.', problems)
  }
  return parsed
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
