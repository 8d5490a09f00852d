import { CcmError, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { isSameService } from '../address/address-index.ts'
import type { Allocation, Taken } from '../address/allocation.ts'
import { readBook } from '../address/book.ts'
import { freeClaim } from '../address/claims.ts'
import type { Claim } from '../address/contract.ts'
import type { When } from '../address/gates.ts'
import { type ClaimLimits, listBeyondLimit } from '../address/lifecycle.ts'
import { type Claimant, type Obtained, obtainAddresses } from './obtain.ts'

/**
 * Claims addresses, and withdraws those again that are more than the limits allow: of claims that are made at the same
 * moment none was seen by the others before.
 *
 * @throws CcmError KUBE_*
 */
export async function claimWithin(
  kube: Kube,
  allocation: Allocation,
  claimant: Claimant,
  limits: ClaimLimits,
  when: When,
): Promise<Obtained | 'beyond'> {
  const { service } = claimant
  const taken = await obtainAddresses(kube, allocation, { ...claimant, state: 'unconfirmed' }, when)
  if (Object.keys(taken).length === 0) return taken
  const beyond = listBeyondLimit(await readBook(kube, when.signal), service.namespace, limits)
  // What it had before is not taken from it.
  const own = Object.values(taken).filter(({ address }) =>
    beyond.some(claim => claim.address === address && isSameService(claim.service, service)),
  )
  for (const { claim, isNew } of own) if (isNew) await withdraw(kube, claim, when)
  return own.length === 0 ? taken : 'beyond'
}

/** As it was made: another review of the same Service that relies on it has made a version of its own. */
async function withdraw(kube: Kube, made: Claim, { signal }: When): Promise<void> {
  try {
    await freeClaim(kube, made, signal)
  } catch (error) {
    if (!hasCode(error, 'KUBE_CONFLICT')) throw error
  }
}

/**
 * The same for a Service that is stored: what it may have is confirmed at once.
 *
 * @throws CcmError KUBE_CONFLICT where something was withdrawn: with the claims as they are then, it is decided anew
 */
export async function claimForStored(
  kube: Kube,
  allocation: Allocation,
  claimant: Claimant,
  limits: ClaimLimits,
  when: When,
): Promise<Taken> {
  if (limits.addresses === undefined) return obtainAddresses(kube, allocation, claimant, when)
  const taken = await claimWithin(kube, allocation, claimant, limits, when)
  if (taken === 'beyond')
    throw new CcmError('KUBE_CONFLICT', 'the namespace has as many addresses as it may have')
  // They are found again as its own, and confirmed.
  return Object.keys(taken).length === 0 ? taken : obtainAddresses(kube, allocation, claimant, when)
}
