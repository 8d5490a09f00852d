import type { AddressSupply } from '../../cloud-provider/load-balancer.ts'
import { hasCode } from '../../errors.ts'
import { decideGates, type GateAction, type GateDecision } from '../address/blocks.ts'
import { countForAnybody } from '../address/candidates.ts'
import { countSpares } from '../address/demand.ts'
import { carryOutGate, type GateOutcome } from '../address/gate-actions.ts'
import type { WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'
import type { Knowledge } from './decide.ts'

/** What is to be done about the gates of all blocks. @param needed ids of blocks that waiting Services are going to need */
export function decideAllGates(
  { settings }: Pick<ServiceContext, 'settings'>,
  { index }: Knowledge,
  supply: AddressSupply,
  needed: ReadonlySet<string>,
): GateDecision {
  const { book, judged = new Set() } = index.view
  return decideGates({
    book,
    supply,
    judged,
    now: book.now,
    graceMs: settings.blockGraceMs,
    minFree: countSpares({ ...settings, mode: settings.ipAllocation }),
    needed,
    countFree: block => Number(countForAnybody(index, block)),
  })
}

/**
 * Does one action; what another handler has changed meanwhile is left to the next look.
 *
 * @throws CcmError KUBE_*
 */
export async function changeGate(
  { kube }: Pick<ServiceContext, 'kube'>,
  action: GateAction,
  now: number,
  { signal }: Pick<WorkCall, 'signal'>,
): Promise<GateOutcome> {
  try {
    return await carryOutGate(kube, action, { now, signal })
  } catch (error) {
    if (hasCode(error, 'KUBE_CONFLICT', 'KUBE_NOT_FOUND')) return 'unchanged'
    throw error
  }
}
