import type { Clock } from '../clock.ts'
import type { Cloud } from '../cloud-provider/contract.ts'
import type { Kube } from '../kubernetes/client.ts'
import type { Log } from '../log.ts'
import { noteLimit } from './resync/lease.ts'

export interface LimitNoteOptions {
  readonly kube: Kube
  readonly cloud: Pick<Cloud, 'limitedUntil'>
  readonly clock: Clock
  readonly log: Log
}

/** A shorter wish is over before others have read of it. */
const WORTH_MS = 10_000
/** A wish that is prolonged by less is no news. */
const NEWS_MS = 5000

/**
 * Lets other processes know when the cloud asked this one to leave it alone: many functions that run at once would each
 * find out by a request of their own. Never throws: who is not told finds out.
 */
export function createLimitNote({
  kube,
  cloud,
  clock,
  log,
}: LimitNoteOptions): (signal?: AbortSignal) => Promise<void> {
  let told = 0
  return async signal => {
    const until = cloud.limitedUntil()
    if (until === undefined || until - clock.now() < WORTH_MS || until - told < NEWS_MS) return
    told = until
    try {
      await noteLimit(kube, until - clock.now(), signal)
    } catch (error) {
      log.debug({ error }, 'other processes were not told to leave the BMC API alone')
    }
  }
}
