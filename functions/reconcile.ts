import type { Clock } from '../shared/clock.ts'
import type { Controllers, ReconcileKey, ReconcileOutcome, WorkCall } from '../shared/controllers/contract.ts'
import type { ErrorCode } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import type { SpanAttributes, Tracing } from '../shared/span.ts'
import { currentOrigin, inTrace, inUnit, newOrigin, type Unit } from '../shared/trace.ts'
import { composeApp } from './compose-app.ts'
import { toFunctionDeadline, withDeadline } from './deadline.ts'
import { FunctionFailed } from './function-failed.ts'
import { createFunctionHost, type FunctionHost, logFailure } from './function-host.ts'
import { type FunctionContext, toCcmError } from './http.ts'
import { type PayloadReading, readPayload } from './invoker.ts'
import { toKeyFields } from './keys.ts'
import { reconcileInTime } from './look-again.ts'

export interface ReconcileParts {
  readonly controllers: () => Promise<Pick<Controllers, 'reconcile'>>
  readonly log: Log
  readonly clock: Clock
  readonly measure?: Measure | undefined
  /** Where spans go; absent while nothing is exported. */
  readonly tracing?: Tracing | undefined
}

/** Works on keys within the call's deadline; never throws: a key without a good outcome has the result `retry`. */
export type Reconcile = (
  keys: readonly ReconcileKey[],
  call: WorkCall,
) => Promise<readonly ReconcileOutcome[]>

/** Reconciles keys and logs what became of each. */
export function createReconcile(parts: ReconcileParts): Reconcile {
  const { tracing } = parts
  return (keys, call) => {
    if (!tracing) return reconcileAndTell(parts, keys, call)
    const origin = currentOrigin() ?? newOrigin()
    const attributes = { 'phoenixnap.keys': keys.length, ...toKeyAttributes(keys) }
    const unit = { origin, name: 'reconcile', tracing, attributes, describe: describeOutcomes }
    return inUnit(unit, () => reconcileAndTell(parts, keys, call))
  }
}

async function reconcileAndTell(
  parts: ReconcileParts,
  keys: readonly ReconcileKey[],
  call: WorkCall,
): Promise<readonly ReconcileOutcome[]> {
  const { log, clock, measure } = parts
  const start = clock.now()
  const outcomes = await work(parts, keys, call)
  for (const outcome of outcomes) {
    logOutcome(log, outcome, clock.now() - start)
    if (outcome.code !== undefined) measure?.('phoenixnap_ccm_problems_total', { code: outcome.code })
  }
  return outcomes
}

/** Of one key, what it names. */
function toKeyAttributes([key, ...others]: readonly ReconcileKey[]): SpanAttributes {
  if (!key || others.length > 0) return {}
  return key.kind === 'Node'
    ? { 'k8s.node.name': key.name }
    : { 'k8s.namespace.name': key.namespace, 'k8s.service.name': key.name }
}

const describeOutcomes: Unit<readonly ReconcileOutcome[]>['describe'] = outcomes => {
  const failed = outcomes.find(({ result }) => result === 'retry')
  const results = [...new Set(outcomes.map(({ result }) => result))]
  return {
    attributes: { 'phoenixnap.reconcile.result': results.join(',') },
    failure: failed && (failed.code ?? 'retry'),
  }
}

async function work(
  parts: ReconcileParts,
  keys: readonly ReconcileKey[],
  call: WorkCall,
): Promise<readonly ReconcileOutcome[]> {
  try {
    return await withDeadline(parts.clock, call.deadline, async deadlineSignal => {
      const signal = call.signal ? AbortSignal.any([call.signal, deadlineSignal]) : deadlineSignal
      return (await parts.controllers()).reconcile(keys, { ...call, signal })
    })
  } catch (thrown) {
    const error = toCcmError(thrown)
    parts.log.error({ code: error.code, action: error.action, error }, 'reconcile failed')
    return keys.map(key => ({ key, result: 'retry', why: error.message, code: error.code }))
  }
}

function logOutcome(log: Log, outcome: ReconcileOutcome, durationMs: number): void {
  const { key, result, why, code, retryAfterMs } = outcome
  const more = { ...(code ? { code } : {}), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  const fields = { ...toKeyFields(key), result, why, durationMs, ...more }
  if (result === 'retry') log.warn(fields, 'reconciled, to be tried again')
  else if (result === 'waiting') log.debug(fields, 'reconciled, the cloud is at work')
  else if (result === 'changed') log.info(fields, 'reconciled')
  else log.debug(fields, 'reconciled, nothing to do')
}

/** What the function answers; an asynchronous invocation is told to nobody. */
export interface ReconcileAnswer {
  readonly keys: number
  readonly malformed: number
  readonly retry: number
  /** Keys that the cloud was still at work on when the time ended. */
  readonly waiting: number
}

/**
 * The function that audit and admission invoke, perhaps twice with the same payload. What it leaves undone, resync finishes.
 *
 * @throws FunctionFailed when it could not be set up, or every key failed for a reason of the deployment: nobody waits
 * for the answer, and only a failed invocation is counted and kept in the queue
 */
export type ReconcileHandler = (payload: unknown, context: FunctionContext) => Promise<ReconcileAnswer>

const KINDS: readonly ReconcileKey['kind'][] = ['Node', 'Service']

/** Reasons that lie in settings, credentials and rights: they stay until somebody mends them, whatever the object. */
const OF_DEPLOYMENT: readonly (string | undefined)[] = [
  'BMC_CREDENTIALS_INVALID',
  'BMC_SCOPE_MISSING',
  'CCM_ACCOUNT_CHANGED',
  'CCM_CONFIG_INVALID',
  'CCM_PUBLIC_NETWORK_UNKNOWN',
  'KUBE_CONFIG_INVALID',
  'KUBE_CREDENTIALS_INVALID',
  'KUBE_FORBIDDEN',
  'SECRET_FORBIDDEN',
  'SECRET_NOT_FOUND',
] satisfies ErrorCode[]

export function createReconcileHandler(host: FunctionHost): ReconcileHandler {
  return async (payload, context) => {
    const reading = readPayload(payload)
    const deadline = toFunctionDeadline(context.getRemainingTimeInMillis(), host.clock.now())
    try {
      return await inTrace(reading.origin ?? newOrigin(), () => reconcileAll(host, reading, deadline))
    } finally {
      host.closeIdle()
      await host.tell('reconcile', context.getRemainingTimeInMillis())
    }
  }
}

async function reconcileAll(
  host: FunctionHost,
  { keys, malformed }: PayloadReading,
  deadline: number,
): Promise<ReconcileAnswer> {
  const { controllers, log } = await setUp(host, deadline)
  if (malformed > 0) log.warn({ malformed }, 'payload holds entries that are no keys')
  const reconcile = createReconcile({
    controllers: async () => controllers,
    log,
    clock: host.clock,
    measure: host.measure,
    tracing: await host.tracing(),
  })
  // Side by side: a node never stands in line behind Services.
  const outcomes = await Promise.all(
    KINDS.map(kind => {
      const ofKind = keys.filter(key => key.kind === kind)
      return reconcileInTime(reconcile, host.clock, ofKind, { deadline })
    }),
  )
  return toAnswer(keys.length, malformed, outcomes.flat())
}

async function setUp(
  host: FunctionHost,
  deadline: number,
): Promise<{ readonly controllers: Controllers; readonly log: Log }> {
  try {
    const { controllers } = await withDeadline(host.clock, deadline, () => host.app())
    return { controllers, log: await host.log() }
  } catch (thrown) {
    throw new FunctionFailed('reconcile', (await logFailure(host, thrown)).code)
  }
}

function toAnswer(keys: number, malformed: number, outcomes: readonly ReconcileOutcome[]): ReconcileAnswer {
  const code = outcomes.find(({ code }) => OF_DEPLOYMENT.includes(code))?.code
  if (code !== undefined && outcomes.every(one => one.result === 'retry' && OF_DEPLOYMENT.includes(one.code)))
    throw new FunctionFailed('reconcile', code)
  const count = (wanted: ReconcileOutcome['result']): number =>
    outcomes.filter(({ result }) => result === wanted).length
  return { keys, malformed, retry: count('retry'), waiting: count('waiting') }
}

export const handler = createReconcileHandler(createFunctionHost({ createApp: composeApp }))
