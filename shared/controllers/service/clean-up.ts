import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { FINALIZER, RETAIN_IP } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import type { Claim } from '../address/contract.ts'
import {
  type ClaimDecision,
  type ClaimService,
  type CleanUpCause,
  decideClaim,
  toRelease,
} from '../address/lifecycle.ts'
import { changeClaim, toCircumstances } from './claim-changes.ts'
import { type Converged, NOTHING_LACKS, type Note, type Work } from './converge.ts'
import { deletedEvent, deletingEvent } from './events.ts'
import { toServiceFields } from './fields.ts'
import { readHistory } from './history.ts'
import { refreshPools } from './pools.ts'
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
  await tellService(context, service, [deletingEvent()], call)
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
  const view: ClaimService = {
    uid: service.metadata.uid ?? '',
    // Its address may still be on a node's interface also where it is deleted a moment after the change.
    cleanUp: service.spec?.type === 'LoadBalancer' ? cause : 'typeChanged',
    retain: service.metadata.annotations?.[RETAIN_IP] === 'true',
    uses: () => false,
  }
  const own = knowledge.index.claimsOf(ref)
  await changeAll(work, own, claim => decideOwn(work, claim, view, assigned), note)
}

/** One that the Service was served with rests also where nobody came to confirm it. */
function decideOwn(work: Work, claim: Claim, view: ClaimService, assigned: readonly string[]): ClaimDecision {
  const wasUsed = claim.state === 'unconfirmed' && assigned.includes(claim.address)
  return wasUsed ? toRelease(view, toCircumstances(work, view)(claim).settings) : decide(work, claim, view)
}

/**
 * What becomes of the claims of a Service that is not there, or is none of ours (any more).
 *
 * @throws CcmError KUBE_*
 */
export async function releaseClaims(work: Work, service: KubeService | 'absent', note: Note): Promise<void> {
  const ends = new Map(planUnserved(work, work.ref, service).map(({ claim, decision }) => [claim, decision]))
  await changeAll(work, [...ends.keys()], claim => ends.get(claim) ?? KEPT, note)
}

const KEPT: ClaimDecision = { do: 'keep', why: 'nothing was decided about it' }

/** Pure: the claims of that Service which something is to be done about. */
export function planUnserved(
  input: PlanInput,
  ref: ServiceRef,
  service: KubeService | 'absent',
): { readonly claim: Claim; readonly decision: ClaimDecision }[] {
  const circumstances = toCircumstances(input, service === 'absent' ? service : toUnserved(service))
  // One that is ignored because something is not known, or because load balancers are disabled, keeps what it has.
  const isOver = service === 'absent' || isUnwanted(input.context, service)
  return input.knowledge.index
    .claimsOf(ref)
    .filter(({ state }) => isOver || state !== 'active')
    .map(claim => ({ claim, decision: decideClaim(claim, circumstances(claim)) }))
    .filter(({ decision }) => decision.do !== 'keep')
}

const isUnwanted = ({ announcer, settings }: PlanInput['context'], service: KubeService): boolean => {
  const { type, loadBalancerClass } = service.spec ?? {}
  if (!announcer) return false
  if (type !== 'LoadBalancer') return true
  return (
    (loadBalancerClass !== undefined && !settings.classes.includes(loadBalancerClass)) ||
    announcer.servedElsewhere?.(service) !== undefined
  )
}

const toUnserved = ({ metadata, spec }: KubeService): ClaimService => ({
  uid: metadata.uid ?? '',
  cleanUp: spec?.type === 'LoadBalancer' ? 'classChanged' : 'typeChanged',
  retain: metadata.annotations?.[RETAIN_IP] === 'true',
  uses: () => false,
})

const decide = (work: Work, claim: Claim, service: 'absent' | ClaimService): ClaimDecision =>
  decideClaim(claim, toCircumstances(work, service)(claim))

async function changeAll(
  work: Work,
  claims: readonly Claim[],
  decideOne: (claim: Claim) => ClaimDecision,
  note: Note,
): Promise<void> {
  const { context, book, call } = work
  let changed = false
  for (const claim of claims) {
    const change = await changeClaim(context.kube, claim, decideOne(claim), {
      now: book.now,
      signal: call.signal,
    })
    if (change) note(change)
    changed ||= change !== undefined
  }
  if (!changed) return
  const { changes } = await refreshPools(context, call)
  for (const change of changes) note(change)
}
