import type { Claim } from '../address/contract.ts'
import type { ClaimDecision } from '../address/lifecycle.ts'
import type { Problem } from '../address/problem.ts'
import { changeClaim } from './claim-changes.ts'
import type { Note, Work } from './converge.ts'
import { refreshPools } from './pools.ts'

/** What was decided about one claim. */
export interface DecidedClaim {
  readonly claim: Claim
  readonly decision: ClaimDecision
}

/** Changes the claims that something was decided about, and then the announcer's pools. @throws CcmError KUBE_* */
export async function changeClaims(work: Work, decided: readonly DecidedClaim[], note: Note): Promise<void> {
  const { context, book, call } = work
  const pending = decided.filter(({ decision }) => decision.do !== 'keep')
  for (const { claim, decision } of pending) {
    const change = await changeClaim(context.kube, claim, decision, { now: book.now, signal: call.signal })
    if (change) note(change)
  }
  if (pending.length > 0) await refreshAndNote(work, note)
}

/** Pools that cannot be brought to the claims are told, and keep nothing else from being done. */
export async function refreshAndNote({ context, call }: Work, note: Note): Promise<readonly Problem[]> {
  const { changes, problems } = await refreshPools(context, call)
  for (const change of changes) note(change)
  return problems
}
