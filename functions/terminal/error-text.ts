import { CcmError } from '../../shared/errors.ts'
import { type Look, type Screen, toErrLook } from './look.ts'
import { toWrapped } from './wrap.ts'

/**
 * An error as whoever wrote the command line wants to read it.
 *
 * @param argv what stood on the command line
 * @param hint in the place of what the table of errors says
 */
export const toErrorOutput = (
  error: CcmError,
  argv: readonly string[],
  screen: Screen,
  hint?: string,
): string => (wantsJson(argv) ? toErrorJson(error, hint) : toErrorText(error, toErrLook(screen), hint))

/** Whatever else is wrong with the command line, a program reads what it gets. */
const wantsJson = (argv: readonly string[]): boolean =>
  argv.some((word, index) => word === '--output=json' || (word === '--output' && argv[index + 1] === 'json'))

/**
 * An error for a person: each problem in a line of its own where there are several, and last what to do.
 *
 * @param hint in the place of what the table of errors says
 */
export function toErrorText(error: CcmError, { paint, columns }: Look, hint = error.action): string {
  const lines = readProblems(error).flatMap(problem =>
    toWrapped(`${paint('red', `${error.code}:`)} `, problem, columns),
  )
  return `${[...lines, ...toWrapped('', hint, columns)].join('\n')}\n`
}

/** The same for programs, in one line. */
export const toErrorJson = (error: CcmError, hint = error.action): string =>
  `${JSON.stringify({ error: { code: error.code, problems: readProblems(error), action: hint } })}\n`

function readProblems({ message, fields }: CcmError): readonly string[] {
  const { problems = [message] } = fields as { problems?: readonly string[] }
  return problems
}

/** Nobody reads a log beside the terminal, so an unforeseen failure shows its own message. */
export function toToldError(thrown: unknown): CcmError {
  if (thrown instanceof CcmError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new CcmError('CCM_INTERNAL', `an unforeseen failure: ${message}`, { cause: thrown })
}
