import { CcmError, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import {
  isHeld,
  type LeaseChange,
  type LeaseHold,
  readStoredLease,
  SKEW_MS,
  type StoredLease,
  toHold,
  toHolderSpec,
  toMicroTime,
  toTime,
  writeLease,
} from '../../kubernetes/leases.ts'
import { RESYNC_LEASE } from '../../kubernetes/names.ts'
import { pickFrom } from '../../kubernetes/shape.ts'

const GENERATION = 'phoenixnap.com/inventory-generation'
const UNREACHABLE_SINCE = 'phoenixnap.com/bmc-unreachable-since'
const LIMITED_UNTIL = 'phoenixnap.com/bmc-rate-limited-until'
const DELETED_NODES = 'phoenixnap.com/deleted-nodes'
const ACCOUNT = 'phoenixnap.com/bmc-account'

/** No pass takes longer; a longer limit was written by hand and would keep passes out. */
const MAX_LIMIT_MS = 300_000
/** No API is left alone for longer; a longer time was written by hand. */
const MAX_LIMITED_MS = 15 * 60_000
/** Two who were told at the same time do not tell each other. */
const SAME_MS = 5000
/** Time for the one write that ends a pass, whatever became of the pass. */
const RELEASE_MS = 3000

/** What the resync Lease tells: who is at work, what the last complete pass vouched for, what was deleted. */
export interface LeaseState extends LeaseHold {
  readonly resourceVersion: string | undefined
  /** When the last pass that saw every server took the Lease. */
  readonly renewedAt: number | undefined
  /** Inventory generation that it vouched for. */
  readonly generation: string | undefined
  readonly unreachableSince: number | undefined
  /** Until when BMC asked all of us to send nothing; undefined when that has passed, or was noted by another clock. */
  readonly limitedUntil: number | undefined
  /** Fingerprint of the account that the vouched inventory was listed with; outlives the inventory. */
  readonly account: string | undefined
  /** Times at which nodes were deleted, oldest first; one that lies in the future counts as now. */
  readonly deletions: readonly number[]
  /** Whether one does as it is stored. */
  readonly hasDeletionsAhead: boolean
}

/** Reads the Lease; a cluster in which no pass ever ran has an empty one. */
export async function readLease(kube: Kube, signal?: AbortSignal): Promise<LeaseState> {
  const stored = await readStoredLease(kube, RESYNC_LEASE, signal)
  return pickFrom(RESYNC_LEASE, stored.lease, () => toState(stored))
}

function toState(stored: StoredLease): LeaseState {
  const { metadata, spec } = stored.lease
  const annotations = metadata.annotations ?? {}
  const deletions = toDeletions(annotations[DELETED_NODES])
  const hold = toHold(stored, MAX_LIMIT_MS)
  return {
    ...hold,
    resourceVersion: metadata.resourceVersion,
    renewedAt: toTime(spec?.renewTime),
    generation: annotations[GENERATION],
    unreachableSince: toTime(annotations[UNREACHABLE_SINCE]),
    limitedUntil: isAhead(hold.acquiredAt ?? 0, stored)
      ? undefined
      : toComing(toTime(annotations[LIMITED_UNTIL]), stored.now),
    account: annotations[ACCOUNT],
    deletions: deletions.map(time => (isAhead(time, stored) ? stored.now : time)),
    hasDeletionsAhead: deletions.some(time => isAhead(time, stored)),
  }
}

const toDeletions = (text = ''): readonly number[] => text.split(',').flatMap(entry => toTime(entry) ?? [])

/** Noted before the API server's clock was set back, or by hand. */
const isAhead = (time: number, { now }: StoredLease): boolean => time > now + SKEW_MS

const toComing = (time: number | undefined, now: number): number | undefined =>
  time !== undefined && time > now && time - now <= MAX_LIMITED_MS ? time : undefined

/** What a pass leaves behind for the next one and for joining nodes. */
export interface LeaseEnd {
  readonly now: number
  /** Only of a pass that saw every server: the inventory that it vouches for, and the account it was listed with. */
  readonly vouched?: { readonly generation: string; readonly account: string } | undefined
  readonly unreachableSince?: number | undefined
  readonly limitedUntil?: number | undefined
}

/** A Lease that this pass holds; every write fails with KUBE_CONFLICT once another pass has taken over. */
export interface HeldLease {
  readonly state: LeaseState
  /** Notes deletions before they are done, so that a kill in between never forgets one. */
  noteDeletions(times: readonly number[]): Promise<void>
  /** Ends the pass. `generation` of a complete pass is vouched for from now on. */
  release(end: LeaseEnd): Promise<void>
}

/**
 * Holders of passes of this process that are over although the Lease may name them still: an API server that goes away
 * in mid-pass takes neither their end nor, if its answer was lost, tells of their beginning.
 */
export type EndedPasses = Set<string>

/**
 * Takes the Lease for one pass of at most `limitMs`, also from one of the `ended`: nobody need wait for its time.
 *
 * @returns undefined when another pass is at work or was quicker
 */
export async function acquireLease(
  kube: Kube,
  holder: string,
  limitMs: number,
  signal?: AbortSignal,
  ended: EndedPasses = new Set(),
): Promise<HeldLease | undefined> {
  const attempt = () => tryToAcquire(kube, holder, limitMs, signal, ended)
  // Who was quicker may only have noted a limit, which takes the Lease from nobody: a second look tells.
  return (await attempt()) ?? attempt()
}

async function tryToAcquire(
  kube: Kube,
  holder: string,
  limitMs: number,
  signal: AbortSignal | undefined,
  ended: EndedPasses,
): Promise<HeldLease | undefined> {
  const state = await readLease(kube, signal)
  if (isHeld(state) && !ended.has(state.holder ?? '')) return undefined
  const change = {
    spec: toHolderSpec(holder, state.now, limitMs),
    // Or they would count as of this moment for as long as the clock was ahead.
    ...(state.hasDeletionsAhead && { annotations: toDeletionNote(state.deletions) }),
  }
  try {
    const lease = await writeLease(kube, RESYNC_LEASE, state.resourceVersion, change, signal)
    ended.clear()
    return hold(kube, { ...state, holder, resourceVersion: lease.metadata.resourceVersion }, signal)
  } catch (error) {
    if (hasCode(error, 'KUBE_CONFLICT', 'KUBE_ALREADY_EXISTS')) return undefined
    ended.add(holder)
    throw error
  }
}

/**
 * Tells other processes that BMC asked to be left alone for so long. Nothing is written while a pass is at work, which
 * writes at its end, or where others have told it.
 *
 * @throws CcmError KUBE_*
 */
export async function noteLimit(kube: Kube, limitedForMs: number, signal?: AbortSignal): Promise<void> {
  const state = await readLease(kube, signal)
  const until = state.now + Math.min(limitedForMs, MAX_LIMITED_MS)
  const isKnown = state.limitedUntil !== undefined && state.limitedUntil >= until - SAME_MS
  if (isHeld(state) || isKnown || state.resourceVersion === undefined) return
  const annotations = { [LIMITED_UNTIL]: toMicroTime(until) }
  try {
    await writeLease(kube, RESYNC_LEASE, state.resourceVersion, { annotations }, signal)
  } catch (error) {
    if (!hasCode(error, 'KUBE_CONFLICT')) throw error
  }
}

const toDeletionNote = (times: readonly number[]): Record<string, string> => ({
  [DELETED_NODES]: times.map(toMicroTime).join(','),
})

const toText = (time: number | undefined): string | null => (time === undefined ? null : toMicroTime(time))

function hold(kube: Kube, state: LeaseState, signal?: AbortSignal): HeldLease {
  let { resourceVersion } = state
  async function update(change: LeaseChange, until = signal): Promise<void> {
    if (resourceVersion === undefined) throw new CcmError('KUBE_CONFLICT', 'the resync Lease has been lost')
    resourceVersion = (await writeLease(kube, RESYNC_LEASE, resourceVersion, change, until)).metadata
      .resourceVersion
  }
  return {
    state,
    noteDeletions: times => update({ annotations: toDeletionNote(times) }),
    release({ now, vouched, unreachableSince, limitedUntil }) {
      const change = {
        // acquireTime stays: it tells when the last pass looked, whatever came of it.
        spec: { holderIdentity: null, ...(vouched && { renewTime: toMicroTime(now) }) },
        annotations: {
          [UNREACHABLE_SINCE]: toText(unreachableSince),
          [LIMITED_UNTIL]: toText(limitedUntil),
          ...(vouched && { [GENERATION]: vouched.generation, [ACCOUNT]: vouched.account }),
        },
      }
      // Also by a pass that was told to end: the next one would wait for the whole time limit.
      return update(change, AbortSignal.timeout(RELEASE_MS))
    },
  }
}
