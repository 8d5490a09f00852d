import { getService } from '../../kubernetes/services.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import type { Settlement } from '../address/allocation.ts'
import { confirmClaim } from '../address/claims.ts'
import type { Claim } from '../address/contract.ts'
import type { When } from '../address/gates.ts'
import { toStoredLimits } from '../address/lifecycle.ts'
import type { Problem } from '../address/problem.ts'
import { changeClaims, refreshAndNote } from './carry-out.ts'
import { claimForStored } from './claim-within.ts'
import type { Converged, Note, Work } from './converge.ts'
import {
  addressesEvent,
  ensuredEvent,
  ensuringEvent,
  type ServiceEvent,
  syncFailedEvent,
  updateFailedEvent,
} from './events.ts'
import { measureServed } from './measure.ts'
import {
  planServing,
  type Serving,
  type ServingPlan,
  toClaimed,
  toConfirmed,
  toWritten,
} from './serving-plan.ts'
import { isOnHold } from './state.ts'
import { tellService } from './tell.ts'
import { writeService } from './write.ts'

/**
 * Claims first, then the announcer's pools, then the Service, and what it gave up last: killed anywhere in between, no
 * address is ever used without its claim.
 *
 * @throws CcmError KUBE_*; KUBE_CONFLICT when Service or claims changed meanwhile
 */
export async function serveService(
  work: Work,
  service: KubeService,
  decision: Serving,
  note: Note,
): Promise<Omit<Converged, 'changes'>> {
  const { context, ref, book, call } = work
  const uid = service.metadata.uid ?? ''
  const when: When = { now: book.now, signal: call.signal }
  const claimant = { service: ref, serviceUid: uid, state: 'active' } as const
  const limits = toStoredLimits(context.settings.tenants)
  const taken = await claimForStored(context.kube, decision.allocation, claimant, limits, when)
  for (const { address } of Object.values(taken)) note(toClaimed(address, ref))
  const plan = planServing(work, service, decision, taken)
  const { settlement, fields } = plan
  await confirmAll(work, plan.confirm, uid, note)
  const hasNewClaims = plan.confirm.length > 0 || Object.keys(taken).length > 0
  const problems = hasNewClaims ? await refreshAndNote(work, note) : []
  const stored = await writeService(context.kube, service, fields, call.signal)
  if (fields) note(toWritten(ref, plan))
  await settleOthers(work, stored, plan, note)
  const changed = fields !== undefined || hasNewClaims
  measureServed(context, service, { plan, changed, live: decision.history.live, now: book.now })
  await tellService(context, stored, toEvents(decision, settlement, changed, problems), call)
  return {
    state: settlement.kind === 'serve' ? 'served' : 'waiting',
    service: stored,
    lacking: settlement.lacking,
    isOnHold: settlement.kind === 'wait' && isOnHold(decision.allocation),
    why: settlement.why,
  }
}

/** Claims that a review made, or that rested: in use from now on. */
async function confirmAll(
  { context, book, call }: Work,
  claims: readonly Claim[],
  uid: string,
  note: Note,
): Promise<void> {
  for (const claim of claims) {
    await confirmClaim(context.kube, claim, uid, { now: book.now, signal: call.signal })
    note(toConfirmed(claim))
  }
}

/** Claims that the Service has no use for: the version read back says that it does not name them any more. */
async function settleOthers(
  work: Work,
  stored: KubeService,
  { others }: ServingPlan,
  note: Note,
): Promise<void> {
  const { context, ref, call } = work
  if (others.length === 0) return
  const latest = await getService(context.kube, ref, call.signal)
  if (latest.metadata.resourceVersion === stored.metadata.resourceVersion)
    await changeClaims(work, others, note)
}

function toEvents(
  { allocation, history }: Serving,
  settlement: Settlement,
  changed: boolean,
  poolProblems: readonly Problem[],
): ServiceEvent[] {
  const isServed = settlement.kind === 'serve'
  const problems = [...allocation.problems, ...poolProblems].map(
    isServed ? updateFailedEvent : syncFailedEvent,
  )
  if (!changed) return isServed ? problems : [ensuringEvent(), ...problems]
  const isSame = history.live.join() === settlement.addresses.join()
  const moved = history.live.length > 0 && !isSame ? [addressesEvent(history.live, settlement.addresses)] : []
  return [ensuringEvent(), ...moved, ...problems, ...(isServed ? [ensuredEvent()] : [])]
}
