import { hasCode } from '../../errors.ts'
import { FINALIZER } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { settle, type Taken } from '../address/allocation.ts'
import { readBook } from '../address/book.ts'
import { renewClaim } from '../address/claims.ts'
import type { AddressBook, Claim } from '../address/contract.ts'
import { isAtLimit, mayBeTaken, toReviewLimits } from '../address/lifecycle.ts'
import type { Problem } from '../address/problem.ts'
import type { ReconcileKey, ServiceAdmission, ServiceReview, WorkCall } from '../contract.ts'
import { claimWithin } from './claim-within.ts'
import { findUnwanted } from './classify.ts'
import type { ServiceContext } from './context.ts'
import { asStored, decideService, type Knowledge, type ServiceDecision, toKnowledge } from './decide.ts'
import { type ServiceFields, type ServiceState, toServiceFields } from './fields.ts'
import { readHistory } from './history.ts'
import { foreseeAddresses } from './obtain.ts'
import { toReviewPatch } from './patches.ts'
import { planRestraint } from './restraint.ts'
import { planServing, type Serving } from './serving-plan.ts'

/** Somebody else's decision about a claim was carried out between reading and renewing it: once is likely, twice is not. */
const ATTEMPTS = 3

/**
 * What is answered to the review of a Service: our finalizer, and with a free address its claim and the announcer's
 * fields in the same request; otherwise the marks of waiting. The cloud is not asked.
 *
 * @throws CcmError KUBE_*, CCM_DEADLINE; claims that were made then are found again by the same Service, or freed by time
 */
export async function admitService(
  context: ServiceContext,
  review: ServiceReview,
  call: WorkCall,
): Promise<ServiceAdmission> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await answer(context, review, call)
    } catch (error) {
      const hasChanged = hasCode(error, 'KUBE_CONFLICT') || hasCode(error, 'KUBE_NOT_FOUND')
      if (attempt === ATTEMPTS || !hasChanged) throw error
    }
  }
}

async function answer(
  context: ServiceContext,
  review: ServiceReview,
  call: WorkCall,
): Promise<ServiceAdmission> {
  const { service } = review
  const { announcer } = context
  if (review.operation === 'DELETE' || !service) return toRing(review, 'it is being deleted')
  if (!announcer) return toRing(review, 'load balancers are disabled')
  const book = await readBook(context.kube, call.signal)
  const known = await context.addresses.known(call.signal)
  const knowledge = toKnowledge({ book, ...known }, context)
  const ref = { namespace: review.namespace, name: review.name }
  const decision = decideService(context, ref, service, knowledge, { old: review.old })
  if (decision.kind === 'handsOff')
    return { patch: undefined, why: decision.why, warnings: [decision.event.message], ring: [] }
  if (decision.kind !== 'serve') {
    const stored = asStored(service, review.old)
    const restrained = planRestraint({ context, knowledge }, ref, stored, review.old)
    return {
      ...toRing(review, toWhy(decision)),
      patch: toKeptPatch(review, decision, restrained?.fields),
      warnings: restrained?.problem ? [toWarning(restrained.problem)] : [],
    }
  }
  const isReplaced = losesItsAddress(decision)
  const { taken, found } = isReplaced ? NOTHING : await claim(context, review, decision, knowledge, call)
  const plan = planServing({ context, knowledge, book }, service, decision, taken)
  if (!review.dryRun) await renew(context, review.old, [...plan.settlement.claims, ...found], book, call)
  const fields = isReplaced ? toServiceFields(service, toRemembering(decision, book), announcer) : plan.fields
  return {
    patch: fields && toReviewPatch(service, fields),
    why: plan.settlement.why,
    warnings: toWarnings(decision),
    ring: toKeys(review),
  }
}

const losesItsAddress = ({ allocation }: Serving): boolean =>
  settle(allocation, {}).kind === 'wait' &&
  allocation.problems.some(({ code }) => code === 'CCM_ADDRESS_REPLACED')

/** That it gets another address than it had is told by an event, and only reconcile writes those. */
const toRemembering = ({ history }: Serving, { now }: AddressBook): ServiceState => ({
  kind: 'wait',
  since: new Date(now).toISOString(),
  remember: history.assigned,
})

function toKeptPatch(
  review: ServiceReview,
  decision: Exclude<ServiceDecision, Serving>,
  restraint: ServiceFields | undefined,
): ServiceAdmission['patch'] {
  const finalizers = keepFinalizer(review, decision)
  const fields = { ...restraint, ...(finalizers && { finalizers }) }
  return review.service && (restraint || finalizers) ? toReviewPatch(review.service, fields) : undefined
}

/** `kubectl replace` drops it together with the type: it stays until the addresses were released. */
function keepFinalizer(
  { service, old }: ServiceReview,
  decision: Exclude<ServiceDecision, Serving>,
): ServiceFields['finalizers'] {
  const { deletionTimestamp, finalizers = [] } = service?.metadata ?? {}
  const wasHeld = old?.metadata.finalizers?.includes(FINALIZER) && !finalizers.includes(FINALIZER)
  if (!service || decision.kind !== 'cleanUp' || deletionTimestamp !== undefined || !wasHeld) return undefined
  return [...finalizers, FINALIZER]
}

const toWhy = (decision: Exclude<ServiceDecision, Serving>): string =>
  decision.kind === 'cleanUp' ? `it is to be cleaned up: ${decision.cause}` : decision.why

const toRing = (review: ServiceReview, why: string): ServiceAdmission => ({
  patch: undefined,
  why,
  warnings: [],
  ring: toKeys(review),
})

/** Without a name the whole namespace is looked at. A dry run has no effect at all. */
function toKeys({ dryRun, namespace, name, old }: ServiceReview): readonly ReconcileKey[] {
  if (dryRun) return []
  if (name === '') return [{ kind: 'Service', namespace, seen: '' }]
  return [{ kind: 'Service', namespace, name, seen: old?.metadata.resourceVersion ?? '' }]
}

interface ReviewClaims {
  readonly taken: Taken
  /** Those of it that somebody else has claimed for the Service meanwhile. */
  readonly found: readonly Claim[]
}

const NOTHING: ReviewClaims = { taken: {}, found: [] }

/** A Service without a name cannot hold a claim, and rejected ones must not drain the pool. */
async function claim(
  { kube, settings }: Pick<ServiceContext, 'kube' | 'settings'>,
  { namespace, name, dryRun }: ServiceReview,
  { allocation }: Serving,
  { index }: Knowledge,
  { signal }: WorkCall,
): Promise<ReviewClaims> {
  const { book } = index.view
  const limits = toReviewLimits(index, settings.tenants)
  if (name === '' || isAtLimit(book, namespace, limits)) return NOTHING
  if (dryRun) return { taken: foreseeAddresses(allocation), found: [] }
  const claimant = { service: { namespace, name }, serviceUid: undefined, state: 'unconfirmed' } as const
  const taken = await claimWithin(kube, allocation, claimant, limits, { now: book.now, signal })
  if (taken === 'beyond') return NOTHING
  return { taken, found: Object.values(taken).flatMap(({ claim, isNew }) => (isNew ? [] : claim)) }
}

/** Until the Service is stored, others know it as it was: what it relies on must not look as if it were left over. */
async function renew(
  { kube, settings, announcer }: Pick<ServiceContext, 'kube' | 'settings' | 'announcer'>,
  old: KubeService | undefined,
  claims: readonly Claim[],
  { now }: AddressBook,
  { signal }: WorkCall,
): Promise<void> {
  const wasServed = old && announcer && !findUnwanted(old, settings.classes, announcer)
  const used = wasServed ? readHistory(old).live : []
  for (const claim of claims) {
    if (!mayBeTaken(claim, used.includes(claim.address), now)) continue
    await renewClaim(kube, claim, settings.releaseQuarantineMs, { now, signal })
  }
}

/** What kubectl shows: only what the user can do something about. */
const toWarnings = ({ allocation }: Serving): readonly string[] => allocation.problems.map(toWarning)

const toWarning = ({ code, message }: Problem): string => `${code}: ${message}`
