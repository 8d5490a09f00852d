import type { ServiceRef, SupplyProgress } from '../../cloud-provider/load-balancer.ts'
import { CcmError } from '../../errors.ts'
import type { PlannedChange, ReconcileKey, ReconcileOutcome, WorkCall } from '../contract.ts'
import { measureChanges } from '../measure.ts'
import type { ServiceContext } from './context.ts'
import { type Converged, convergeService, findService } from './converge.ts'
import type { Round } from './round.ts'
import type { Rounds } from './rounds.ts'
import { tellFailure, tellProgress } from './tell-waiting.ts'

/** Milliseconds after which it is worth looking at a Service again that waits for the cloud. */
const LOOK_AGAIN_MS = { busy: 1500, waiting: 3000, refused: 30_000 } as const

/** Brings one Service to what it should be; has the cloud supply what it lacks, and never waits for that here. */
export async function reconcileService(
  context: ServiceContext,
  rounds: Rounds,
  key: ReconcileKey & ServiceRef,
  call: WorkCall,
): Promise<ReconcileOutcome> {
  const { kind, namespace, name } = key
  const plain = { kind, namespace, name }
  try {
    if (await isStillAsSeen(context, key, call)) return { key: plain, ...NOT_STORED_YET }
    const done = await converge(context, rounds, { namespace, name }, call)
    measureChanges(context, done.changes)
    for (const change of done.changes) logChange(context, { namespace, name }, change)
    return { key: plain, ...toResult(done) }
  } catch (error) {
    const code = error instanceof CcmError ? error.code : undefined
    context.log.warn({ service: `${namespace}/${name}`, error }, 'service not reconciled')
    return { key: plain, result: 'retry', why: error instanceof Error ? error.message : String(error), code }
  }
}

/** One line for each decision that was carried out. */
export function logChange(
  { log }: Pick<ServiceContext, 'log'>,
  { namespace, name }: ServiceRef,
  { kind, name: changed, action, why }: PlannedChange,
): void {
  log.info({ service: `${namespace}/${name}`, kind, name: changed, action, why }, 'load balancer changed')
}

/** A review rings before its change is stored, and perhaps it never is: nobody waits for it in here. */
async function isStillAsSeen(
  context: ServiceContext,
  { seen, ...ref }: ReconcileKey & ServiceRef,
  call: WorkCall,
): Promise<boolean> {
  if (seen === undefined) return false
  const service = await findService(context, ref, call)
  return (service?.metadata.resourceVersion ?? '') === seen
}

const NOT_STORED_YET = {
  result: 'waiting',
  retryAfterMs: 1000,
  why: 'the change that rang is not stored yet',
} as const

interface Done extends Converged {
  readonly progress?: SupplyProgress | undefined
}

async function converge(
  context: ServiceContext,
  rounds: Rounds,
  ref: ServiceRef,
  call: WorkCall,
): Promise<Done> {
  const { source } = await context.addresses.known(call.signal)
  const first = await convergeService(context, ref, { source }, call)
  if (!needsSupply(first) || !context.cloud.loadBalancer) return first
  const round = await rounds.run(first.service, call).catch(async (error: unknown) => {
    await tellFailure(context, first.service, error, call)
    throw error
  })
  const isLeft = first.service !== undefined && round.leavesWaiting(first.service)
  const last = isLeft ? first : await convergeAgain(context, ref, first, round, call)
  if (!needsSupply(last)) return last
  await tellProgress(context, last.service, round.progress, call)
  return { ...last, progress: round.progress }
}

/** With the blocks as the round has found them. */
async function convergeAgain(
  context: ServiceContext,
  ref: ServiceRef,
  first: Converged,
  { blocks }: Round,
  call: WorkCall,
): Promise<Converged> {
  const second = await convergeService(context, ref, blocks, call)
  return { ...second, changes: [...first.changes, ...second.changes] }
}

/** One that is served may still lack the address of a second family. */
const needsSupply = ({ lacking, isOnHold }: Converged): boolean => lacking.length > 0 || isOnHold

function toResult({ state, changes, why, progress }: Done): Omit<ReconcileOutcome, 'key'> {
  if (state === 'absent') return { result: 'gone', why }
  if (progress) {
    const after = progress.state === 'refused' && !progress.alsoWaiting ? 'refused' : toPace(progress)
    const retryAfterMs = LOOK_AGAIN_MS[after]
    return { result: 'waiting', retryAfterMs, why: `${why}; ${progress.why}`, code: progress.code }
  }
  return { result: changes.length > 0 ? 'changed' : 'unchanged', why }
}

const toPace = ({ state }: SupplyProgress): 'busy' | 'waiting' => (state === 'busy' ? 'busy' : 'waiting')
