import { ERRORS, type ErrorEntry } from './error-table.ts'
import { toShortLine } from './printable.ts'

export { ERRORS, type ErrorEntry }

/** Stable code of an error; callers branch on it, never on the message. */
export type ErrorCode = keyof typeof ERRORS

/** Details of an error: `fields` go into the log line (no secrets), `cause` is kept. */
export interface CcmErrorOptions {
  readonly fields?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/**
 * The one error class of the project. `message` says what is wrong and where, on one line that a terminal can show
 * whatever servers and objects put into it; `action` says what to do.
 */
export class CcmError extends Error {
  readonly code: ErrorCode
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: CcmErrorOptions = {}) {
    super(toShortLine(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CcmError'
    this.code = code
    this.fields = withShortProblems(options.fields ?? {})
  }

  get retry(): boolean {
    return ERRORS[this.code].retry
  }

  get action(): string {
    return ERRORS[this.code].action
  }
}

/** Problems are shown one by one in the place of the message. */
const withShortProblems = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Array.isArray(fields['problems'])
    ? { ...fields, problems: fields['problems'].map(problem => toShortLine(String(problem))) }
    : fields

/** True for a CcmError with one of the given codes (any code when none is given). */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is CcmError {
  return error instanceof CcmError && (codes.length === 0 || codes.includes(error.code))
}
