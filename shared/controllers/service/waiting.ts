import { WAITING } from '../../kubernetes/names.ts'
import type { KubeService } from '../../kubernetes/types.ts'
import { type Allocation, settle } from '../address/allocation.ts'
import type { WaitingService } from '../address/demand.ts'
import { type Decider, decideService, type Knowledge } from './decide.ts'
import { foreseeAddresses } from './obtain.ts'
import { isOnHold } from './state.ts'

/** A Service that new or repaired blocks would help, and since when it has been waiting (ms since 1970). */
export interface Waiter extends WaitingService {
  readonly object: KubeService
  readonly since: number
  /** It holds no claim and nothing is free for it, so that to work on it would change nothing. */
  readonly isEmptyHanded: boolean
}

/** Services that lack addresses: nothing is claimed for them here. */
export function findWaiters(
  decider: Decider,
  services: readonly KubeService[],
  knowledge: Knowledge,
): Waiter[] {
  return services.flatMap(object => {
    const { namespace = '', name } = object.metadata
    const service = { namespace, name }
    const decision = decideService(decider, service, object, knowledge)
    if (decision.kind !== 'serve') return []
    const { allocation, history, wish } = decision
    const { lacking } = settle(allocation, {})
    if (lacking.length === 0 && !isOnHold(allocation)) return []
    const pinned = [...wish.requested, ...history.held]
    const isEmptyHanded = isHopeless(allocation)
    return [{ service, lacking, mode: wish.mode, pinned, object, since: toSince(object), isEmptyHanded }]
  })
}

function isHopeless(allocation: Allocation): boolean {
  const { own, problems } = allocation
  return own.length === 0 && problems.length === 0 && Object.keys(foreseeAddresses(allocation)).length === 0
}

/** One that has not been marked yet has been waiting since it was made. */
function toSince({ metadata }: KubeService): number {
  const times = [metadata.annotations?.[WAITING], metadata.creationTimestamp].map(text =>
    Date.parse(text ?? ''),
  )
  return times.find(time => !Number.isNaN(time)) ?? 0
}

/** Services that are created together come within this time of each other. */
export const BURST_MS = 2000
/** However many come one after the other, the first one waits no longer than this. */
const MAX_BURST_MS = 10_000

/**
 * Whether more Services seem to be on their way: a block that is bought for the first of a dozen would be too small.
 * Not where nobody waits: the least of no ages is Infinity.
 *
 * @param now milliseconds since 1970 by the API server's clock
 */
export function isBurstGrowing(waiters: readonly Waiter[], now: number): boolean {
  const ages = waiters.map(({ since }) => now - since)
  return Math.min(...ages) < BURST_MS && Math.max(...ages) < MAX_BURST_MS
}
