import type { Clock } from '../../clock.ts'
import type { Cloud, Instance } from '../../cloud-provider/contract.ts'
import { withinLimit } from '../../limit.ts'
import { type InstanceIndex, toIndex } from '../node/match.ts'
import { createSharedRead } from './shared-read.ts'

/** Instances straight from the cloud, shared by all who ask in one process. */
export interface LiveInstances {
  /**
   * @param deadline milliseconds since 1970
   * @param notBefore milliseconds since 1970: an older list is not good enough
   * @throws CcmError the cloud's error, or CCM_DEADLINE when deadline or signal came first
   */
  list(deadline: number, signal?: AbortSignal, notBefore?: number): Promise<LiveList>
}

export interface LiveList {
  readonly index: InstanceIndex
  /** When it was asked for, in milliseconds since 1970: what came into being later may be missing. */
  readonly startedAt: number
}

/** One list a process in this time, failed and abandoned ones included: a burst of unknown nodes costs one request. */
export const SHARED_FOR_MS = 10_000

export function createLiveInstances(cloud: Cloud, clock: Clock): LiveInstances {
  const read = createSharedRead({
    clock,
    keepMs: SHARED_FOR_MS,
    keepFailures: true,
    start: async signal => {
      const call = { signal, deadline: clock.now() + SHARED_FOR_MS }
      const instances: readonly Instance[] = (await cloud.instancesV2?.listInstances(call)) ?? []
      return toIndex(instances)
    },
  })
  return {
    async list(deadline, signal, notBefore) {
      const { value, startedAt } = await withinLimit(clock, deadline - clock.now(), signal, ends =>
        read(ends, notBefore),
      )
      return { index: value, startedAt }
    },
  }
}
