import { Environment } from '@marcbachmann/cel-js'

/** What a match condition can look at; `authorizer` is not offered. */
export interface CelVariables {
  readonly object: unknown
  readonly oldObject: unknown
  readonly request: unknown
}

const environment = new Environment({ enableOptionalTypes: true })
  .registerVariable('object', 'dyn')
  .registerVariable('oldObject', 'dyn')
  .registerVariable('request', 'dyn')

const programs = new Map<string, ReturnType<typeof environment.parse>>()

function compile(expression: string): ReturnType<typeof environment.parse> {
  const known = programs.get(expression)
  if (known !== undefined) return known
  const program = environment.parse(expression)
  programs.set(expression, program)
  return program
}

/** Why an expression does not compile to a boolean; undefined when it does. */
export function celProblem(expression: string): string | undefined {
  try {
    const { valid, type, error } = compile(expression).check()
    if (!valid) return `ERROR: <input>:${error?.message ?? 'unknown'}`
    return type === 'bool' || type === 'dyn' ? undefined : 'must evaluate to bool'
  } catch (error) {
    return `ERROR: <input>:${error instanceof Error ? error.message : String(error)}`
  }
}

/**
 * Value of a match condition.
 *
 * @throws Error when the evaluation fails (no such key, wrong type), which failurePolicy decides about
 */
export function evaluateCel(expression: string, variables: CelVariables): boolean {
  const result: unknown = compile(expression)({
    object: toCel(variables.object),
    oldObject: toCel(variables.oldObject),
    request: toCel(variables.request),
  })
  if (typeof result !== 'boolean') throw new TypeError(`expected bool, got ${typeof result}`)
  return result
}

/** Whole JSON numbers are CEL ints. */
function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(toCel)
  if (typeof value !== 'object') return value
  if (value === null) return null
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toCel(item)]))
}
