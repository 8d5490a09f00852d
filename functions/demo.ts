import type { CommandLine } from '../shared/command-line.ts'
import { runCli } from './cli.ts'
import { type CliIo, refuseProblems, toLines } from './command.ts'

/** `demo`: lets the demo run this very program between its simulators. @throws CcmError CCM_USAGE */
export async function runDemoCommand({ argv, problems }: CommandLine, io: CliIo): Promise<number> {
  refuseProblems(problems)
  const { runDemo } = await import('../shared/simulator/demo/main.ts')
  return runDemo(argv, {
    ...toLines(io),
    signal: io.stop,
    colours: process.stdout.isTTY && !io.env['NO_COLOR'],
    run: (args, given) => runCli(args, { ...io, ...given }),
  })
}
