import type { CommandLine } from '../shared/command-line.ts'
import { integer } from '../shared/setting-parsers.ts'
import { type CliIo, readOutput, refuseProblems, toLines } from './command.ts'

/** Most servers and networks to begin with: enough to try scale, not enough to hang the machine. */
const MOST = 10_000

/** `simulate`: runs the BMC simulator until it is told to end. @throws CcmError CCM_USAGE */
export async function runSimulateCommand(line: CommandLine, io: CliIo): Promise<number> {
  const problems = [...line.problems]
  const read = (flag: string, fallback: string, least: number, most: number): number => {
    try {
      return integer(least, most)(line.flags[flag] ?? fallback)
    } catch (error) {
      problems.push(`--${flag}: ${error instanceof Error ? error.message : 'not understood'}`)
      return least
    }
  }
  const options = {
    port: read('port', '8080', 0, 65_535),
    servers: read('servers', '3', 0, MOST),
    networks: read('networks', '1', 0, MOST),
    output: readOutput(line, problems),
  }
  refuseProblems(problems)
  const { runSimulate } = await import('../shared/simulator/bmc/simulate.ts')
  await runSimulate(options, toLines(io).out, io.stop)
  return 0
}
