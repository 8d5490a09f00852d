import type { Clock } from '../shared/clock.ts'
import type { Controllers, ResyncReport, WorkCall } from '../shared/controllers/contract.ts'
import type { CcmError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import type { Tracing } from '../shared/span.ts'
import { inUnit, type NewId, newOrigin, type Unit } from '../shared/trace.ts'
import { composeApp } from './compose-app.ts'
import { toFunctionDeadline, withDeadline } from './deadline.ts'
import { FunctionFailed } from './function-failed.ts'
import { createFunctionHost, type FunctionHost, logFailure } from './function-host.ts'
import { type FunctionContext, toCcmError } from './http.ts'

export interface ResyncParts {
  readonly controllers: () => Promise<Pick<Controllers, 'resync'>>
  readonly log: Log
  readonly clock: Clock
  readonly measure?: Measure | undefined
  /** Names a pass; at random by default. */
  readonly newId?: NewId | undefined
  /** Where spans go; absent while nothing is exported. */
  readonly tracing?: Tracing | undefined
}

/** How a pass ended; `failed` when it could not even begin, or ran out of time. `code` tells why it saw nothing. */
export interface ResyncSummary {
  readonly state: ResyncReport['state'] | 'failed'
  readonly code?: string | undefined
  /** What keeps addresses from being announced and only a person can mend, as `CODE: …`; for the readiness check. */
  readonly wants?: readonly string[] | undefined
}

/** One pass within the call's deadline; never throws. */
export type Resync = (call: WorkCall) => Promise<ResyncSummary>

/** Name of the failure of a pass that could not read the servers: it kept what there was, and that is all. */
const SERVERS = 'servers'
/** Failures and held-back decisions that one log line shows; the counts tell of the rest. */
const MAX_SHOWN = 10

/** One pass over everything, and one log line that sums it up. */
export function createResync(parts: ResyncParts): Resync {
  const { newId, tracing } = parts
  return call =>
    inUnit({ origin: newOrigin(newId), name: 'resync', tracing, describe: describePass }, () =>
      passOnce(parts, call),
    )
}

/** A pass as its span tells it. */
export const describePass: Unit<ResyncSummary>['describe'] = ({ state, code }) => ({
  attributes: { 'phoenixnap.resync.state': state },
  failure: code,
})

async function passOnce(parts: ResyncParts, call: WorkCall): Promise<ResyncSummary> {
  try {
    const report = await withDeadline(parts.clock, call.deadline, async deadlineSignal => {
      const signal = call.signal ? AbortSignal.any([call.signal, deadlineSignal]) : deadlineSignal
      return (await parts.controllers()).resync({ ...call, signal })
    })
    logReport(parts.log, report)
    measureReport(parts, report)
    const wants = toWants(report)
    const blind = report.failures.find(({ name }) => name === SERVERS)
    return { state: report.state, ...(blind && { code: blind.code }), ...(wants.length > 0 && { wants }) }
  } catch (thrown) {
    const error = toCcmError(thrown)
    parts.log.error({ code: error.code, action: error.action, error }, 'resync failed')
    measureFailure(parts, error)
    return { state: 'failed', code: error.code }
  }
}

const toWants = ({ failures }: ResyncReport): readonly string[] =>
  failures
    .filter(({ code }) => code === 'CCM_ANNOUNCER_MISSING' || code === 'CCM_POOL_FOREIGN')
    .map(({ code, message }) => `${code}: ${message}`)

function logReport(log: Log, report: ResyncReport): void {
  const { state, nodes, instances, held, failures, durationMs, requests } = report
  const fields = {
    state,
    nodes,
    instances,
    changes: countActions(report),
    held: held.slice(0, MAX_SHOWN),
    heldCount: held.length,
    failures: failures.slice(0, MAX_SHOWN),
    failureCount: failures.length,
    durationMs,
    requests,
  }
  if (state === 'incomplete' || failures.length > 0) log.warn(fields, 'resync ended with failures')
  else log.info(fields, 'resync ended')
}

function measureReport({ measure, clock }: ResyncParts, { state, durationMs }: ResyncReport): void {
  measure?.('phoenixnap_ccm_resync_passes_total', { state })
  if (state !== 'busy') measure?.('phoenixnap_ccm_resync_duration_seconds', {}, durationMs / 1000)
  if (state === 'complete')
    measure?.('phoenixnap_ccm_resync_last_complete_timestamp_seconds', {}, clock.now() / 1000)
}

function measureFailure({ measure }: ResyncParts, { code }: CcmError): void {
  measure?.('phoenixnap_ccm_resync_passes_total', { state: 'failed' })
  measure?.('phoenixnap_ccm_problems_total', { code })
}

/** Number of changes by action. */
export function countActions({ changes }: ResyncReport): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { action } of changes) counts[action] = (counts[action] ?? 0) + 1
  return counts
}

/**
 * The function that the schedule invokes. A pass that failed or saw no servers fails the invocation: the platform repeats
 * nothing, but counts it, and an alarm hears of it. The next minute brings the next pass.
 */
export type ResyncHandler = (event: unknown, context: FunctionContext) => Promise<ResyncSummary>

export function createResyncHandler(host: FunctionHost): ResyncHandler {
  return async (_event, context) => {
    const deadline = toFunctionDeadline(context.getRemainingTimeInMillis(), host.clock.now())
    try {
      const summary = await pass(host, deadline)
      if (summary.code !== undefined) throw new FunctionFailed('resync', summary.code)
      return summary
    } finally {
      host.closeIdle()
      await host.tell('resync', context.getRemainingTimeInMillis())
    }
  }
}

async function pass(host: FunctionHost, deadline: number): Promise<ResyncSummary> {
  try {
    const controllers = async () => (await host.app()).controllers
    return await createResync({
      controllers,
      log: await host.log(),
      clock: host.clock,
      measure: host.measure,
      tracing: await host.tracing(),
    })({ deadline })
  } catch (thrown) {
    const { code } = await logFailure(host, thrown)
    return { state: 'failed', code }
  }
}

export const handler = createResyncHandler(createFunctionHost({ createApp: composeApp }))
