import type { Clock } from '../shared/clock.ts'
import type { Controllers, ReconcileKey, ReconcileOutcome, WorkCall } from '../shared/controllers/contract.ts'
import type { Log } from '../shared/log.ts'
import { toFunctionDeadline, withDeadline } from './deadline.ts'
import { createFunctionHost, type FunctionHost, logFailure } from './function-host.ts'
import { type FunctionContext, toCcmError } from './http.ts'
import { readPayload } from './invoker.ts'

export interface ReconcileParts {
  readonly controllers: () => Promise<Pick<Controllers, 'reconcile'>>
  readonly log: Log
  readonly clock: Clock
}

/** Works on keys within the call's deadline; never throws: a key without a good outcome has the result `retry`. */
export type Reconcile = (
  keys: readonly ReconcileKey[],
  call: WorkCall,
) => Promise<readonly ReconcileOutcome[]>

/** Reconciles keys and logs what became of each. */
export function createReconcile(parts: ReconcileParts): Reconcile {
  const { log, clock } = parts
  return async (keys, call) => {
    const start = clock.now()
    const outcomes = await work(parts, keys, call)
    for (const outcome of outcomes) logOutcome(log, outcome, clock.now() - start)
    return outcomes
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
  const { key, result, why, code } = outcome
  const fields = { kind: key.kind, node: key.name, result, why, durationMs, ...(code ? { code } : {}) }
  if (result === 'retry') log.warn(fields, 'reconciled, to be tried again')
  else if (result === 'changed') log.info(fields, 'reconciled')
  else log.debug(fields, 'reconciled, nothing to do')
}

/** What the function answers; an asynchronous invocation is told to nobody. */
export interface ReconcileAnswer {
  readonly keys: number
  readonly malformed: number
  readonly retry: number
}

/** The function that audit invokes, perhaps twice with the same payload. What it leaves undone, resync finishes. */
export type ReconcileHandler = (payload: unknown, context: FunctionContext) => Promise<ReconcileAnswer>

export function createReconcileHandler(host: FunctionHost): ReconcileHandler {
  return async (payload, context) => {
    const { keys, malformed } = readPayload(payload)
    const deadline = toFunctionDeadline(context.getRemainingTimeInMillis(), host.clock.now())
    try {
      const log = await host.log()
      if (malformed > 0) log.warn({ malformed }, 'payload holds entries that are no keys')
      const controllers = async () => (await host.app()).controllers
      const reconcile = createReconcile({ controllers, log, clock: host.clock })
      const outcomes = keys.length === 0 ? [] : await reconcile(keys, { deadline })
      const retry = outcomes.filter(({ result }) => result === 'retry').length
      return { keys: keys.length, malformed, retry }
    } catch (thrown) {
      await logFailure(host, thrown)
      return { keys: keys.length, malformed, retry: keys.length }
    } finally {
      host.closeIdle()
    }
  }
}

export const handler = createReconcileHandler(createFunctionHost())
