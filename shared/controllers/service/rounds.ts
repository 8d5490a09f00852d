import type { KubeService } from '../../kubernetes/types.ts'
import type { WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'
import { type Round, runRound } from './round.ts'

/** Rounds of one process: of many Services that wait at the same moment, one looks for all. */
export interface Rounds {
  /**
   * A round that is under way, or the last one where it has only just ended and left this version of the Service
   * waiting; otherwise a new one.
   *
   * @throws CcmError as runRound
   */
  run(service: KubeService | undefined, call: WorkCall): Promise<Round>
}

/** Below the time after which a Service is looked at again: each look finds another round. */
const FRESH_MS = 1000

export function createRounds(context: ServiceContext): Rounds {
  let running: Promise<Round> | undefined
  let last: { readonly round: Round; readonly at: number } | undefined

  async function run(call: WorkCall): Promise<Round> {
    try {
      const round = await runRound(context, call)
      last = { round, at: context.clock.now() }
      return round
    } finally {
      running = undefined
    }
  }

  return {
    run: async (service, call) => {
      const isFresh = last !== undefined && Math.abs(context.clock.now() - last.at) < FRESH_MS
      if (isFresh && service && last?.round.leavesWaiting(service)) return last.round
      running ??= run(call)
      return running
    },
  }
}
