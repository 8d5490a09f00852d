import { getService } from '../../kubernetes/services.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { type Settlement, settle } from '../address/allocation.ts'
import { confirmClaim } from '../address/claims.ts'
import type { Claim } from '../address/contract.ts'
import type { When } from '../address/gates.ts'
import { decideClaim } from '../address/lifecycle.ts'
import type { Problem } from '../address/problem.ts'
import { changeClaim, toCircumstances, toClaimChange } from './claim-changes.ts'
import type { Converged, Note, Work } from './converge.ts'
import type { ServiceDecision } from './decide.ts'
import {
  addressesEvent,
  ensuredEvent,
  ensuringEvent,
  type ServiceEvent,
  syncFailedEvent,
  updateFailedEvent,
} from './events.ts'
import { toServiceFields } from './fields.ts'
import { obtainAddresses } from './obtain.ts'
import { refreshPools } from './pools.ts'
import { isOnHold, toConfirm, toServiceState } from './state.ts'
import { tellService } from './tell.ts'
import { writeService } from './write.ts'

type Serving = Extract<ServiceDecision, { readonly kind: 'serve' }>

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
  const { kube, announcer } = context
  const { allocation, history } = decision
  const uid = service.metadata.uid ?? ''
  const when: When = { now: book.now, signal: call.signal }
  const taken = await obtainAddresses(
    kube,
    allocation,
    { service: ref, serviceUid: uid, state: 'active' },
    when,
  )
  for (const { address } of Object.values(taken))
    note(toClaimChange({ address, service: ref }, { do: 'claim', why: 'the Service needs an address' }))
  const settlement = settle(allocation, taken)
  const confirmed = await confirmAll(work, toConfirm(settlement, uid), uid, note)
  const hasNewClaims = confirmed || Object.keys(taken).length > 0
  const problems = hasNewClaims ? await refresh(work, note) : []
  const state = toServiceState(settlement, allocation, history, book.now)
  const fields = announcer && toServiceFields(service, state, announcer)
  const stored = await writeService(kube, service, fields, call.signal)
  if (fields) {
    const name = `${ref.namespace}/${ref.name}`
    note({ kind: 'Service', name, action: state.kind, detail: { ...fields }, why: settlement.why })
  }
  await settleOthers(work, stored, decision, settlement, note)
  const changed = fields !== undefined || hasNewClaims
  const events = toEvents(decision, settlement, changed, problems)
  await tellService(context, stored, events, call)
  return {
    state: settlement.kind === 'serve' ? 'served' : 'waiting',
    service: stored,
    lacking: settlement.lacking,
    isOnHold: settlement.kind === 'wait' && isOnHold(allocation),
    why: settlement.why,
  }
}

/** Claims that a review made, or that rested: in use from now on. */
async function confirmAll(
  { context, book, call }: Work,
  claims: readonly Claim[],
  uid: string,
  note: Note,
): Promise<boolean> {
  for (const claim of claims) {
    await confirmClaim(context.kube, claim, uid, { now: book.now, signal: call.signal })
    note(toClaimChange(claim, { do: 'confirm', why: 'its Service uses it' }))
  }
  return claims.length > 0
}

/** Pools that cannot be refreshed are told, and keep nothing else from being done. */
async function refresh({ context, call }: Work, note: Note): Promise<readonly Problem[]> {
  const { changes, problems } = await refreshPools(context, call)
  for (const change of changes) note(change)
  return problems
}

/** Own claims that the Service has no use for: the version read back says that it does not name them any more. */
async function settleOthers(
  work: Work,
  stored: KubeService,
  { wish, allocation }: Serving,
  settlement: Settlement,
  note: Note,
): Promise<void> {
  const { context, ref, book, call } = work
  const service = {
    uid: stored.metadata.uid ?? '',
    cleanUp: undefined,
    retain: wish.retain,
    uses: (address: string) => settlement.addresses.includes(address),
  }
  const circumstances = toCircumstances(work, service)
  const others = allocation.own.filter(claim => !settlement.claims.includes(claim))
  const decided = others
    .filter(claim => claim.state !== 'active' || settlement.surplus.includes(claim))
    .map(claim => ({ claim, decision: decideClaim(claim, circumstances(claim)) }))
    .filter(({ decision }) => decision.do !== 'keep')
  if (decided.length === 0) return
  const latest = await getService(context.kube, ref, call.signal)
  if (latest.metadata.resourceVersion !== stored.metadata.resourceVersion) return
  for (const { claim, decision } of decided) {
    const change = await changeClaim(context.kube, claim, decision, { now: book.now, signal: call.signal })
    if (change) note(change)
  }
  await refresh(work, note)
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
  if (!changed) return problems
  const isSame = history.live.join() === settlement.addresses.join()
  const moved = history.live.length > 0 && !isSame ? [addressesEvent(history.live, settlement.addresses)] : []
  return [ensuringEvent(), ...moved, ...problems, ...(isServed ? [ensuredEvent()] : [])]
}
