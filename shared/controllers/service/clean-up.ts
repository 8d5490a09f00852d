import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { FINALIZER, RETAIN_IP } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { readBook } from '../address/book.ts'
import type { Claim } from '../address/contract.ts'
import {
  type ClaimDecision,
  type ClaimService,
  type CleanUpCause,
  decideClaim,
  toRelease,
} from '../address/lifecycle.ts'
import type { Problem } from '../address/problem.ts'
import { judgeRetention, listRetainedBeyond } from '../address/tenants.ts'
import { changeClaims, type DecidedClaim } from './carry-out.ts'
import { toCircumstances } from './claim-changes.ts'
import { findUnwanted } from './classify.ts'
import { type Converged, NOTHING_LACKS, type Note, type Work } from './converge.ts'
import { deletedEvent, deletingEvent, updateFailedEvent } from './events.ts'
import { toServiceFields } from './fields.ts'
import { readHistory } from './history.ts'
import type { PlanInput } from './serving-plan.ts'
import { tellService } from './tell.ts'
import { writeService } from './write.ts'

/**
 * Ends the service of a Service: its claims are released first, then the announcer's pools are without them, then its
 * marks and our finalizer go. Nothing of it needs the cloud.
 *
 * @throws CcmError KUBE_*; KUBE_CONFLICT when Service or claims changed meanwhile
 */
export async function cleanUpService(
  work: Work,
  service: KubeService,
  cause: CleanUpCause,
  note: Note,
): Promise<Omit<Converged, 'changes'>> {
  const { context, ref, call } = work
  const { assigned } = readHistory(service)
  const refusal = judgeRetained(work, service)
  await tellService(
    context,
    service,
    [deletingEvent(), ...(refusal ? [updateFailedEvent(refusal)] : [])],
    call,
  )
  await releaseOwn(work, service, cause, assigned, note)
  const fields = toClearedFields(work, service, cause, assigned)
  const stored = await writeService(context.kube, service, fields, call.signal)
  const why = `it is cleaned up: ${cause}`
  if (fields) {
    const name = `${ref.namespace}/${ref.name}`
    note({ kind: 'Service', name, action: 'cleanUp', detail: { ...fields }, why })
  }
  await tellService(context, service, [deletedEvent()], call)
  return { state: 'cleanedUp', service: stored, ...NOTHING_LACKS, why }
}

/** Without an announcer (load balancers are disabled) only Services that go are cleaned up: the finalizer is all. */
function toClearedFields(
  { context }: Work,
  service: KubeService,
  cause: CleanUpCause,
  assigned: readonly string[],
) {
  if (context.announcer)
    return toServiceFields(service, { kind: 'clear', cause, assigned }, context.announcer)
  const { finalizers = [] } = service.metadata
  return finalizers.includes(FINALIZER)
    ? { finalizers: finalizers.filter(finalizer => finalizer !== FINALIZER) }
    : undefined
}

async function releaseOwn(
  work: Work,
  service: KubeService,
  cause: CleanUpCause,
  assigned: readonly string[],
  note: Note,
): Promise<void> {
  const { knowledge, ref } = work
  // Its address may still be on a node's interface also where it is deleted a moment after the change.
  const view = toUnserved(work, service, service.spec?.type === 'LoadBalancer' ? cause : 'typeChanged')
  const own = knowledge.index.claimsOf(ref)
  const decided = own.map(claim => ({ claim, decision: decideOwn(work, claim, view, assigned) }))
  await changeClaims(work, decided, note)
  await releaseBeyond(
    work,
    decided.flatMap(({ claim, decision }) => (decision.do === 'retain' ? claim.address : [])),
    note,
  )
}

/** Of Services that go at the same moment none saw the others' addresses: those that are too many rest after all. */
async function releaseBeyond(work: Work, retained: readonly string[], note: Note): Promise<void> {
  if (retained.length === 0) return
  const { context, ref, call } = work
  const { tenants, releaseQuarantineMs: restMs } = context.settings
  const book = await readBook(context.kube, call.signal)
  const beyond = listRetainedBeyond(book, ref.namespace, tenants).filter(({ address }) =>
    retained.includes(address),
  )
  const decision = { do: 'release', restMs, why: 'its namespace retains as many as it may' } as const
  const decided = beyond.map(claim => ({ claim, decision }))
  await changeClaims({ ...work, book }, decided, note)
}

/** One that the Service was served with rests also where nobody came to confirm it. */
function decideOwn(work: Work, claim: Claim, view: ClaimService, assigned: readonly string[]): ClaimDecision {
  const circumstances = toCircumstances(work, view)(claim)
  const wasUsed = claim.state === 'unconfirmed' && assigned.includes(claim.address)
  return wasUsed ? toRelease(view, circumstances.settings) : decideClaim(claim, circumstances)
}

/**
 * What becomes of the claims of a Service that is not there, or is none of ours (any more).
 *
 * @throws CcmError KUBE_*
 */
export async function releaseClaims(work: Work, service: KubeService | 'absent', note: Note): Promise<void> {
  await changeClaims(work, planUnserved(work, work.ref, service), note)
}

/** Pure: the claims of that Service which something is to be done about. */
export function planUnserved(
  input: PlanInput,
  ref: ServiceRef,
  service: KubeService | 'absent',
): DecidedClaim[] {
  const cause = service === 'absent' ? 'deleted' : findCause(input.context, service)
  const view = service === 'absent' ? service : toUnserved(input, service, cause)
  const circumstances = toCircumstances(input, view)
  // One that is ignored because something is not known, or because load balancers are disabled, keeps what it has.
  return input.knowledge.index
    .claimsOf(ref)
    .filter(({ state }) => cause !== undefined || state !== 'active')
    .map(claim => ({ claim, decision: decideClaim(claim, circumstances(claim)) }))
    .filter(({ decision }) => decision.do !== 'keep')
}

const findCause = (
  { announcer, settings }: PlanInput['context'],
  service: KubeService,
): CleanUpCause | undefined => announcer && findUnwanted(service, settings.classes, announcer)?.cause

function toUnserved(
  { context, knowledge }: PlanInput,
  service: KubeService,
  cleanUp: CleanUpCause | undefined,
): ClaimService {
  const retain = wantsRetention(service) && judgeRetained({ context, knowledge }, service) === undefined
  return { uid: service.metadata.uid ?? '', cleanUp, retain, uses: () => false }
}

const wantsRetention = ({ metadata }: KubeService): boolean => metadata.annotations?.[RETAIN_IP] === 'true'

/** Why its addresses are not retained although it says so. */
function judgeRetained(
  { context: { settings }, knowledge }: Pick<PlanInput, 'context' | 'knowledge'>,
  service: KubeService,
): Problem | undefined {
  const { name, namespace = '' } = service.metadata
  if (!wantsRetention(service)) return undefined
  return judgeRetention(settings.tenants, knowledge.index, { namespace, name })
}
