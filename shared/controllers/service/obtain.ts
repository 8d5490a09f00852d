import type { IPFamily, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import type { Kube } from '../../kubernetes/client.ts'
import type { Allocation, FamilyAllocation, Taken } from '../address/allocation.ts'
import type { Candidate } from '../address/candidates.ts'
import { type Claimed, claimAddress } from '../address/claims.ts'
import type { When } from '../address/gates.ts'

/** For whom addresses are claimed. */
export interface Claimant {
  readonly service: ServiceRef
  /** Undefined in a review. */
  readonly serviceUid: string | undefined
  /** `active` for a Service that is stored and wants it. */
  readonly state: 'unconfirmed' | 'active'
}

/** What was claimed. */
export type Obtained = Readonly<Partial<Record<IPFamily, Candidate & Claimed>>>

/** More than the addresses of a /28: so many that are taken in a row mean that the book is old, and it is read again. */
const MAX_TRIES = 16

/** Claims what the candidates offer, family by family, first come, first served. @throws CcmError KUBE_* */
export async function obtainAddresses(
  kube: Kube,
  allocation: Allocation,
  claimant: Claimant,
  when: When,
): Promise<Obtained> {
  const taken: { -readonly [F in keyof Obtained]: Obtained[F] } = {}
  for (const row of allocation.families) {
    const candidate = await claimFirst(kube, row, claimant, when)
    if (candidate) taken[row.family] = candidate
  }
  return taken
}

async function claimFirst(
  kube: Kube,
  { candidates }: FamilyAllocation,
  claimant: Claimant,
  when: When,
): Promise<Obtained[IPFamily]> {
  const closed = new Set<string>()
  let tries = 0
  for (const candidate of candidates) {
    if (closed.has(candidate.blockId)) continue
    if (tries === MAX_TRIES) return undefined
    tries += 1
    const claimed = await claimAddress(kube, { ...candidate, ...claimant }, when)
    if (claimed === 'closed') closed.add(candidate.blockId)
    else if (claimed !== 'taken') return { ...candidate, ...claimed }
  }
  return undefined
}

/** What would be tried first, for a dry run: nothing is claimed. */
export function foreseeAddresses(allocation: Allocation): Taken {
  const firsts = allocation.families.flatMap(({ family, candidates }) => {
    const [first] = candidates
    return first ? [[family, first] as const] : []
  })
  return Object.fromEntries(firsts)
}
