import { CcmError } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { isSameService } from '../address/address-index.ts'
import type { Allocation, Taken } from '../address/allocation.ts'
import { readBook } from '../address/book.ts'
import { freeClaim } from '../address/claims.ts'
import type { When } from '../address/gates.ts'
import { type ClaimLimits, listBeyondLimit } from '../address/lifecycle.ts'
import { type Claimant, obtainAddresses } from './obtain.ts'

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
): Promise<Taken | 'beyond'> {
  const { service } = claimant
  const taken = await obtainAddresses(kube, allocation, { ...claimant, state: 'unconfirmed' }, when)
  if (Object.keys(taken).length === 0) return taken
  const beyond = listBeyondLimit(await readBook(kube, when.signal), service.namespace, limits)
  const addresses = Object.values(taken).map(({ address }) => address)
  // What it had before is not taken from it.
  const own = beyond.filter(
    claim => isSameService(claim.service, service) && addresses.includes(claim.address),
  )
  for (const claim of own) await freeClaim(kube, claim, when.signal)
  return own.length === 0 ? taken : 'beyond'
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
