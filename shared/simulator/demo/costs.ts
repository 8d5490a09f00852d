import type { Clock } from '../../clock.ts'
import { SERVICE_ACCOUNT_USER } from '../../kubernetes/names.ts'
import type { BmcSimulator } from '../bmc/server.ts'
import type { KubernetesSimulator } from '../kubernetes/server.ts'

/** Requests of the controller: to the BMC API (tokens included), and to the Kubernetes API. */
export interface Cost {
  readonly bmc: number
  readonly reads: number
  readonly writes: number
}

/** Counts what the controller asks of both sides, as the simulators' request logs have it. */
export interface Meter {
  total(): Cost
  since(before: Cost): Cost
  /** Waits until the controller has asked nothing for a moment, so that what it does is counted whole. */
  settle(): Promise<void>
}

/** Audit events wait up to 100 ms for their batch, and what they ring for is done some milliseconds later. */
const QUIET_MS = 200
const STEP_MS = 50
/** A pass that begins meanwhile must not keep the story waiting. */
const PATIENCE_MS = 2000

/** @param ownCalls BMC requests so far that were the demo's own and not the controller's */
export function createMeter(
  bmc: Pick<BmcSimulator, 'requests'>,
  kubernetes: Pick<KubernetesSimulator, 'requests'>,
  ownCalls: () => number,
  clock: Clock,
): Meter {
  function total(): Cost {
    const all = kubernetes.requests.count({ user: SERVICE_ACCOUNT_USER })
    const writes = kubernetes.requests.writes(SERVICE_ACCOUNT_USER).length
    return { bmc: bmc.requests.count() - ownCalls(), reads: all - writes, writes }
  }

  async function settle(): Promise<void> {
    const giveUpAt = clock.now() + PATIENCE_MS
    let [last, quietSince] = [toText(total()), clock.now()]
    while (clock.now() - quietSince < QUIET_MS && clock.now() < giveUpAt) {
      await clock.sleep(STEP_MS)
      const next = toText(total())
      if (next !== last) [last, quietSince] = [next, clock.now()]
    }
  }

  return { total, since: before => subtract(total(), before), settle }
}

const toText = ({ bmc, reads, writes }: Cost): string => `${bmc} ${reads} ${writes}`

const subtract = (now: Cost, before: Cost): Cost => ({
  bmc: now.bmc - before.bmc,
  reads: now.reads - before.reads,
  writes: now.writes - before.writes,
})
