import { type CommandFlag, readCommandLine, settingFlags } from '../shared/command-line.ts'
import { CcmError, hasCode } from '../shared/errors.ts'
import type { CliIo, Command } from './command.ts'
import { COMMANDS } from './commands.ts'

const PROGRAM = 'cloud-provider-phoenixnap'
const HELP_FLAGS = ['-h', '--help']
/** What the caller got wrong; everything else that fails is 1. */
const USAGE_EXIT = 2

/**
 * Runs one command. Never throws: an error becomes a message and what to do about it on standard error.
 *
 * @param argv without the program
 * @returns exit code 0: well; 1: failed; 2: wrong usage, settings or kubeconfig (or what the command says of itself)
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    return await dispatch(argv, io)
  } catch (thrown) {
    const error = toToldError(thrown)
    for (const line of toErrorLines(error)) io.err(`${line}\n`)
    return hasCode(error, 'CCM_USAGE', 'CCM_CONFIG_INVALID', 'KUBE_CONFIG_INVALID') ? USAGE_EXIT : 1
  }
}

async function dispatch([name, ...rest]: readonly string[], io: CliIo): Promise<number> {
  if (name === undefined || name === 'help' || HELP_FLAGS.includes(name)) return help(rest[0], io)
  const command = findCommand(name === '--version' ? 'version' : name)
  if (rest.some(argument => HELP_FLAGS.includes(argument))) return help(command.name, io)
  return command.run(readCommandLine(command, rest), io)
}

function findCommand(name: string): Command {
  const command = COMMANDS.find(known => known.name === name)
  if (command) return command
  const names = [...COMMANDS.map(known => known.name), 'help'].join(', ')
  throw new CcmError('CCM_USAGE', `'${name}' is no command (commands: ${names})`)
}

function help(name: string | undefined, { out }: CliIo): number {
  out(name === undefined ? toHelpText() : toCommandHelp(findCommand(name)))
  return 0
}

function toHelpText(): string {
  return [
    `Usage: ${PROGRAM} <command> [flags]`,
    '',
    ...toRows(COMMANDS.map(({ name, doc }) => [name, doc])),
    '',
    `Flags of a command: ${PROGRAM} help <command>`,
    '',
  ].join('\n')
}

/** What a command does, its flags, and where its settings stand. */
export function toCommandHelp({ name, doc, flags, settings, exitCodes }: Command): string {
  return [
    `Usage: ${PROGRAM} ${name}${flags.length > 0 || settings ? ' [flags]' : ''}`,
    '',
    doc,
    ...(flags.length === 0 ? [] : ['', ...toRows(flags.map(flag => [toUsage(flag), flag.doc]))]),
    ...(settings ? ['', 'Settings:', ...toRows(settingFlags().map(flag => [toUsage(flag), flag.doc]))] : []),
    ...(exitCodes === undefined ? [] : ['', `Exit code ${exitCodes}`]),
    '',
  ].join('\n')
}

/** A flag as it is written. */
export const toUsage = ({ name, value }: CommandFlag): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`

function toRows(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

/** Each problem in a line of its own where there are several. */
function toErrorLines({ code, message, action, fields }: CcmError): string[] {
  const { problems = [message] } = fields as { problems?: readonly string[] }
  return [...problems.map(problem => `${code}: ${problem}`), action]
}

/** Nobody reads a log beside the terminal, so an unforeseen failure shows its own message. */
function toToldError(thrown: unknown): CcmError {
  if (thrown instanceof CcmError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new CcmError('CCM_INTERNAL', `an unforeseen failure: ${message}`, { cause: thrown })
}
