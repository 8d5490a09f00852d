import { type CommandLine, readCommandLine } from '../shared/command-line.ts'
import { CcmError, hasCode } from '../shared/errors.ts'
import { findNearest } from '../shared/nearest.ts'
import { type CliIo, type Command, toInterrupted } from './command.ts'
import { COMMANDS } from './commands.ts'
import { toErrorOutput, toToldError } from './terminal/error-text.ts'
import { PROGRAM, toCommandHelp, toHelpText } from './terminal/help.ts'
import { toHelpColumns } from './terminal/look.ts'
import { withProgress } from './terminal/progress.ts'

const HELP_FLAGS = ['-h', '--help']
/** What the caller got wrong; everything else that fails is 1. */
const USAGE_EXIT = 2
/** As much of an unknown command as is told. */
const MAX_SHOWN = 100

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
    return tellError(thrown, argv, io)
  }
}

/** @returns the exit code */
function tellError(thrown: unknown, argv: readonly string[], io: CliIo): number {
  const isMistaken = hasCode(thrown, 'CCM_USAGE', 'CCM_CONFIG_INVALID', 'KUBE_CONFIG_INVALID')
  const error = isBrokenOff(thrown, io.stop) ? toInterrupted(io.stop, thrown) : toToldError(thrown)
  const hint = hasCode(error, 'CCM_USAGE') ? toUsageHint(argv) : undefined
  io.err(toErrorOutput(error, argv, io, hint))
  return isMistaken ? USAGE_EXIT : 1
}

/** What was broken off says that somebody did not answer, who was not given the time. */
const isBrokenOff = (thrown: unknown, stop: AbortSignal): boolean =>
  stop.aborted &&
  (thrown === stop.reason ||
    hasCode(thrown, 'KUBE_TIMEOUT', 'KUBE_UNREACHABLE', 'BMC_TIMEOUT', 'BMC_UNREACHABLE', 'CCM_DEADLINE'))

const toUsageHint = ([name]: readonly string[]): string =>
  COMMANDS.some(command => command.name === name)
    ? `See ${PROGRAM} help ${name}.`
    : `See ${PROGRAM} help for all commands.`

async function dispatch([name, ...rest]: readonly string[], io: CliIo): Promise<number> {
  if (name === undefined || name === 'help' || HELP_FLAGS.includes(name)) return help(rest[0], io)
  const command = findCommand(name === '--version' ? 'version' : name)
  if (rest.some(argument => HELP_FLAGS.includes(argument))) return help(command.name, io)
  return run(command, readCommandLine(command, rest), io)
}

async function run(command: Command, line: CommandLine, io: CliIo): Promise<number> {
  const { busy } = command
  return busy === undefined
    ? command.run(line, io)
    : withProgress(io, busy, shown => command.run(line, shown))
}

function findCommand(name: string): Command {
  const command = COMMANDS.find(known => known.name === name)
  if (command) return command
  const names = [...COMMANDS.map(known => known.name), 'help']
  const nearest = name.length > MAX_SHOWN ? undefined : findNearest(name, names)
  const meant = nearest === undefined ? '' : `did you mean ${nearest}? `
  const message = `'${name.slice(0, MAX_SHOWN)}' is no command (${meant}commands: ${names.join(', ')})`
  throw new CcmError('CCM_USAGE', message)
}

function help(name: string | undefined, io: CliIo): number {
  const columns = toHelpColumns(io)
  io.out(name === undefined ? toHelpText(COMMANDS, columns) : toCommandHelp(findCommand(name), columns))
  return 0
}
