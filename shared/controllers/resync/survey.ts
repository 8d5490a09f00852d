import { CcmError } from '../../errors.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { silentLog } from '../../log.ts'
import type { PlannedChange, WorkCall } from '../contract.ts'
import type { DeletionDecision } from '../node/deletion.ts'
import { type Decider, type Knowledge, toKnowledge } from '../service/decide.ts'
import { type ObservedBalancers, observeBalancers, toInventoryAddresses } from './balancers.ts'
import { decideMissing, toDeletion } from './deletions.ts'
import { decideInventory } from './inventory.ts'
import { type LeaseState, readLease } from './lease.ts'
import { chooseBlocks, convergeBalancers } from './load-balancers.ts'
import { convergeAll, markMissing } from './nodes.ts'
import { type Observed, observe } from './observe.ts'
import { createNotes, noteFailure, type PassNotes, toFailures } from './report.ts'
import type { ResyncContext } from './resync.ts'
import type { PassCall } from './turns.ts'

/** Everything that a pass would see now, and what it would decide: nothing is changed, and nothing logged. */
export interface Survey extends Omit<PassNotes, 'left' | 'tally'> {
  readonly observed: Observed
  readonly balancers: ObservedBalancers | CcmError
  /** What is known of addresses; undefined where the cluster's side of them could not be read. */
  readonly knowledge: Knowledge | undefined
  /** What Services were decided with. */
  readonly decider: Decider
  readonly lease: LeaseState
  /** Undefined without a complete list of servers. Its candidates are those that a pass asks the cloud for. */
  readonly deletion: DeletionDecision | undefined
}

/**
 * The reads of one pass and its decisions. Other than a dry run it asks the cloud for no server by its id: what many
 * people look at costs the same however many servers are gone.
 *
 * @throws CcmError KUBE_* when the cluster cannot be read
 */
export async function survey(given: ResyncContext, limits: WorkCall): Promise<Survey> {
  const context = { ...given, log: silentLog }
  const call: PassCall = { ...limits, dryRun: true }
  const readAt = context.clock.now()
  const lease = await readLease(context.kube, call.signal)
  if (lease.limitedUntil !== undefined) context.cloud.holdOff(readAt + lease.limitedUntil - lease.now)
  const observing = observeBalancers(context, call)
  const observed = await observe(context, lease, call).catch(async (error: unknown) => {
    await observing.catch(() => {})
    throw error
  })
  const balancers = await observing
  // Nodes that stay as they are say so themselves: they are no list of sentences.
  const [nodes, notes] = [createNotes(), createNotes()]
  const converged = await convergeAll(context, observed, nodes, call)
  const knowledge = await surveyBalancers(context, observed, balancers, notes, call)
  const { settings } = given
  const deletion = decideMissing({ context, settings, observed, nodes: observed.nodes, state: lease })
  await markMissing(context, deletion?.mark ?? [], lease.now, notes, call)
  return {
    observed,
    balancers,
    knowledge,
    decider: { settings, announcer: given.announcer },
    lease,
    deletion,
    changes: [
      ...nodes.changes,
      ...surveyInventory(context, observed, balancers, converged),
      ...notes.changes,
      ...(deletion?.candidates.slice(0, deletion.allowance).map(toDeletion) ?? []),
    ],
    held: notes.held,
    failures: [...toFailures(nodes), ...toFailures(notes)],
  }
}

/** Nothing where a pass would have nothing to vouch for. */
function surveyInventory(
  { cloud }: ResyncContext,
  observed: Observed,
  balancers: ObservedBalancers | CcmError,
  nodes: readonly KubeNode[],
): readonly PlannedChange[] {
  const { instances, previous } = observed
  if (instances instanceof CcmError) return []
  const addresses = toInventoryAddresses(balancers, previous?.addresses)
  const { change } = decideInventory({ ...observed, instances, nodes, addresses }, cloud)
  return change ? [change] : []
}

async function surveyBalancers(
  context: ResyncContext,
  { previous }: Observed,
  balancers: ObservedBalancers | CcmError,
  notes: PassNotes,
  call: PassCall,
): Promise<Knowledge | undefined> {
  if (balancers instanceof CcmError) {
    noteFailure(notes, 'services', balancers)
    return undefined
  }
  const remembered = toInventoryAddresses(balancers, previous?.addresses)
  const pass = { context, observed: balancers, remembered, notes, call }
  try {
    await convergeBalancers(pass)
  } catch (error) {
    noteFailure(notes, 'services', error)
  }
  return toKnowledge({ book: balancers.book, ...chooseBlocks(pass) }, context)
}
