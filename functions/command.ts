import type { Clock } from '../shared/clock.ts'
import type { CommandFlag, CommandFlags, CommandLine } from '../shared/command-line.ts'
import type { CommandName } from '../shared/command-names.ts'
import type { Sources } from '../shared/config.ts'
import { CcmError } from '../shared/errors.ts'
import type { SourceInputs } from '../shared/sources.ts'
import type { Screen } from './terminal/look.ts'
import type { Progress } from './terminal/progress.ts'

/** What a command may touch outside itself. */
export interface CliIo extends Screen {
  /** Receives text for standard output, with its newlines. */
  readonly out: (text: string) => void
  /** Receives text for standard error, with its newlines. */
  readonly err: (text: string) => void
  readonly readFile: (path: string) => Promise<string>
  readonly clock: Clock
  /** Where a command that takes long says what it is at; given to those with `busy`. */
  readonly progress?: Progress | undefined
  /** Comes with SIGTERM and SIGINT. */
  readonly stop: AbortSignal
}

/** One row of the help and of docs/reference/commands.md. */
export interface Command extends CommandFlags {
  readonly name: CommandName
  readonly doc: string
  /** What it is at until it says so itself; absent where it tells what it does all the time. */
  readonly busy?: string
  /** What each exit code says, besides 2 for wrong usage. */
  readonly exits: Exits
  /** Fields of what it writes with `--output json`; absent where there is nothing to write. */
  readonly json?: readonly JsonField[]
  /** @returns exit code */
  run(line: CommandLine, io: CliIo): Promise<number>
}

/** By exit code. 0: well; 1: failed; 2: a plan with something to do, and wrong usage, settings or kubeconfig. */
export type Exits = Readonly<Partial<Record<0 | 1 | 2, string>>>

/** A field at the top of a JSON report: its name, and what it holds. */
export type JsonField = readonly [name: string, doc: string]

/** The flag that `readOutput` reads. */
export const OUTPUT_FLAG: CommandFlag = {
  name: 'output',
  value: 'text|json',
  doc: 'Form of what is written to standard output; text by default.',
}

/** A report for programs. */
export const toJson = (report: unknown): string => `${JSON.stringify(report, undefined, 2)}\n`

/** For commands without settings. @throws CcmError CCM_USAGE that names every problem */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new CcmError('CCM_USAGE', problems.join('; '), { fields: { problems } })
}

/** Ended by a signal, with what was under way then. */
export const toInterrupted = ({ reason }: AbortSignal, cause?: unknown): CcmError =>
  new CcmError('CCM_INTERRUPTED', `${reason} ended it before it was done`, { cause })

/** What was found by then would be told as if somebody had not answered. @throws CcmError CCM_INTERRUPTED after a signal */
export function refuseInterrupted({ stop }: Pick<CliIo, 'stop'>): void {
  if (stop.aborted) throw toInterrupted(stop)
}

/** Whether somebody said how much is to be logged. */
export const asksForLog = ({ flags, env }: Sources): boolean =>
  [flags?.['log-level'], flags?.['v'], env?.['PNAP_LOG_LEVEL'], env?.['PNAP_V']].some(Boolean)

/** Standard output and error for whoever writes line by line. */
export const toLines = ({
  out,
  err,
}: CliIo): { out: (line: string) => void; err: (line: string) => void } => ({
  out: line => out(`${line}\n`),
  err: line => err(`${line}\n`),
})

/** What settings are read from, for one command. */
export const toInputs = ({ flags, problems }: CommandLine, io: CliIo): SourceInputs => ({
  flags,
  problems,
  env: io.env,
  readFile: io.readFile,
})

const OUTPUTS = ['text', 'json'] as const

export type Output = (typeof OUTPUTS)[number]

/** What `--output` says; whatever is wrong is added to the problems. */
export function readOutput({ flags }: Pick<CommandLine, 'flags'>, problems: string[]): Output {
  const { output = 'text' } = flags
  const known = OUTPUTS.find(name => name === output)
  if (known === undefined) problems.push(`--output: expected one of ${OUTPUTS.join(', ')}`)
  return known ?? 'text'
}

/** What `--timeout` says, in milliseconds; whatever is wrong is added to the problems. */
export function readTimeout(text: string, parse: (text: string) => number, problems: string[]): number {
  try {
    return parse(text)
  } catch (error) {
    problems.push(`--timeout: ${error instanceof Error ? error.message : 'not understood'}`)
    return 0
  }
}
