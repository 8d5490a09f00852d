import { CcmError, ERRORS, type ErrorCode } from '../../errors.ts'
import type { WithdrawCall, WithdrawParts } from './contract.ts'
import { observeCluster } from './observe.ts'
import { planWithdrawal, type WithdrawPlan } from './plan.ts'
import type { ClusterView, Unread } from './view.ts'

/** Enough for an API server that changes its leader or starts again behind a load balancer. */
const ATTEMPTS = 4
const PAUSE_MS = 2_000
/** Nothing else would be answered either. */
const FATAL: readonly ErrorCode[] = ['KUBE_UNREACHABLE', 'KUBE_CREDENTIALS_INVALID']

/** What is there, and what follows; nothing does while the view is not complete. */
export interface Look {
  readonly view: ClusterView
  readonly plan: WithdrawPlan
}

export const isComplete = ({ view }: Look): boolean => view.failures.length === 0

/** A look at the whole cluster, and again where what failed may pass. */
export async function look(
  { kube, clock, tell, toOwner }: WithdrawParts,
  { release, signal }: WithdrawCall,
): Promise<Look> {
  for (let attempt = 1; ; attempt++) {
    const view = await observeCluster(kube, signal)
    const isHopeless = view.failures.some(({ code }) => !ERRORS[code].retry)
    if (view.failures.length === 0 || isHopeless || attempt === ATTEMPTS || signal?.aborted)
      return { view, plan: planWithdrawal(view, release, toOwner) }
    for (const { name, message } of view.failures) tell(`${name}: ${message}; it is read again`)
    await clock.sleep(PAUSE_MS, signal).catch(() => undefined)
  }
}

/** @throws CcmError KUBE_UNREACHABLE or KUBE_CREDENTIALS_INVALID when the cluster does not answer at all */
export function expectAnswer({ view }: Look): void {
  const fatal = view.failures.find(({ code }) => FATAL.includes(code))
  if (fatal) throw toError(fatal)
}

export const toError = ({ name, code, message }: Unread): CcmError =>
  new CcmError(code, `${name} could not be read: ${message}`)
