import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { indexAddresses, toKey } from '../address/address-index.ts'
import type { PlannedChange } from '../contract.ts'
import { toClaimChange } from '../service/claim-changes.ts'
import { planUnserved } from '../service/clean-up.ts'
import type { ServiceContext } from '../service/context.ts'
import { type Blocks, convergeService } from '../service/converge.ts'
import { decideService, type Knowledge, type ServiceDecision } from '../service/decide.ts'
import type { ServiceEvent } from '../service/events.ts'
import { readHistory } from '../service/history.ts'
import type { ObservedServices } from '../service/observe.ts'
import { foreseeAddresses } from '../service/obtain.ts'
import { logChange } from '../service/reconcile.ts'
import { planRestraint, toHeldBack } from '../service/restraint.ts'
import { planServing, type Serving, toPlannedChanges } from '../service/serving-plan.ts'
import { tellService } from '../service/tell.ts'
import { noteFailure, noteLeft, type PassNotes } from './report.ts'
import { type PassCall, toShare, workInTurn } from './turns.ts'

/** Of the time that is left: whatever hangs, blocks, pools and deletions have theirs. */
const SERVICE_SHARE = 0.6
/** Of the Services' time, for those that have addresses: they come first, and are not all. */
const SERVED_SHARE = 0.5
/** Of their time again, for those that lack their claim. */
const BARE_SHARE = 0.5

export interface ServicesPass {
  readonly context: ServiceContext
  readonly observed: ObservedServices
  readonly knowledge: Knowledge
  readonly blocks: Blocks
  readonly notes: PassNotes
  readonly call: PassCall
}

/**
 * Brings every Service and every claim to what it should be. One that fails, or hangs, is noted and never stops the
 * others, and one that is as it should be costs no request.
 */
export async function convergeServices(pass: ServicesPass): Promise<void> {
  const [served, others] = partition(pass.observed.services, isServed)
  const { clock } = pass.context
  const call = toShare(clock, pass.call, SERVICE_SHARE)
  const servedCall = toShare(clock, call, SERVED_SHARE)
  const first = findServices(pass, served)
  const [bare, kept] = partition(first.pending, isClaiming)
  // Who has an address gets its claim back before it is given to one that waits for any.
  const bareLeft = await convergeAll({ ...pass, call: toShare(clock, servedCall, BARE_SHARE) }, bare)
  const isSafe = bareLeft === 0
  await convergeAll({ ...pass, call: servedCall }, kept)
  const second = findServices({ ...pass, knowledge: first.knowledge }, others)
  const pending = [...second.pending, ...findOrphans(pass)]
  const [claiming, rest] = partition(pending, isClaiming)
  await convergeAll({ ...pass, call }, isSafe ? pending : rest)
  if (!isSafe) noteLeft(pass.notes, pass.context.log, 'Service', claiming.map(toName))
}

const isServed = (service: KubeService): boolean => readHistory(service).isServed

const toName = ({ ref }: Pending): string => toKey(ref)

const isClaiming = ({ planned }: Pending): boolean =>
  planned.some(({ kind, action }) => kind === 'IPAddress' && action === 'claim')

function partition<T>(items: readonly T[], is: (item: T) => boolean): readonly [T[], T[]] {
  const groups = Map.groupBy(items, is)
  return [groups.get(true) ?? [], groups.get(false) ?? []]
}

/** @returns how many had no turn */
async function convergeAll(pass: ServicesPass, pending: readonly Pending[]): Promise<number> {
  const { context, notes } = pass
  const left = await workInTurn(context.clock, pass.call, {
    items: pending,
    toName,
    work: (item, call) => convergeOne({ ...pass, call }, item),
  })
  noteLeft(notes, context.log, 'Service', left)
  return left.length
}

async function convergeOne(pass: ServicesPass, { ref, planned, told }: Pending): Promise<void> {
  const { context, notes, call } = pass
  if (call.dryRun) {
    notes.changes.push(...planned)
    return
  }
  try {
    if (told && planned.length === 0) {
      await tellService(context, told.service, [told.event], call)
      return
    }
    const { changes } = await convergeService(context, ref, pass.blocks, call)
    notes.changes.push(...changes)
    for (const change of changes) logChange(context, ref, change)
  } catch (error) {
    noteFailure(notes, toKey(ref), error)
    context.log.warn({ service: toKey(ref), error }, 'service not converged')
  }
}

interface Pending {
  readonly ref: ServiceRef
  /** What a dry run tells. */
  readonly planned: readonly PlannedChange[]
  /** Of a Service that is left alone: why. */
  readonly told?: { readonly service: KubeService; readonly event: ServiceEvent } | undefined
}

/** @returns what is known then: what a dry run would claim for one Service, it would not claim for the next */
function findServices(
  pass: ServicesPass,
  services: readonly KubeService[],
): { readonly pending: readonly Pending[]; readonly knowledge: Knowledge } {
  const { context, call } = pass
  let { knowledge } = pass
  const pending = services.flatMap(service => {
    const ref = toRef(service)
    const decision = decideService(context, ref, service, knowledge)
    const planned = planService({ ...pass, knowledge }, service, decision)
    if (call.dryRun && planned) knowledge = withTaken(knowledge, planned)
    const told = decision.kind === 'handsOff' ? { service, event: decision.event } : undefined
    return planned === undefined ? [] : [{ ref, planned, told }]
  })
  return { pending, knowledge }
}

function withTaken(knowledge: Knowledge, planned: readonly PlannedChange[]): Knowledge {
  const taken = planned.flatMap(({ kind, action, name }) =>
    kind === 'IPAddress' && action === 'claim' ? name : [],
  )
  if (taken.length === 0) return knowledge
  const { view } = knowledge.index
  const book = { ...view.book, unreadable: [...view.book.unreadable, ...taken] }
  return { ...knowledge, index: indexAddresses({ ...view, book }) }
}

const toRef = ({ metadata: { namespace = '', name } }: KubeService): ServiceRef => ({ namespace, name })

/** @returns undefined where nothing is to be done; an empty list where only a user is to be told */
function planService(
  pass: ServicesPass,
  service: KubeService,
  decision: ServiceDecision,
): readonly PlannedChange[] | undefined {
  const name = toKey(toRef(service))
  switch (decision.kind) {
    case 'serve':
      return planServed(pass, service, decision)
    case 'cleanUp': {
      const why = `it is cleaned up: ${decision.cause}`
      return [{ kind: 'Service', name, action: 'cleanUp', detail: {}, why }]
    }
    case 'handsOff':
    case 'ignore':
      return planLeft(pass, service, decision.kind)
  }
}

/** Of a Service that is none of ours only claims can be left; that it is left alone is told once. */
function planLeft(
  { context, knowledge, observed }: ServicesPass,
  service: KubeService,
  kind: 'handsOff' | 'ignore',
): readonly PlannedChange[] | undefined {
  const input = { context, knowledge, book: observed.book }
  const ref = toRef(service)
  const isTold = kind === 'handsOff'
  const claims = planUnserved(input, ref, { kind, service }).map(({ claim, decision }) =>
    toClaimChange(claim, decision),
  )
  const restrained = isTold ? undefined : planRestraint(input, ref, service)
  const planned = [...claims, ...(restrained ? [toHeldBack(ref, restrained)] : [])]
  return planned.length > 0 || isTold ? planned : undefined
}

/** A problem that is there is told again; whoever reads it once is not told twice. */
function planServed(
  { context, knowledge, observed }: ServicesPass,
  service: KubeService,
  decision: Serving,
): readonly PlannedChange[] | undefined {
  const taken = foreseeAddresses(decision.allocation)
  const plan = planServing({ context, knowledge, book: observed.book }, service, decision, taken)
  const planned = toPlannedChanges(toRef(service), taken, plan)
  return planned.length > 0 || decision.allocation.problems.length > 0 ? planned : undefined
}

/** Claims of Services that are not there, or bear no mark of ours any more. */
function findOrphans({ context, observed, knowledge }: ServicesPass): Pending[] {
  const { book, services } = observed
  const known = new Set(services.map(service => toKey(toRef(service))))
  const byService = Map.groupBy(
    book.claims.filter(({ service }) => !known.has(toKey(service))),
    ({ service }) => toKey(service),
  )
  return [...byService.values()].flatMap(claims => {
    const [first] = claims
    if (!first) return []
    const ends = planUnserved({ context, knowledge, book }, first.service, 'absent')
    const planned = ends.map(({ claim, decision }) => toClaimChange(claim, decision))
    return planned.length > 0 ? [{ ref: first.service, planned }] : []
  })
}
