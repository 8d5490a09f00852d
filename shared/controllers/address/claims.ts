import type { IPFamily, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import { hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import {
  changeIPAddress,
  createIPAddress,
  deleteIPAddress,
  getIPAddress,
  type Seen,
} from '../../kubernetes/ip-addresses.ts'
import { MANAGED_BY_LABEL } from '../../kubernetes/names.ts'
import { expectClaim, KEYS, toBookEntry, toDurationText, toLabels, toTimeText } from './book.ts'
import type { Claim } from './contract.ts'
import { readGate, type When } from './gates.ts'

/** An address that a Service is to get. */
export interface ClaimRequest {
  /** Canonical, of a block whose gate was seen open. */
  readonly address: string
  readonly family: IPFamily
  readonly service: ServiceRef
  /** Undefined in a review, which does not know it. */
  readonly serviceUid?: string | undefined
  /** `active` for a Service that is known to be stored and to want it. */
  readonly state: 'unconfirmed' | 'active'
  readonly blockId: string
  /** Network address of the block. */
  readonly gateAddress: string
}

export interface Claimed {
  readonly claim: Claim
  /** False for one that another handler of the same Service made, and may have answered with already. */
  readonly isNew: boolean
}

/**
 * Claims an address: creates its claim and THEN reads the gate of its block. Every claim begins as `unconfirmed`, so
 * that one left behind anywhere in here is freed by time, or found again by the same Service.
 *
 * @returns the claim; `taken` when another Service has the address; `closed` when the block is being given back (or is
 *   another one by now): the claim is withdrawn, and where even that fails it stays unconfirmed and is freed by time
 * @throws CcmError KUBE_*; the claim may have been made then
 */
export async function claimAddress(
  kube: Kube,
  request: ClaimRequest,
  when: When,
): Promise<Claimed | 'taken' | 'closed'> {
  const made = await create(kube, request, when)
  const claim = made ?? (await findOwn(kube, request, when.signal))
  if (claim === undefined) return 'taken'
  const gate = await readGate(kube, request.gateAddress, when.signal)
  if (gate?.state !== 'open' || gate.blockId !== request.blockId) {
    if (made) await withdraw(kube, made, when.signal)
    return 'closed'
  }
  const isDone = request.state === 'unconfirmed' || request.serviceUid === undefined
  const isNew = made !== undefined
  if (isDone || isInUse(claim, request.serviceUid)) return { claim, isNew }
  return { claim: await confirmClaim(kube, claim, request.serviceUid, when), isNew }
}

/** @returns undefined when the address has a claim already */
async function create(kube: Kube, request: ClaimRequest, { now, signal }: When): Promise<Claim | undefined> {
  const { address, service, serviceUid, blockId } = request
  const annotations = {
    [KEYS.state]: 'unconfirmed',
    [KEYS.since]: toTimeText(now),
    [KEYS.blockId]: blockId,
    ...(serviceUid === undefined ? {} : { [KEYS.serviceUid]: serviceUid }),
  }
  const parentRef = { group: '', resource: 'services', namespace: service.namespace, name: service.name }
  try {
    const fresh = { name: address, labels: labelsOf(address), annotations, parentRef }
    return expectClaim(await createIPAddress(kube, fresh, signal))
  } catch (error) {
    if (hasCode(error, 'KUBE_ALREADY_EXISTS')) return undefined
    throw error
  }
}

/**
 * Two handlers that work on one Service choose the same address: the second one must not go and take another. One that
 * somebody took our label from stands in no list, and gets it back.
 */
async function findOwn(
  kube: Kube,
  { address, service, blockId }: ClaimRequest,
  signal?: AbortSignal,
): Promise<Claim | undefined> {
  try {
    const object = await getIPAddress(kube, address, signal)
    const entry = toBookEntry(object)
    if (entry.kind !== 'claim' || entry.claim.blockId !== blockId) return undefined
    const { namespace, name } = entry.claim.service
    if (namespace !== service.namespace || name !== service.name) return undefined
    const isListed = object.metadata.labels?.[MANAGED_BY_LABEL] !== undefined
    return isListed
      ? entry.claim
      : expectClaim(await changeIPAddress(kube, toSeen(entry.claim), { labels: labelsOf(address) }, signal))
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

async function withdraw(kube: Kube, claim: Claim, signal?: AbortSignal): Promise<void> {
  try {
    await freeClaim(kube, claim, signal)
  } catch (error) {
    // It is unconfirmed, and the address is not used: nothing hangs on when it goes.
    if (!hasCode(error)) throw error
  }
}

const isInUse = ({ state, serviceUid }: Claim, uid: string): boolean =>
  state === 'active' && serviceUid === uid

/**
 * A Service has it: `active`, whatever it was before, and another version than anybody has read.
 *
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND
 */
export async function confirmClaim(
  kube: Kube,
  claim: Claim,
  serviceUid: string,
  { now, signal }: When,
): Promise<Claim> {
  const change = {
    ...toState(claim, 'active', now),
    ...(isInUse(claim, serviceUid) ? { [KEYS.since]: toLaterText(claim, now) } : {}),
    [KEYS.serviceUid]: serviceUid,
    [KEYS.rest]: null,
    [KEYS.why]: null,
  }
  return annotate(kube, claim, change, signal)
}

/**
 * Before a Service is stored that relies on it: nobody takes it away from one that is still on its way, and whoever
 * decided about it before finds another version than he read. Where that Service is rejected, it goes to its rest.
 *
 * @param restMs for one that does not rest already
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND where somebody changed it meanwhile
 */
export async function renewClaim(
  kube: Kube,
  claim: Claim,
  restMs: number,
  { now, signal }: When,
): Promise<Claim> {
  const change = {
    [KEYS.state]: 'unconfirmed',
    [KEYS.since]: toLaterText(claim, now),
    ...(claim.state === 'active' ? { [KEYS.rest]: toDurationText(restMs) } : {}),
  }
  return annotate(kube, claim, change, signal)
}

/** Why and for how long a claim rests. */
export interface Release {
  readonly restMs: number
  readonly why: string
  /** UID of the deleted Service that still has the address: the rest does not end before that one is gone. */
  readonly heldBy?: string | undefined
}

/**
 * It rests, and only the same namespace and name gets it back meanwhile. One that rests already keeps its time, unless
 * it was held by a Service until now.
 *
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND
 */
export async function releaseClaim(
  kube: Kube,
  claim: Claim,
  { restMs, why, heldBy }: Release,
  { now, signal }: When,
): Promise<Claim> {
  const wasHeld = claim.state === 'released' && claim.serviceUid !== heldBy
  if (claim.state === 'released' && claim.restMs === restMs && !wasHeld) return claim
  const change = {
    ...toState(claim, 'released', now),
    ...(wasHeld ? { [KEYS.since]: toTimeText(now) } : {}),
    [KEYS.serviceUid]: heldBy ?? null,
    [KEYS.rest]: toDurationText(restMs),
    [KEYS.why]: why,
  }
  return annotate(kube, claim, change, signal)
}

/** It is kept for the same namespace and name for good. @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND */
export async function retainClaim(
  kube: Kube,
  claim: Claim,
  why: string,
  { now, signal }: When,
): Promise<Claim> {
  if (claim.state === 'retained') return claim
  const change = {
    ...toState(claim, 'retained', now),
    [KEYS.serviceUid]: null,
    [KEYS.rest]: null,
    [KEYS.why]: why,
  }
  return annotate(kube, claim, change, signal)
}

/** Its time runs from now on. @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND */
export const redateClaim = (kube: Kube, claim: Claim, { now, signal }: When): Promise<Claim> =>
  annotate(kube, claim, { [KEYS.since]: toTimeText(now) }, signal)

/** Frees the address, as the claim was read; one that has gone is free. @throws CcmError KUBE_CONFLICT */
export async function freeClaim(kube: Kube, claim: Claim, signal?: AbortSignal): Promise<void> {
  try {
    await deleteIPAddress(kube, toSeen(claim), signal)
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
  }
}

/** The API server's time is in whole seconds, and a change that changes nothing makes no version. */
const toLaterText = ({ since }: Claim, now: number): string => toTimeText(Math.max(now, since + 1))

const toState = ({ state }: Claim, wanted: Claim['state'], now: number): Record<string, string> => ({
  [KEYS.state]: wanted,
  ...(state === wanted ? {} : { [KEYS.since]: toTimeText(now) }),
})

async function annotate(
  kube: Kube,
  claim: Claim,
  annotations: Readonly<Record<string, string | null>>,
  signal?: AbortSignal,
): Promise<Claim> {
  const change = { annotations, labels: labelsOf(claim.address) }
  return expectClaim(await changeIPAddress(kube, toSeen(claim), change, signal))
}

const labelsOf = (address: string): Readonly<Record<string, string>> => toLabels(address, 'address-claim')

const toSeen = ({ address, uid, resourceVersion }: Claim): Seen => ({ name: address, uid, resourceVersion })
