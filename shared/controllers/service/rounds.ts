import type { WorkCall } from '../contract.ts'
import type { ServiceContext } from './context.ts'
import { type Round, runRound } from './round.ts'

/** Rounds of one process: of many Services that wait at the same moment, one looks for all. */
export interface Rounds {
  /** @throws CcmError as runRound */
  run(call: WorkCall): Promise<Round>
}

export function createRounds(context: ServiceContext): Rounds {
  let running: Promise<Round> | undefined
  return {
    run(call) {
      running ??= runRound(context, call).finally(() => {
        running = undefined
      })
      return running
    },
  }
}
