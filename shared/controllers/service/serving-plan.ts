import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { WAITING } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { toKey } from '../address/address-index.ts'
import { type Settlement, settle, type Taken } from '../address/allocation.ts'
import type { AddressBook, Claim } from '../address/contract.ts'
import { decideClaim } from '../address/lifecycle.ts'
import type { PlannedChange } from '../contract.ts'
import type { DecidedClaim } from './carry-out.ts'
import { toCircumstances, toClaimChange } from './claim-changes.ts'
import type { ServiceContext } from './context.ts'
import type { Knowledge, ServiceDecision } from './decide.ts'
import { type ServiceFields, type ServiceState, toServiceFields } from './fields.ts'
import { toConfirm, toServiceState } from './state.ts'

export type Serving = Extract<ServiceDecision, { readonly kind: 'serve' }>

/** Everything that serving a Service takes, once it is known which addresses could be claimed for it. */
export interface ServingPlan {
  readonly settlement: Settlement
  readonly state: ServiceState
  /** Undefined where the Service is as it should be. */
  readonly fields: ServiceFields | undefined
  /** Own claims that are not in use yet, rested, or make it live. */
  readonly confirm: readonly Claim[]
  /** Own claims that it has no use for (any more). */
  readonly others: readonly DecidedClaim[]
}

export interface PlanInput {
  readonly context: Pick<ServiceContext, 'settings' | 'announcer'>
  readonly knowledge: Knowledge
  readonly book: AddressBook
}

/** Pure: the same for a review, for one Service and for a pass. */
export function planServing(
  input: PlanInput,
  service: KubeService,
  { allocation, history, wish }: Serving,
  taken: Taken,
): ServingPlan {
  const { announcer } = input.context
  const uid = service.metadata.uid ?? ''
  const settlement = settle(allocation, taken)
  const state = toServiceState(settlement, allocation, history, input.book.now)
  const uses = (address: string): boolean => settlement.addresses.includes(address)
  const circumstances = toCircumstances(input, {
    uid,
    cleanUp: undefined,
    retain: wish.retain,
    isKept: false,
    uses,
  })
  const others = allocation.own
    .filter(claim => !settlement.claims.includes(claim))
    .filter(claim => claim.state !== 'active' || settlement.surplus.includes(claim))
    .map(claim => ({ claim, decision: decideClaim(claim, circumstances(claim)) }))
    .filter(({ decision }) => decision.do !== 'keep')
  const fields = announcer && toServiceFields(service, state, announcer)
  return {
    settlement,
    state,
    fields: fields ?? (others.some(isTakenAway) ? toWaitingAnew(service, state, input.book.now) : undefined),
    confirm: toConfirm(settlement, service.metadata, history.live),
    others,
  }
}

const isTakenAway = ({ claim, decision }: DecidedClaim): boolean =>
  claim.state === 'active' && decision.do === 'free'

/**
 * Whoever does not know yet that the block has gone may have confirmed the claim, and be about to serve a Service that he
 * saw waiting: he must find another version of it, also where it waits already.
 */
function toWaitingAnew(
  { metadata: { annotations } }: KubeService,
  state: ServiceState,
  now: number,
): ServiceFields | undefined {
  if (state.kind !== 'wait') return undefined
  const isSame = annotations?.[WAITING] === state.since
  return { annotations: { [WAITING]: isSame ? new Date(now + 1).toISOString() : state.since } }
}

/** The plan as it is told, in the order in which it is carried out. */
export const toPlannedChanges = (service: ServiceRef, taken: Taken, plan: ServingPlan): PlannedChange[] => [
  ...Object.values(taken).map(({ address }) => toClaimed(address, service)),
  ...plan.confirm.map(toConfirmed),
  ...(plan.fields ? [toWritten(service, plan)] : []),
  ...plan.others.map(({ claim, decision }) => toClaimChange(claim, decision)),
]

export const toClaimed = (address: string, service: ServiceRef): PlannedChange =>
  toClaimChange({ address, service }, { do: 'claim', why: 'the Service needs an address' })

export const toConfirmed = (claim: Claim): PlannedChange =>
  toClaimChange(claim, { do: 'confirm', why: 'its Service uses it' })

export const toWritten = (
  service: ServiceRef,
  { state, fields, settlement }: ServingPlan,
): PlannedChange => ({
  kind: 'Service',
  name: toKey(service),
  action: state.kind,
  detail: { ...fields },
  why: settlement.why,
})
