import { CcmError } from '../../errors.ts'
import { familyOf } from '../../ip-address.ts'
import type { Kube } from '../../kubernetes/client.ts'
import { listIPAddresses } from '../../kubernetes/ip-addresses.ts'
import { toOwnLabels } from '../../kubernetes/labels.ts'
import { toTime } from '../../kubernetes/leases.ts'
import { IP_FAMILY_LABEL, MANAGED_BY, MANAGED_BY_LABEL, NAME, NAMESPACE } from '../../kubernetes/names.ts'
import type { IPAddress } from '../../kubernetes/types.ts'
import { toDurationMs } from '../../setting-parsers.ts'
import type { AddressBook, Claim, ClaimState, Gate } from './contract.ts'

/** Annotations of IPAddress objects; those of live clusters must stay readable. */
export const KEYS = {
  state: 'phoenixnap.com/state',
  since: 'phoenixnap.com/since',
  serviceUid: 'phoenixnap.com/service-uid',
  blockId: 'phoenixnap.com/block-id',
  rest: 'phoenixnap.com/rest',
  why: 'phoenixnap.com/why',
  unusedSince: 'phoenixnap.com/unused-since',
} as const

/** Parent of gates. */
export const INVENTORY_REF = { group: '', resource: 'configmaps', namespace: NAMESPACE, name: NAME } as const

/** What one IPAddress object of ours says. */
export type BookEntry =
  | { readonly kind: 'claim'; readonly claim: Claim }
  | { readonly kind: 'gate'; readonly gate: Gate }
  | { readonly kind: 'unreadable'; readonly name: string }

/**
 * All claims and gates, from one consistent list: a claim and an open gate that it shows together were there at the
 * same moment.
 *
 * @throws CcmError KUBE_*; never a part of the book
 */
export async function readBook(kube: Kube, signal?: AbortSignal): Promise<AddressBook> {
  const { items, date } = await listIPAddresses(kube, signal)
  const entries = items.map(toBookEntry)
  return {
    claims: entries.flatMap(entry => (entry.kind === 'claim' ? [entry.claim] : [])),
    gates: entries.flatMap(entry => (entry.kind === 'gate' ? [entry.gate] : [])),
    unreadable: entries.flatMap(entry => (entry.kind === 'unreadable' ? [entry.name] : [])),
    now: date,
  }
}

/** Reads an object of ours; people may have edited it, so nothing about it is certain but its name. */
export function toBookEntry(object: IPAddress): BookEntry {
  const { resource, group } = object.spec?.parentRef ?? {}
  const claim = resource === 'services' && !group ? toClaim(object) : undefined
  if (claim) return { kind: 'claim', claim }
  const gate = resource === 'configmaps' && !group ? toGate(object) : undefined
  if (gate) return { kind: 'gate', gate }
  return { kind: 'unreadable', name: object.metadata.name }
}

/** The claim that an object of ours was just made or changed into. @throws CcmError CCM_INTERNAL if it is none */
export function expectClaim(object: IPAddress): Claim {
  const entry = toBookEntry(object)
  if (entry.kind === 'claim') return entry.claim
  throw new CcmError('CCM_INTERNAL', `the API server stored IPAddress ${object.metadata.name} as no claim`)
}

const CLAIM_STATES: readonly string[] = [
  'unconfirmed',
  'active',
  'released',
  'retained',
] satisfies ClaimState[]
const GATE_STATES: readonly string[] = ['open', 'closing', 'closed'] satisfies Gate['state'][]
const isClaimState = (text: string): text is ClaimState => CLAIM_STATES.includes(text)
const isGateState = (text: string): text is Gate['state'] => GATE_STATES.includes(text)

function toClaim({ metadata, spec }: IPAddress): Claim | undefined {
  const { namespace, name } = spec.parentRef
  const { uid, resourceVersion, annotations = {} } = metadata
  const { [KEYS.state]: state = '', [KEYS.blockId]: blockId, [KEYS.rest]: rest } = annotations
  if (!namespace || !name || !uid || !resourceVersion || !blockId) return undefined
  const since = toSince(metadata, state)
  const restMs = rest === undefined ? undefined : toRestMs(rest)
  // One that rests for nobody knows how long is freed by nobody.
  if (since === undefined || (state === 'released' && restMs === 'unreadable')) return undefined
  return {
    address: metadata.name,
    family: familyOf(metadata.name),
    service: { namespace, name },
    // A state that nobody knows was written by hand: what its Service has, it keeps.
    state: isClaimState(state) ? state : 'active',
    since,
    serviceUid: annotations[KEYS.serviceUid] || undefined,
    blockId,
    restMs: restMs === 'unreadable' ? undefined : restMs,
    why: annotations[KEYS.why] || undefined,
    uid,
    resourceVersion,
  }
}

/** The time of creation stands in for a broken one, except where that would end a rest too early. */
function toSince(
  { annotations, creationTimestamp }: IPAddress['metadata'],
  state: string,
): number | undefined {
  return toTime(annotations?.[KEYS.since]) ?? (state === 'released' ? undefined : toTime(creationTimestamp))
}

function toRestMs(text: string): number | 'unreadable' {
  try {
    return toDurationMs(text)
  } catch {
    return 'unreadable'
  }
}

function toGate({ metadata, spec }: IPAddress): Gate | undefined {
  const { namespace, name } = spec.parentRef
  const { uid, resourceVersion, annotations = {} } = metadata
  const { [KEYS.state]: state = '', [KEYS.blockId]: blockId } = annotations
  const since = toSince(metadata, state)
  if (namespace !== INVENTORY_REF.namespace || name !== INVENTORY_REF.name) return undefined
  if (!uid || !resourceVersion || !blockId || !isGateState(state) || since === undefined) return undefined
  const unusedSince = toTime(annotations[KEYS.unusedSince])
  return { address: metadata.name, blockId, state, since, unusedSince, uid, resourceVersion }
}

/** Labels of claims and gates, for the API server, for lists and for people. */
export const toLabels = (
  address: string,
  component: 'address-claim' | 'block-gate',
): Readonly<Record<string, string>> => ({
  [MANAGED_BY_LABEL]: MANAGED_BY,
  [IP_FAMILY_LABEL]: familyOf(address),
  ...toOwnLabels(component),
})

/** RFC 3339, as annotations hold times. */
export const toTimeText = (ms: number): string => new Date(ms).toISOString()

/** A duration as settings hold them, as `600s`. */
export const toDurationText = (ms: number): string =>
  ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.ceil(ms)}ms`
