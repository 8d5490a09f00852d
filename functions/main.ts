import { systemClock } from '../shared/clock.ts'
import { processInputs } from '../shared/sources.ts'
import { runCli } from './cli.ts'
import type { CliIo } from './command.ts'

/** The program: the one module that does something when it is loaded. */

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // Once: the second one ends the process the hard way.
  process.once(signal, () => stop.abort(signal))
}

const io: CliIo = {
  ...processInputs,
  out: text => void process.stdout.write(text),
  err: text => void process.stderr.write(text),
  clock: systemClock,
  terminal: process.stderr.isTTY,
  outTerminal: process.stdout.isTTY,
  columns: process.stdout.columns ?? process.stderr.columns,
  stop: stop.signal,
}
async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), io)
}

void main()
