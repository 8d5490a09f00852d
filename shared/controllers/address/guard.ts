import type { Clock } from '../../clock.ts'
import type {
  BlockGuard,
  BlockHold,
  BoughtBlock,
  PurchaseIntent,
} from '../../cloud-provider/load-balancer.ts'
import { CcmError, hasCode } from '../../errors.ts'
import type { Kube } from '../../kubernetes/client.ts'
import {
  isHeld,
  type LeaseChange,
  readStoredLease,
  toHold,
  toHolderSpec,
  writeLease,
} from '../../kubernetes/leases.ts'
import { IP_BLOCKS_LEASE } from '../../kubernetes/names.ts'
import type { Lease } from '../../kubernetes/types.ts'
import { startLimit } from '../../limit.ts'
import { BOUGHT, PURCHASE, toBought, toBoughtText, toIntent, toIntentText } from './intent.ts'

/**
 * For one look at the cloud and one change: a token and two lists read together with one repetition each (20 s), the
 * change (10 s), and five requests to the cluster; nobody waits in it for the cloud to finish. Below a function's 60 s
 * and the interval of passes, so that a killed holder costs one of them.
 */
export const HOLD_MS = 45_000
/** Dates of answers are whole seconds, and the clocks of two API servers differ a little. */
const MARGIN_MS = 3_000
/** Time for the one write that ends a hold, whatever became of the work. */
const RELEASE_MS = 3_000

export interface GuardOptions {
  readonly kube: Kube
  /** A name that no other hold has. */
  readonly newHolder: () => string
  readonly clock: Clock
}

/** The guard that the Lease is. All times are the API server's; the clock only measures how long answers took. */
export function createBlockGuard(options: GuardOptions): BlockGuard {
  return {
    async exclusively(work, { signal } = {}) {
      const held = await acquire(options, signal)
      if (!held) return 'busy'
      try {
        return await work(held)
      } finally {
        await release(options, held)
      }
    },
  }
}

interface Held extends BlockHold {
  /** Undefined once it is not known how the Lease was left. */
  readonly resourceVersion: string | undefined
}

/** @returns undefined when another handler holds it or was quicker */
async function acquire(options: GuardOptions, signal?: AbortSignal): Promise<Held | undefined> {
  const { kube, newHolder } = options
  const stored = await readStoredLease(kube, IP_BLOCKS_LEASE, signal)
  if (isHeld(toHold(stored, HOLD_MS))) return undefined
  const { resourceVersion, annotations } = stored.lease.metadata
  const intent = toIntent(annotations?.[PURCHASE])
  const bought = toBought(annotations?.[BOUGHT])
  const holder = newHolder()
  try {
    const spec = toHolderSpec(holder, stored.now, HOLD_MS)
    const lease = await writeLease(kube, IP_BLOCKS_LEASE, resourceVersion, { spec }, signal)
    return createHold(options, { holder, now: stored.now, intent, bought, lease, signal })
  } catch (error) {
    if (hasCode(error, 'KUBE_CONFLICT', 'KUBE_ALREADY_EXISTS', 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

interface HoldStart {
  readonly holder: string
  readonly now: number
  readonly intent: PurchaseIntent | undefined
  readonly bought: readonly BoughtBlock[]
  readonly lease: Lease
  readonly signal: AbortSignal | undefined
}

function createHold(
  { kube, clock }: GuardOptions,
  { holder, now, lease, signal, ...start }: HoldStart,
): Held {
  let { intent, bought } = start
  let resourceVersion = lease.metadata.resourceVersion

  async function setIntent(wanted: PurchaseIntent | undefined, blocks = bought): Promise<void> {
    const text = wanted && toIntentText(wanted)
    const boughtText = toBoughtText(blocks)
    const isStored = !wanted && !intent && boughtText === toBoughtText(bought)
    if (isStored && resourceVersion !== undefined) return
    const change = { annotations: { [PURCHASE]: text ?? null, [BOUGHT]: boughtText ?? null } }
    const seen = resourceVersion
    // Until the answer is here it is not known which version is stored: nothing more is written then.
    resourceVersion = undefined
    resourceVersion = (await update(kube, seen, change, signal)).metadata.resourceVersion
    intent = wanted
    bought = toBought(boughtText)
  }

  async function confirm(): Promise<number> {
    const startedAt = clock.now()
    const stored = await readStoredLease(kube, IP_BLOCKS_LEASE, signal)
    const { acquiredAt = 0, limitMs, ...found } = toHold(stored, HOLD_MS)
    const isSame = found.holder === holder && stored.lease.metadata.resourceVersion === resourceVersion
    const left = acquiredAt + limitMs - found.now - (clock.now() - startedAt) - MARGIN_MS
    if (!isSame || left <= 0) throw lost()
    return left
  }

  return {
    now,
    setIntent,
    confirm,
    get intent() {
      return intent
    },
    get bought() {
      return bought
    },
    get resourceVersion() {
      return resourceVersion
    },
  }
}

async function update(
  kube: Kube,
  resourceVersion: string | undefined,
  change: LeaseChange,
  signal?: AbortSignal,
): Promise<Lease> {
  if (resourceVersion === undefined) throw lost()
  try {
    return await writeLease(kube, IP_BLOCKS_LEASE, resourceVersion, change, signal)
  } catch (error) {
    throw hasCode(error, 'KUBE_NOT_FOUND') ? lost(error) : error
  }
}

const lost = (cause?: unknown): CcmError =>
  new CcmError('KUBE_CONFLICT', `the Lease ${IP_BLOCKS_LEASE} has been lost to another handler`, { cause })

/** Also after the caller's signal has aborted: the next one would wait for the whole time. It never hides the outcome. */
async function release({ kube, clock }: GuardOptions, { resourceVersion }: Held): Promise<void> {
  const limit = startLimit(clock, RELEASE_MS)
  try {
    await update(kube, resourceVersion, { spec: { holderIdentity: null } }, limit.signal)
  } catch (error) {
    // Lost, or not to be reached: then it frees itself by time.
    if (!hasCode(error)) throw error
  } finally {
    limit.stop()
  }
}
