import type { AddressBlock } from '../../cloud-provider/load-balancer.ts'
import { CcmError, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import {
  changeIPAddress,
  createIPAddress,
  deleteIPAddress,
  getIPAddress,
  type Seen,
} from '../../kubernetes/ip-addresses.ts'
import type { IPAddress } from '../../kubernetes/types.ts'
import { INVENTORY_REF, KEYS, readBook, toBookEntry, toLabels, toTimeText } from './book.ts'
import type { Gate } from './contract.ts'
import { describeUse, findUse, toGateAddress } from './use.ts'

/** Milliseconds since 1970 by the API server's clock, and the end of the caller's patience. */
export interface When {
  readonly now: number
  readonly signal?: AbortSignal | undefined
}

/** The gate of that name as it is now; undefined where there is none that can be understood. */
export async function readGate(kube: Kube, address: string, signal?: AbortSignal): Promise<Gate | undefined> {
  try {
    const entry = toBookEntry(await getIPAddress(kube, address, signal))
    return entry.kind === 'gate' ? entry.gate : undefined
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

/**
 * Opens a block for claims. A gate that exists is left as it is: an open one is what is wanted, one of another state
 * belongs to who gives the block back, and one of another block is in the way until `replaces` names it.
 *
 * @param replaces the gate of a block that has gone, whose network address this block has now
 * @returns whether anything was written
 * @throws CcmError KUBE_CONFLICT when `replaces` has changed
 */
export async function openGate(
  kube: Kube,
  block: AddressBlock,
  { now, signal }: When,
  replaces?: Gate,
): Promise<boolean> {
  if (replaces) {
    const change = { ...toState('open', now), [KEYS.blockId]: block.id, [KEYS.unusedSince]: null }
    await annotate(kube, replaces, change, signal)
    return true
  }
  return (await create(kube, block, 'open', { now, signal })) !== undefined
}

/** @returns undefined where an object of that name exists */
async function create(
  kube: Kube,
  block: AddressBlock,
  state: Gate['state'],
  { now, signal }: When,
): Promise<Gate | undefined> {
  const name = toGateAddress(block)
  if (name === undefined) throw new CcmError('CCM_INTERNAL', `block ${block.id} has no range and so no gate`)
  const annotations = { ...toState(state, now), [KEYS.blockId]: block.id }
  try {
    const fresh = { name, labels: labelsOf(name), annotations, parentRef: INVENTORY_REF }
    return expectGate(await createIPAddress(kube, fresh, signal))
  } catch (error) {
    if (hasCode(error, 'KUBE_ALREADY_EXISTS')) return undefined
    throw error
  }
}

/**
 * Closes a block for good if nothing lies in it: the gate turns `closing`, THEN the claims are listed, and only if there
 * are none it turns `closed`. Whoever claims in between finds the gate not open and withdraws; whoever opens it again
 * in between wins, because every step holds only for the gate as the step before left it. May be repeated after a kill
 * at any point.
 *
 * @param gate as it was read; undefined where the block has none: then it gets one
 * @returns `closed`: no claim lies or can come to lie in the block, which may be given back; `in-use`: claims lie in it,
 *   and the gate was opened again where the block is of use
 * @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND when the gate has changed: nothing may be given back then
 */
export async function closeGate(
  kube: Kube,
  block: AddressBlock,
  gate: Gate | undefined,
  when: When,
): Promise<'closed' | 'in-use'> {
  if (gate?.state === 'closed') return 'closed'
  const closing = await startClosing(kube, block, gate, when)
  const use = findUse(await readBook(kube, when.signal), block)
  if (describeUse(use) === undefined) {
    await setState(kube, closing, 'closed', when)
    return 'closed'
  }
  if (block.state === 'assigned' && !block.marked) await reopenGate(kube, closing, when)
  return 'in-use'
}

async function startClosing(
  kube: Kube,
  block: AddressBlock,
  gate: Gate | undefined,
  when: When,
): Promise<Gate> {
  if (gate) return setState(kube, gate, 'closing', when)
  const made = await create(kube, block, 'closing', when)
  if (made) return made
  throw new CcmError('KUBE_CONFLICT', `block ${block.id} was given a gate at the same moment`)
}

/** Opens a gate that was closing; it is not `unused` then. @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND */
export async function reopenGate(kube: Kube, gate: Gate, { now, signal }: When): Promise<Gate> {
  if (gate.state === 'open') return gate
  if (gate.state === 'closed')
    throw new CcmError('CCM_INTERNAL', `gate ${gate.address} is closed for good and cannot be opened`)
  const change = { ...toState('open', now), [KEYS.unusedSince]: null }
  return annotate(kube, gate, change, signal)
}

/** Notes since when no claim lies in the block; undefined: one does. @throws CcmError KUBE_CONFLICT, KUBE_NOT_FOUND */
export async function noteUnused(
  kube: Kube,
  gate: Gate,
  since: number | undefined,
  signal?: AbortSignal,
): Promise<Gate> {
  if (gate.unusedSince === since) return gate
  const change = { [KEYS.unusedSince]: since === undefined ? null : toTimeText(since) }
  return annotate(kube, gate, change, signal)
}

/** The last step of giving back, once the block has gone. @throws CcmError KUBE_CONFLICT */
export async function removeGate(kube: Kube, gate: Gate, signal?: AbortSignal): Promise<void> {
  try {
    await deleteIPAddress(kube, toSeen(gate), signal)
  } catch (error) {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
  }
}

async function setState(kube: Kube, gate: Gate, state: Gate['state'], { now, signal }: When): Promise<Gate> {
  if (gate.state === state) return gate
  return annotate(kube, gate, toState(state, now), signal)
}

async function annotate(
  kube: Kube,
  gate: Gate,
  annotations: Readonly<Record<string, string | null>>,
  signal: AbortSignal | undefined,
): Promise<Gate> {
  const change = { annotations, labels: labelsOf(gate.address) }
  return expectGate(await changeIPAddress(kube, toSeen(gate), change, signal))
}

const labelsOf = (address: string): Readonly<Record<string, string>> => toLabels(address, 'block-gate')

const toState = (state: Gate['state'], now: number): Record<string, string> => ({
  [KEYS.state]: state,
  [KEYS.since]: toTimeText(now),
})

function expectGate(object: IPAddress): Gate {
  const entry = toBookEntry(object)
  if (entry.kind === 'gate') return entry.gate
  throw new CcmError('CCM_INTERNAL', `the API server stored IPAddress ${object.metadata.name} as no gate`)
}

const toSeen = ({ address, uid, resourceVersion }: Gate): Seen => ({ name: address, uid, resourceVersion })
