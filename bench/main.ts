import { availableParallelism } from 'node:os'
import { toLine } from './figure.ts'
import { type Options, readOptions, toUsage } from './options.ts'
import { findFaults, type Outcome, type Report, type Section, toSection } from './report.ts'
import type { Run } from './stage.ts'

/** npm run bench: figures of one run against a reference of the same run, and the budgets among them. */

/** Each is loaded when it is run. */
const BENCHES: Readonly<Record<string, (run: Run) => Promise<Outcome>>> = {
  admission: async run => (await import('./admission.ts')).benchAdmission(run),
  audit: async run => (await import('./audit.ts')).benchAudit(run),
  join: async run => (await import('./join.ts')).benchJoin(run),
  resync: async run => (await import('./resync.ts')).benchResync(run),
  planning: async run => (await import('./planning.ts')).benchPlanning(run),
  'cold-start': async run => (await import('./cold-start.ts')).benchColdStart(run),
  binary: async run => (await import('./binary.ts')).benchBinary(run),
  overload: async run => (await import('./overload.ts')).benchOverload(run),
}
const NAMES = Object.keys(BENCHES)
/** As of other commands that do not understand their arguments. */
const MISUSED = 64

async function main(args: readonly string[]): Promise<number> {
  const reading = readOptions(args, NAMES)
  switch (reading.do) {
    case 'help':
      process.stdout.write(toUsage(NAMES))
      return 0
    case 'refuse':
      process.stderr.write(`${reading.why}\n\n${toUsage(NAMES)}`)
      return MISUSED
    case 'run':
      return run(reading.options)
  }
}

async function run(options: Options): Promise<number> {
  const tell = options.json ? () => {} : (line: string) => void process.stdout.write(`${line}\n`)
  const sections: Section[] = []
  for (const name of options.names) {
    const section = toSection(name, (await BENCHES[name]?.(options)) ?? [])
    sections.push(section)
    for (const figure of section.figures) tell(toLine(figure))
  }
  const report: Report = { machine: describeMachine(), isFull: !options.quick, sections }
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  const faults = findFaults(report)
  // With --json as well: whoever has only the exit code wants to know why.
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  if (faults.length === 0) tell('every budget is kept')
  return options.check && faults.length > 0 ? 1 : 0
}

const describeMachine = (): Report['machine'] => ({
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
  processors: availableParallelism(),
})

process.exitCode = await main(process.argv.slice(2))
