import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { CcmError } from '../../errors.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { indexAddresses, toKey } from '../address/address-index.ts'
import { decideClaim } from '../address/lifecycle.ts'
import type { PlannedChange, WorkCall } from '../contract.ts'
import { mapLimit } from '../map-limit.ts'
import { toCircumstances, toClaimChange } from '../service/claim-changes.ts'
import type { ServiceContext } from '../service/context.ts'
import { type Blocks, convergeService, isUnwanted } from '../service/converge.ts'
import { decideService, type Knowledge, type ServiceDecision } from '../service/decide.ts'
import type { ObservedServices } from '../service/observe.ts'
import { foreseeAddresses } from '../service/obtain.ts'
import { logChange } from '../service/reconcile.ts'
import { planServing, type Serving, toPlannedChanges } from '../service/serving-plan.ts'
import { noteFailure, type PassNotes } from './report.ts'

/** Services written at once, as nodes are. */
const PARALLEL = 8

export interface ServicesPass {
  readonly context: ServiceContext
  readonly observed: ObservedServices
  readonly knowledge: Knowledge
  readonly blocks: Blocks
  readonly notes: PassNotes
  readonly call: WorkCall & { readonly dryRun?: boolean | undefined }
}

/**
 * Brings every Service and every claim to what it should be. One that fails is noted and never stops the others, and
 * one that is as it should be costs no request.
 */
export async function convergeServices(pass: ServicesPass): Promise<void> {
  const { context, notes, call } = pass
  const pending = [...findServices(pass), ...findOrphans(pass)]
  await mapLimit(pending, PARALLEL, async ({ ref, planned }) => {
    if (call.dryRun) {
      notes.changes.push(...planned)
      return
    }
    try {
      if (context.clock.now() >= call.deadline) throw new CcmError('CCM_DEADLINE', 'the pass ran out of time')
      const { changes } = await convergeService(context, ref, pass.blocks, call)
      notes.changes.push(...changes)
      for (const change of changes) logChange(context, ref, change)
    } catch (error) {
      noteFailure(notes, toKey(ref), error)
      context.log.warn({ service: toKey(ref), error }, 'service not converged')
    }
  })
}

interface Pending {
  readonly ref: ServiceRef
  /** What a dry run tells. */
  readonly planned: readonly PlannedChange[]
}

function findServices(pass: ServicesPass): Pending[] {
  const { context, observed, call } = pass
  let { knowledge } = pass
  return observed.services.flatMap(service => {
    const ref = toRef(service)
    const decision = decideService(context, ref, service, knowledge)
    const planned = planService({ ...pass, knowledge }, service, decision)
    // What a pass would claim for one Service, it would not claim for the next.
    if (call.dryRun && planned) knowledge = withTaken(knowledge, planned)
    return planned === undefined ? [] : [{ ref, planned }]
  })
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
      return []
    case 'ignore':
      return isUnwanted(pass.context, service) && hasActiveClaim(pass, service) ? [] : undefined
  }
}

const hasActiveClaim = ({ knowledge }: ServicesPass, service: KubeService): boolean =>
  knowledge.index.claimsOf(toRef(service)).some(({ state }) => state === 'active')

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
  const circumstances = toCircumstances({ context, knowledge, book }, 'absent')
  const byService = Map.groupBy(
    book.claims.filter(({ service }) => !known.has(toKey(service))),
    ({ service }) => toKey(service),
  )
  return [...byService.values()].flatMap(claims => {
    const planned = claims.flatMap(claim => {
      const decision = decideClaim(claim, circumstances(claim))
      return decision.do === 'keep' ? [] : [toClaimChange(claim, decision)]
    })
    const [first] = claims
    return planned.length > 0 && first ? [{ ref: first.service, planned }] : []
  })
}
