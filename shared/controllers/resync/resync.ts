import { CcmError } from '../../errors.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import type { AddressSource } from '../address/contract.ts'
import type { ResyncReport, WorkCall } from '../contract.ts'
import { writeInventory } from '../inventory/store.ts'
import { measureChanges } from '../measure.ts'
import type { NodeContext } from '../node/context.ts'
import type { ServiceContext, ServiceSettings } from '../service/context.ts'
import { type ObservedBalancers, observeBalancers, toInventoryAddresses } from './balancers.ts'
import { type DeletionSettings, deleteMissing } from './deletions.ts'
import { decideInventory } from './inventory.ts'
import { acquireLease, type EndedPasses, type HeldLease, type LeaseState, readLease } from './lease.ts'
import { convergeBalancers } from './load-balancers.ts'
import { measurePass } from './measure.ts'
import { convergeAll } from './nodes.ts'
import { type Observed, observe } from './observe.ts'
import { busyReport, countSince, createNotes, noteFailure, type PassNotes, toFailures } from './report.ts'
import type { PassCall } from './turns.ts'

export interface ResyncContext extends NodeContext, ServiceContext {
  readonly settings: DeletionSettings & ServiceSettings
  /** Names this pass in the Lease; another text for every pass. */
  readonly newHolder: () => string
  readonly endedPasses: EndedPasses
}

/**
 * One pass over everything: from one list of each side to what nodes and inventory should be. At most one pass
 * runs at a time; a dry run reads only and takes no Lease.
 *
 * @throws CcmError KUBE_* when the cluster cannot be read or the Lease not be written
 */
export async function resync(
  context: ResyncContext,
  given: WorkCall & { readonly dryRun?: boolean },
): Promise<ResyncReport> {
  const startedAt = context.clock.now()
  const before = new Map(context.cloud.requestCounts())
  const limitMs = given.deadline - startedAt
  const holder = context.newHolder()
  const call: PassCall = given.dryRun ? given : { ...given, passId: holder }
  const lease = call.dryRun
    ? undefined
    : await acquireLease(context.kube, holder, limitMs, call.signal, context.endedPasses)
  if (!call.dryRun && !lease) return busyReport(context.clock.now() - startedAt)
  const notes = createNotes()
  try {
    const { observed, nodes, services, vouched } = await work(context, lease, notes, call, startedAt)
    const failures = toFailures(notes)
    return {
      state: vouched === undefined || failures.length > 0 ? 'incomplete' : 'complete',
      nodes: nodes.length,
      services,
      instances: observed.instances instanceof CcmError ? 0 : observed.instances.length,
      changes: notes.changes,
      held: notes.held,
      failures,
      durationMs: context.clock.now() - startedAt,
      requests: countSince(before, context.cloud.requestCounts()),
    }
  } catch (error) {
    await lease
      ?.release({
        now: lease.state.now,
        unreachableSince: lease.state.unreachableSince,
        limitedUntil: toLimited(context, lease.state, startedAt),
      })
      .catch(() => context.endedPasses.add(holder))
    throw error
  } finally {
    if (!call.dryRun) measureNotes(context, notes)
  }
}

/** Also of a pass that ended before its time. */
function measureNotes(context: ResyncContext, { changes, failures, tally: { refusals } }: PassNotes): void {
  measureChanges(context, changes)
  for (const code of [...refusals, ...failures.map(({ code }) => code)])
    context.measure?.('phoenixnap_ccm_problems_total', { code })
}

interface Worked {
  readonly observed: Observed
  readonly nodes: readonly KubeNode[]
  readonly services: number
  /** Generation of the inventory, when the pass saw every server. */
  readonly vouched: string | undefined
}

async function work(
  context: ResyncContext,
  lease: HeldLease | undefined,
  notes: PassNotes,
  call: PassCall,
  startedAt: number,
): Promise<Worked> {
  const state = lease?.state ?? (await readLease(context.kube, call.signal))
  if (state.limitedUntil !== undefined) context.cloud.holdOff(startedAt + state.limitedUntil - state.now)
  const observing = observeBalancers(context, call)
  const observed = await observe(context, state, call).catch(async (error: unknown) => {
    await observing.catch(() => {})
    throw error
  })
  // A cloud that hangs over blocks must not keep nodes waiting.
  const converged = await convergeAll(context, observed, notes, call)
  const balancers = await observing
  // Before deletions, which ask BMC once more and may take all the time that is left.
  const addresses = toInventoryAddresses(balancers, observed.previous?.addresses)
  const vouched = await keepInventory(context, { ...observed, addresses }, converged, notes, call)
  await workOnBalancers(context, balancers, addresses, notes, call)
  const pass = { context, settings: context.settings, observed, nodes: converged, state, lease, notes, call }
  const nodes = await deleteMissing(pass)
  await lease?.release({
    now: state.now,
    vouched: vouched === undefined ? undefined : { generation: vouched, account: observed.account },
    unreachableSince: call.signal?.aborted ? state.unreachableSince : decideUnreachable(context, state),
    limitedUntil: toLimited(context, state, startedAt),
  })
  if (!call.dryRun) measurePass(context, { observed, nodes, balancers, tally: notes.tally })
  const services = balancers instanceof CcmError ? 0 : balancers.services.length
  return { observed, nodes, services, vouched }
}

/** Nodes never suffer from what is wrong with load balancers. */
async function workOnBalancers(
  context: ResyncContext,
  observed: ObservedBalancers | CcmError,
  remembered: AddressSource | undefined,
  notes: PassNotes,
  call: PassCall,
): Promise<void> {
  try {
    if (observed instanceof CcmError) throw observed
    await convergeBalancers({ context, observed, remembered, notes, call })
  } catch (error) {
    noteFailure(notes, 'services', error)
    context.log.error({ error }, 'load balancers not converged')
  }
}

/** Only an API that does not answer is worth not waiting for; refusals come at once. */
function decideUnreachable(
  { cloud }: ResyncContext,
  { now, unreachableSince }: LeaseState,
): number | undefined {
  return cloud.unreachableSince() === undefined ? undefined : (unreachableSince ?? now)
}

/** Until when no process should send anything, by the API server's clock, whose time is that of the reading of the Lease. */
function toLimited({ cloud }: ResyncContext, { now }: LeaseState, readAt: number): number | undefined {
  const until = cloud.limitedUntil()
  return until === undefined ? undefined : until - readAt + now
}

/** Writes the inventory if its content changed. @returns its generation; undefined when there is nothing to vouch for */
async function keepInventory(
  context: ResyncContext,
  observed: Observed & { readonly addresses: AddressSource | undefined },
  nodes: readonly KubeNode[],
  notes: PassNotes,
  call: PassCall,
): Promise<string | undefined> {
  const { instances } = observed
  if (instances instanceof CcmError) {
    noteFailure(notes, 'servers', instances)
    context.log.error({ error: instances, action: instances.action }, 'servers could not be listed')
    return undefined
  }
  const { inventory, change } = decideInventory({ ...observed, instances, nodes }, context.cloud)
  if (!change) return inventory.generation
  notes.changes.push(change)
  if (!call.dryRun) await writeInventory(context.kube, inventory, call.signal)
  return inventory.generation
}
