import { systemClock } from '../shared/clock.ts'
import { CcmError } from '../shared/errors.ts'
import { processInputs } from '../shared/sources.ts'
import { runCli } from './cli.ts'
import type { CliIo } from './command.ts'
import { toErrorOutput } from './terminal/error-text.ts'

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
/** What is left under way when a command has ended, such as spans on their way to a collector that hangs, has this time. */
const LINGER_MS = 2000

/** Ends the process once its output is read, if something still holds it. */
function endSoon(): void {
  const unread = process.stdout.writableLength + process.stderr.writableLength
  if (unread === 0) process.exit()
  else setTimeout(endSoon, LINGER_MS).unref()
}

let isUnwritable = false
/** Who reads the output may have seen enough, and the work goes on to its end; a full disk is a failure of the command. */
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' || isUnwritable) return
  isUnwritable = true
  process.exitCode = 1
  const error = new CcmError('CCM_OUTPUT_UNWRITABLE', `standard output cannot be written: ${code}`)
  io.err(toErrorOutput(error, process.argv.slice(2), io))
})
// There is nowhere left to tell of it.
process.stderr.on('error', () => {})

async function main(): Promise<void> {
  const code = await runCli(process.argv.slice(2), io)
  process.exitCode = isUnwritable ? 1 : code
  setTimeout(endSoon, LINGER_MS).unref()
}

void main()
