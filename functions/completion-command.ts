import type { CommandLine } from '../shared/command-line.ts'
import { type CliIo, type Command, refuseProblems } from './command.ts'
import { isShell, toCompletion } from './terminal/completion.ts'

/** `completion`: the script goes to standard output. @throws CcmError CCM_USAGE */
export async function runCompletion(
  { argument = '', problems }: CommandLine,
  commands: readonly Command[],
  { out }: Pick<CliIo, 'out'>,
): Promise<number> {
  refuseProblems(problems)
  if (isShell(argument)) out(toCompletion(argument, commands))
  return 0
}
