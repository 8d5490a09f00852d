import type { Kube } from '../../kubernetes/client.ts'
import { confirmClaim, freeClaim, redateClaim, releaseClaim, retainClaim } from '../address/claims.ts'
import type { Claim } from '../address/contract.ts'
import type { When } from '../address/gates.ts'
import type { ClaimCircumstances, ClaimDecision, ClaimService } from '../address/lifecycle.ts'
import { judgeBlock } from '../address/standing.ts'
import type { PlannedChange } from '../contract.ts'
import type { PlanInput } from './serving-plan.ts'

/** What a claim is judged by, as far as the caller knows it. */
export function toCircumstances(
  { context: { settings, announcer }, knowledge, book }: PlanInput,
  service: 'absent' | ClaimService,
): (claim: Claim) => ClaimCircumstances {
  const keepsAddressAfterTypeChange = announcer?.keepsAddressAfterTypeChange ?? false
  return claim => ({
    service,
    isBlockGone: judgeBlock(knowledge.index, claim.blockId) === 'gone',
    now: book.now,
    settings: { ...settings, keepsAddressAfterTypeChange },
  })
}

/** Does what was decided about a claim. @returns the change, undefined where nothing was to be done */
export async function changeClaim(
  kube: Kube,
  claim: Claim,
  decision: ClaimDecision,
  when: When,
): Promise<PlannedChange | undefined> {
  switch (decision.do) {
    case 'keep':
      return undefined
    case 'confirm':
    case 'reactivate':
      await confirmClaim(kube, claim, decision.serviceUid, when)
      break
    case 'release':
      await releaseClaim(kube, claim, decision, when)
      break
    case 'retain':
      await retainClaim(kube, claim, decision.why, when)
      break
    case 'redate':
      await redateClaim(kube, claim, when)
      break
    case 'free':
      await freeClaim(kube, claim, when.signal)
      break
  }
  return toClaimChange(claim, decision)
}

export const toClaimChange = (
  { address, service }: Pick<Claim, 'address' | 'service'>,
  { do: action, why }: { readonly do: string; readonly why: string },
): PlannedChange => ({
  kind: 'IPAddress',
  name: address,
  action,
  detail: { service: `${service.namespace}/${service.name}` },
  why,
})
