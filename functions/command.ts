import type { Clock } from '../shared/clock.ts'
import type { CommandFlags, CommandLine } from '../shared/command-line.ts'
import type { CommandName } from '../shared/command-names.ts'
import { CcmError } from '../shared/errors.ts'
import type { SourceInputs } from '../shared/sources.ts'

/** What a command may touch outside itself. */
export interface CliIo {
  /** Receives text for standard output, with its newlines. */
  readonly out: (text: string) => void
  /** Receives text for standard error, with its newlines. */
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: (path: string) => Promise<string>
  readonly clock: Clock
  /** True where a person reads standard error while it is written. */
  readonly terminal?: boolean | undefined
  /** Comes with SIGTERM and SIGINT. */
  readonly stop: AbortSignal
}

/** One row of the help and of docs/reference/commands.md. */
export interface Command extends CommandFlags {
  readonly name: CommandName
  readonly doc: string
  readonly exitCodes?: string
  /** @returns exit code */
  run(line: CommandLine, io: CliIo): Promise<number>
}

/** For commands without settings. @throws CcmError CCM_USAGE that names every problem */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new CcmError('CCM_USAGE', problems.join('; '), { fields: { problems } })
}

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
