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
import type { ServiceDecision } from './decide.ts'
import { deletedEvent, deletingEvent, updateFailedEvent } from './events.ts'
import { type ServiceFields, toServiceFields } from './fields.ts'
import { readHistory } from './history.ts'
import { listHeld, toRestraint } from './restraint.ts'
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
  const fields = toClearedFields(work, service, cause, assigned)
  const left = fields?.finalizers ?? service.metadata.finalizers ?? []
  const ending = { cause, assigned, isKept: cause === 'deleted' && left.length > 0 }
  await releaseOwn(work, service, ending, note)
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
  work: Work,
  service: KubeService,
  cause: CleanUpCause,
  assigned: readonly string[],
): ServiceFields | undefined {
  const { context } = work
  if (context.announcer) {
    const { index } = work.knowledge
    const held = cause === 'deleted' ? listHeld(index.claimsOf(work.ref), service) : []
    const restraint = toRestraint(work, work.ref, held)
    return toServiceFields(service, { kind: 'clear', cause, assigned, restraint }, context.announcer)
  }
  const { finalizers = [] } = service.metadata
  return finalizers.includes(FINALIZER)
    ? { finalizers: finalizers.filter(finalizer => finalizer !== FINALIZER) }
    : undefined
}

interface Ending {
  readonly cause: CleanUpCause
  readonly assigned: readonly string[]
  readonly isKept: boolean
}

async function releaseOwn(
  work: Work,
  service: KubeService,
  { cause, assigned, isKept }: Ending,
  note: Note,
): Promise<void> {
  const { knowledge, ref } = work
  // Its address may still be on a node's interface also where it is deleted a moment after the change.
  const view = {
    ...toUnserved(work, service, service.spec?.type === 'LoadBalancer' ? cause : 'typeChanged'),
    isKept,
  }
  const own = knowledge.index.claimsOf(ref)
  const decided = own.map(claim => ({ claim, decision: decideOwn(work, claim, view, assigned) }))
  await changeClaims(work, decided, note)
  await releaseBeyond(
    work,
    decided.flatMap(({ claim, decision }) => (decision.do === 'retain' ? claim.address : [])),
    isKept ? view.uid : undefined,
    note,
  )
}

/** Of Services that go at the same moment none saw the others' addresses: those that are too many rest after all. */
async function releaseBeyond(
  work: Work,
  retained: readonly string[],
  heldBy: string | undefined,
  note: Note,
): Promise<void> {
  if (retained.length === 0) return
  const { context, ref, call } = work
  const { tenants, releaseQuarantineMs: restMs } = context.settings
  const book = await readBook(context.kube, call.signal)
  const beyond = listRetainedBeyond(book, ref.namespace, tenants).filter(({ address }) =>
    retained.includes(address),
  )
  const decision = { do: 'release', restMs, heldBy, why: 'its namespace retains as many as it may' } as const
  const decided = beyond.map(claim => ({ claim, decision }))
  await changeClaims({ ...work, book }, decided, note)
}

/** One that the Service was served with rests also where nobody came to confirm it. */
function decideOwn(
  work: PlanInput,
  claim: Claim,
  view: ClaimService,
  assigned: readonly string[],
): ClaimDecision {
  const circumstances = toCircumstances(work, view)(claim)
  const wasUsed = claim.state === 'unconfirmed' && assigned.includes(claim.address)
  return wasUsed ? toRelease(view, circumstances.settings) : decideClaim(claim, circumstances)
}

/** A Service that is not there, or is none of ours (any more). */
export type Unserved =
  | 'absent'
  | { readonly kind: Extract<ServiceDecision['kind'], 'handsOff' | 'ignore'>; readonly service: KubeService }

/**
 * What becomes of the claims of a Service that is not served from here.
 *
 * @throws CcmError KUBE_*
 */
export async function releaseClaims(work: Work, unserved: Unserved, note: Note): Promise<void> {
  await changeClaims(work, planUnserved(work, work.ref, unserved), note)
}

/** Pure: the claims of that Service which something is to be done about. */
export function planUnserved(input: PlanInput, ref: ServiceRef, unserved: Unserved): DecidedClaim[] {
  const own = input.knowledge.index.claimsOf(ref)
  if (unserved === 'absent') return decideAll(own, claim => decideEnded(input, claim, 'absent', []))
  const { kind, service } = unserved
  const cause = findCause(input.context, service)
  // One that is ignored because something is not known, or because load balancers are disabled, keeps what it has. One that
  // is left to somebody else neither has nor names an address of ours: the claim is of one that had its name before.
  const isOver = cause !== undefined || kind === 'handsOff'
  const ending = isOver ? own : own.filter(({ state }) => state !== 'active')
  const view = toUnserved(input, service, cause)
  const { assigned } = readHistory(service)
  return decideAll(ending, claim => decideEnded(input, claim, view, assigned))
}

const decideAll = (claims: readonly Claim[], decide: (claim: Claim) => ClaimDecision): DecidedClaim[] =>
  claims.map(claim => ({ claim, decision: decide(claim) })).filter(({ decision }) => decision.do !== 'keep')

/** Nobody else of its name is on his way for as long as one that is deleted is there. */
const decideEnded = (
  input: PlanInput,
  claim: Claim,
  view: 'absent' | ClaimService,
  assigned: readonly string[],
): ClaimDecision =>
  view !== 'absent' && view.isKept
    ? decideOwn(input, claim, view, assigned)
    : decideClaim(claim, toCircumstances(input, view)(claim))

const findCause = (
  { announcer, settings }: PlanInput['context'],
  service: KubeService,
): CleanUpCause | undefined =>
  service.metadata.deletionTimestamp === undefined
    ? announcer && findUnwanted(service, settings.classes, announcer)?.cause
    : 'deleted'

function toUnserved(
  { context, knowledge }: PlanInput,
  service: KubeService,
  cleanUp: CleanUpCause | undefined,
): ClaimService {
  const retain = wantsRetention(service) && judgeRetained({ context, knowledge }, service) === undefined
  const { uid = '', deletionTimestamp } = service.metadata
  return { uid, cleanUp, retain, isKept: deletionTimestamp !== undefined, uses: () => false }
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
