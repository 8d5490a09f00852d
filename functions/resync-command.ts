import type { CloudCall } from '../shared/cloud-provider/contract.ts'
import type { BlockPrices, Prices } from '../shared/cloud-provider/prices.ts'
import type { CommandLine } from '../shared/command-line.ts'
import { createApp } from '../shared/compose.ts'
import { CLOUD_SETTINGS, readConfig, type Sources } from '../shared/config.ts'
import type { Controllers, ResyncReport } from '../shared/controllers/contract.ts'
import { hasCode } from '../shared/errors.ts'
import { createLog } from '../shared/log.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import type { Tracing } from '../shared/span.ts'
import { openTracing } from '../shared/telemetry/open.ts'
import { inUnit, newOrigin } from '../shared/trace.ts'
import { asksForLog, type CliIo, type Output, readOutput, toInterrupted, toJson } from './command.ts'
import { logSecrets } from './live-settings.ts'
import { describePass } from './resync.ts'
import { toOutLook } from './terminal/look.ts'
import { createPassLog } from './terminal/pass-log.ts'
import { type ChangeCosts, findPriced, toChangeCosts, toPlanCost } from './terminal/plan-cost.ts'
import { toReportText } from './terminal/plan-text.ts'

export interface ResyncCommand {
  readonly dryRun: boolean
  /** Every object, however many are alike. */
  readonly full: boolean
  readonly output: Output
}

/** Long enough for a cluster of 10,000 nodes; whoever waits at the terminal can end it. */
const PASS_MS = 300_000
/** Prices are an extra: nobody waits long for them. */
const PRICES_MS = 10_000

/** The flags of `resync`; a wrong one becomes a problem of the settings. */
export function toResyncCommand({
  flags,
  switches,
  problems,
}: CommandLine): ResyncCommand & { problems: string[] } {
  const found = [...problems]
  const output = readOutput({ flags }, found)
  return { dryRun: switches.has('dry-run'), full: switches.has('full'), output, problems: found }
}

/** `resync` with the real parts. @throws CcmError CCM_CONFIG_INVALID, KUBE_CONFIG_INVALID */
export async function runResync(command: ResyncCommand, inputs: SourceInputs, io: CliIo): Promise<number> {
  const sources = await readSources(inputs)
  const { config } = readConfig(sources, CLOUD_SETTINGS)
  const secrets = logSecrets(config)
  const passLog = wantsLog(command, sources, io) ? undefined : createPassLog(io.progress ?? { say: () => {} })
  const write = passLog?.write ?? io.err
  const log = await createLog({ level: config.logLevel, secrets: () => secrets, write })
  const app = await createApp({ config, readSources: () => readSources(inputs), clock: io.clock, log })
  const tracing = await openTracing({ env: sources.env ?? {}, log, clock: io.clock })
  const { controllers, cloud } = app
  try {
    return await resyncOnce(command, { controllers, prices: cloud.prices, left: passLog?.left, tracing }, io)
  } finally {
    app.close()
    await tracing?.close()
  }
}

/** Thousands of lines of JSON before the report are for nobody who sits at a terminal, unless he asked for them. */
const wantsLog = ({ output }: ResyncCommand, sources: Sources, { terminal }: CliIo): boolean =>
  !terminal || output === 'json' || asksForLog(sources)

export interface ResyncOnceParts {
  readonly controllers: Pick<Controllers, 'resync'>
  /** Undefined where the cloud names none. */
  readonly prices?: Prices | undefined
  /** What a pass left as it is, where its log goes nowhere. */
  readonly left?: readonly string[] | undefined
  /** Where spans go; absent while nothing is exported. */
  readonly tracing?: Tracing | undefined
}

type ResyncIo = Pick<CliIo, 'clock' | 'stop' | 'out' | 'env' | 'outTerminal' | 'columns' | 'progress'>

/**
 * One pass, its report on standard output.
 *
 * @returns exit code 0: complete, or another pass is at work; 1: something failed; 2: a dry run found changes
 */
export async function resyncOnce(
  command: ResyncCommand,
  { controllers, prices, left = [], tracing }: ResyncOnceParts,
  io: ResyncIo,
): Promise<number> {
  const { clock, stop, out, progress } = io
  const { dryRun, full, output } = command
  progress?.say(dryRun ? 'working out what a pass would change' : 'passing over everything')
  const call = { deadline: clock.now() + PASS_MS, signal: stop, dryRun }
  const unit = { origin: newOrigin(), name: 'resync', tracing, describe: describePass }
  const report = await inUnit(unit, () => controllers.resync(call))
  const isBrokenOff = stop.aborted && report.state === 'incomplete'
  // Half a plan is none; of a pass it is told what it did.
  if (dryRun && isBrokenOff) throw toInterrupted(stop)
  const costs = dryRun ? await readCosts(report, prices, io) : undefined
  if (output === 'json') out(toJson(costs ? { ...report, cost: toPlanCost(report.changes, costs) } : report))
  else
    out(
      toReportText(
        { ...report, held: toHeld(report, left) },
        { ...toOutLook(io), isPlan: dryRun, full, costs },
      ),
    )
  if (isBrokenOff) throw toInterrupted(stop)
  if (report.state === 'incomplete' || report.failures.length > 0) return 1
  return dryRun && report.changes.length > 0 ? 2 : 0
}

const toHeld = ({ held }: ResyncReport, left: readonly string[]): readonly string[] =>
  [...new Set([...held, ...left])].toSorted(COLLATOR.compare)

/** node-2 before node-10. */
const COLLATOR = new Intl.Collator('en', { numeric: true })

/** Undefined where no block changes, or no price is to be had: a plan is of use without. */
async function readCosts(
  { changes }: ResyncReport,
  prices: Prices | undefined,
  { clock, stop, progress }: ResyncIo,
): Promise<ChangeCosts | undefined> {
  if (!prices || findPriced(changes).length === 0) return undefined
  progress?.say('asking BMC for the prices of IP blocks')
  const call = { signal: stop, deadline: clock.now() + PRICES_MS }
  const known = await readPrices(prices, call)
  const costs = known && toChangeCosts(changes, known)
  return costs && costs.size > 0 ? costs : undefined
}

async function readPrices(prices: Prices, call: CloudCall): Promise<BlockPrices | undefined> {
  try {
    return await prices.readBlockPrices(call)
  } catch (error) {
    if (!hasCode(error)) throw error
    return undefined
  }
}
