import { MANAGED_BY, MANAGED_BY_LABEL, RETAIN_IP } from '../../shared/kubernetes/names.ts'
import type { IPAddress, KubeService } from '../../shared/kubernetes/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { type AddressView, toAddressView } from '../../test/support/services.ts'
import type { Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import type { Hands } from './hands.ts'
import { liveOf, type State } from './state.ts'
import { keyOf, toKey } from './users.ts'

/** A claim of a Service, with the time of its state in milliseconds since 1970, by the API server's clock. */
interface Claim extends AddressView {
  readonly since: number
  /** As `services default/web`. */
  readonly key: string
}

/** An address that a Service had, and since when it has it no more. */
interface Ended {
  readonly claim: Claim
  readonly at: number
  /** By the settings of then: it may have been freed before they were changed. */
  readonly restMs: number
}

/** Times are in whole seconds, and requests are on their way. */
const SLACK_MS = 5000
/** A release is on its way no longer than the API server gives a request. */
const LONGEST_WAY_MS = 60_000

/** What becomes of claims: retained ones stay, and an address rests before somebody else gets it. */
export function createClaimChecks(state: State, hands: Hands): Checks {
  const { inputs } = state
  /** Addresses that are in use by their claims. */
  const used = new Set<string>()
  const ended = new Map<string, Ended>()
  /** Services that said when they were deleted that they retain their addresses, with all that they had. */
  const leaving = new Map<string, readonly string[]>()
  /** Addresses of Services that have changed their type since. */
  const typeChanged = new Set<string>()

  /** How far that clock is ahead of the true time, and when it was set last. */
  let leap = { aheadMs: 0, leapMs: 0, at: Number.NEGATIVE_INFINITY }
  const now = (): number => inputs.clusterNow?.() ?? inputs.now()

  function noteService(entry: Stored): void {
    const service = entry.object as unknown as KubeService
    const old = entry.old as KubeService | undefined
    const isLeaving = service.metadata.deletionTimestamp !== undefined
    noteType(service, old)
    if (entry.type === 'DELETED' || !isRetaining(service)) leaving.delete(keyOf(entry))
    else if (isLeaving && old && old.metadata.deletionTimestamp === undefined && isRetaining(old))
      leaving.set(keyOf(entry), liveOf(old))
  }

  /** kube-vip leaves the address of one that changes its type on a node's interface. */
  function noteType(service: KubeService, old: KubeService | undefined): void {
    for (const address of liveOf(service)) typeChanged.delete(address)
    const changes = old?.spec?.type === 'LoadBalancer' && service.spec?.type !== 'LoadBalancer'
    if (old && changes) for (const address of liveOf(old)) typeChanged.add(address)
  }

  function checkClaim(entry: Stored): Fault[] {
    const address = entry.object.metadata.name ?? ''
    const before = toClaim(entry.old)
    const after = entry.type === 'DELETED' ? undefined : toClaim(entry.object)
    // By hand, or without its block, an address may go in any way.
    const isOrderly = inputs.isProcess(entry.by) && !hands.excuse(address)
    if (!isOrderly) ended.delete(address)
    const faults = isOrderly ? [...checkRetained(before, after), ...checkRest(after)] : []
    note(address, isOrderly ? before : undefined, after)
    return faults
  }

  function checkRetained(before: Claim | undefined, after: Claim | undefined): Fault[] {
    if (!before || (after?.key === before.key && after.state !== 'released')) return []
    const is = after ? `it is ${after.state} for ${after.service}` : 'it is free'
    if (before.state === 'retained')
      return [toFault('1f', before, `it was retained for ${before.service}, and ${is}`)]
    const isRetained =
      inputs.settings.everybodyRetains &&
      before.state === 'active' &&
      leaving.get(before.key)?.includes(before.address)
    return isRetained ? [toFault('1f', before, `${before.service} retains it for good, and ${is}`)] : []
  }

  const toRestMs = (address: string): number => {
    const { announcer, releaseQuarantineMs, typeChangeQuarantineMs } = inputs.settings
    const staysOnNode = announcer === 'kube-vip' && typeChanged.has(address)
    return staysOnNode ? Math.max(releaseQuarantineMs, typeChangeQuarantineMs) : releaseQuarantineMs
  }

  function checkRest(after: Claim | undefined): Fault[] {
    const last = ended.get(after?.address ?? '')
    if (!last || !after || last.claim.key === after.key || last.claim.blockId !== after.blockId) return []
    ended.delete(after.address)
    const restedMs = now() - last.at
    if (restedMs < 0 || restedMs >= Math.min(last.restMs, toRestMs(after.address)) - SLACK_MS) return []
    const who = `${last.claim.service} had it ${Math.round(restedMs / 1000)} s ago`
    return [toFault('1g', after, `it is claimed for ${after.service}, and ${who}`)]
  }

  function note(address: string, before: Claim | undefined, after: Claim | undefined): void {
    const wasInUse = used.has(address)
    const isInUse = after?.state === 'active' || (wasInUse && isStillUsed(after))
    if (isInUse) {
      used.add(address)
      ended.delete(address)
      return
    }
    used.delete(address)
    if (before && wasInUse) ended.set(address, { claim: before, at: toEnd(after), restMs: toRestMs(address) })
  }

  /** By its own word, as far as that can be. */
  const toEnd = (after: Claim | undefined): number =>
    after && after.since <= now() ? Math.max(after.since, now() - LONGEST_WAY_MS - toLeapMs()) : now()

  /** What is on its way while the API server's clock is set forward has rested for so much longer by that clock. */
  const toLeapMs = (): number => (inputs.now() - leap.at < LONGEST_WAY_MS ? Math.max(0, leap.leapMs) : 0)

  function noteLeap(): void {
    const aheadMs = now() - inputs.now()
    if (aheadMs !== leap.aheadMs) leap = { aheadMs, leapMs: aheadMs - leap.aheadMs, at: inputs.now() }
  }

  for (const { address, state: claimState } of state.addresses.values())
    if (claimState === 'active') used.add(address)

  return {
    check(entry) {
      noteLeap()
      if (entry.kind !== 'stored') return []
      if (entry.resource === 'services') noteService(entry)
      return entry.resource === 'ipaddresses' ? checkClaim(entry) : []
    },
  }
}

const isRetaining = ({ metadata: { annotations } }: KubeService): boolean =>
  annotations?.[RETAIN_IP] === 'true'

/** On its way to be confirmed again, or of a Service that is deleted and still there. */
const isStillUsed = (claim: Claim | undefined): boolean =>
  claim?.state === 'unconfirmed' || (claim?.state === 'released' && Boolean(claim.serviceUid))

/** Undefined for a gate, and for what is not ours. */
function toClaim(object: KubeObject | undefined): Claim | undefined {
  if (!object || object.metadata.labels?.[MANAGED_BY_LABEL] !== MANAGED_BY) return undefined
  const ipAddress = object as unknown as IPAddress
  const { namespace, name } = ipAddress.spec.parentRef
  const since = Date.parse(object.metadata.annotations?.['phoenixnap.com/since'] ?? '')
  const view = toAddressView(ipAddress)
  return view.service === undefined ? undefined : { ...view, since, key: toKey('services', namespace, name) }
}

const toFault = (invariant: '1f' | '1g', { address }: Claim, what: string): Fault => ({
  invariant,
  object: `ipaddresses ${address}`,
  what,
})
