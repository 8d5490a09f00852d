import type { Kube } from '../../kubernetes/client.ts'
import type { GateAction } from './blocks.ts'
import { closeGate, noteUnused, openGate, removeGate, reopenGate, type When } from './gates.ts'

/**
 * `closed`: the block may be given back now; `in-use`: somebody claimed in it, so that it stays; `unchanged`: another
 * handler was quicker.
 */
export type GateOutcome = 'changed' | 'unchanged' | 'closed' | 'in-use'

/**
 * Does what was decided about one gate, except for what the cloud has to do.
 *
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND when the gate has changed since the decision: the next pass decides anew
 */
export async function carryOutGate(kube: Kube, action: GateAction, when: When): Promise<GateOutcome> {
  switch (action.do) {
    case 'open':
      return (await openGate(kube, action.block, when, action.gate)) ? 'changed' : 'unchanged'
    case 'noteUnused':
      await noteUnused(kube, action.gate, when.now, when.signal)
      return 'changed'
    case 'noteUsed':
      await noteUnused(kube, action.gate, undefined, when.signal)
      return 'changed'
    case 'reopen':
      await reopenGate(kube, action.gate, when)
      return 'changed'
    case 'close':
      return closeGate(kube, action.block, action.gate, when)
    case 'giveBack':
      return 'closed'
    case 'remove':
      await removeGate(kube, action.gate, when.signal)
      return 'changed'
  }
}
