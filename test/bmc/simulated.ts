import type { Test } from 'tap'
import { type Bmc, type BmcOptions, createBmc } from '../../shared/bmc/client.ts'
import { silentLog } from '../../shared/log.ts'
import {
  type BmcSimulator,
  type BmcSimulatorOptions,
  startBmcSimulator,
} from '../../shared/simulator/bmc/server.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'

export interface Simulated {
  readonly bmc: Bmc
  readonly simulator: BmcSimulator
  /** Shared by client and simulator. */
  readonly clock: TurnableClock
  /** A further client of the same simulator. */
  readonly connect: (options?: Partial<BmcOptions>) => Bmc
}

/** A client against a simulator of its own; both end with the test. */
export async function simulated(
  t: Test,
  options: Partial<BmcOptions> = {},
  settings: BmcSimulatorOptions = {},
): Promise<Simulated> {
  const clock = createTurnableClock()
  const simulator = await startBmcSimulator({ clock, ...settings })
  const connect = (more: Partial<BmcOptions> = {}): Bmc => {
    const bmc = createBmc({
      baseUrl: simulator.url,
      tokenUrl: simulator.tokenUrl,
      credentials: async () => ({ clientId: 'sim-client', clientSecret: 'sim-secret' }),
      clock,
      random: () => 0,
      log: silentLog,
      ...more,
    })
    t.teardown(() => bmc.close())
    return bmc
  }
  t.teardown(() => simulator.close())
  return { bmc: connect(options), simulator, clock, connect }
}
