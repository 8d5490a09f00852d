import type { CommandLine } from '../shared/command-line.ts'
import { createApp } from '../shared/compose.ts'
import { CLOUD_SETTINGS, readConfig } from '../shared/config.ts'
import type { Controllers, PlannedChange, ResyncReport } from '../shared/controllers/contract.ts'
import { ERRORS, type ErrorEntry } from '../shared/errors.ts'
import { createLog } from '../shared/log.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import { type CliIo, readOutput } from './command.ts'
import { logSecrets } from './live-settings.ts'

export interface ResyncCommand {
  readonly dryRun: boolean
  readonly output: 'text' | 'json'
}

/** Long enough for a cluster of 10,000 nodes; whoever waits at the terminal can end it. */
const PASS_MS = 300_000

/** The flags of `resync`; a wrong one becomes a problem of the settings. */
export function toResyncCommand({
  flags,
  switches,
  problems,
}: CommandLine): ResyncCommand & { problems: string[] } {
  const found = [...problems]
  const output = readOutput({ flags }, found)
  return { dryRun: switches.has('dry-run'), output, problems: found }
}

/** `resync` with the real parts. @throws CcmError CCM_CONFIG_INVALID, KUBE_CONFIG_INVALID */
export async function runResync(command: ResyncCommand, inputs: SourceInputs, io: CliIo): Promise<number> {
  const sources = await readSources(inputs)
  const { config } = readConfig(sources, CLOUD_SETTINGS)
  const secrets = logSecrets(config)
  const log = await createLog({ level: config.logLevel, secrets: () => secrets, write: io.err })
  const app = await createApp({ config, readSources: () => readSources(inputs), clock: io.clock, log })
  try {
    return await resyncOnce(command, app.controllers, io)
  } finally {
    app.close()
  }
}

/**
 * One pass, its report on standard output.
 *
 * @returns exit code 0: complete, or another pass is at work; 1: something failed; 2: a dry run found changes
 */
export async function resyncOnce(
  { dryRun, output }: ResyncCommand,
  controllers: Pick<Controllers, 'resync'>,
  { clock, stop, out }: Pick<CliIo, 'clock' | 'stop' | 'out'>,
): Promise<number> {
  const report = await controllers.resync({ deadline: clock.now() + PASS_MS, signal: stop, dryRun })
  out(output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : toReportText(report, dryRun))
  if (report.state === 'incomplete' || report.failures.length > 0) return 1
  return dryRun && report.changes.length > 0 ? 2 : 0
}

/** The report as lines for a person. */
export function toReportText(report: ResyncReport, dryRun: boolean): string {
  if (report.state === 'busy') return 'Another pass is at work; nothing was done.\n'
  const requests = Object.values(report.requests).reduce((sum, count) => sum + count, 0)
  const lines = [
    ...report.changes.flatMap(change => toChangeLines(change, dryRun)),
    ...report.held.map(held => `held back: ${held}`),
    ...report.failures.flatMap(toFailureLines),
    `${report.changes.length} changes ${dryRun ? 'pending' : 'made'}, ${report.nodes} nodes, ` +
      `${report.instances} servers, ${requests} BMC requests, ${report.durationMs} ms` +
      (report.state === 'incomplete' ? '; incomplete, see what failed' : ''),
  ]
  return `${lines.join('\n')}\n`
}

const toChangeLines = ({ kind, name, action, detail, why }: PlannedChange, dryRun: boolean): string[] => [
  `${dryRun ? 'would ' : ''}${action} ${kind} ${name}: ${why}`,
  ...Object.entries(detail).map(([field, value]) => `    ${field}: ${toDetail(value)}`),
]

const toFailureLines = ({ name, code, message }: ResyncReport['failures'][number]): string[] => {
  const entry: ErrorEntry | undefined = (ERRORS as Readonly<Record<string, ErrorEntry>>)[code]
  return [`failed: ${name}: ${code}: ${message}`, ...(entry ? [`    ${entry.action}`] : [])]
}

const toDetail = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
