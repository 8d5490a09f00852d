import type { Test } from 'tap'
import type { Cloud } from '../../shared/cloud-provider/contract.ts'
import { type Log, silentLog } from '../../shared/log.ts'
import { initialize } from '../../shared/phoenixnap/cloud.ts'
import type { LoadBalancerConfig } from '../../shared/phoenixnap/load-balancer.ts'
import type { Backend } from '../../shared/simulator/bmc/backend.ts'
import {
  type BmcSimulator,
  type BmcSimulatorOptions,
  DEFAULT_CLIENT_ID,
  DEFAULT_CLIENT_SECRET,
  startBmcSimulator,
} from '../../shared/simulator/bmc/server.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'

/** A cloud as a host has it, and what is behind it. */
export interface ValidCloud {
  /** Connected to the simulator with its default credentials. */
  readonly cloud: Cloud
  /** Its store, to seed and to inspect. */
  readonly backend: Backend
  /** Its faults and its request log. */
  readonly bmc: BmcSimulator
  /** Of cloud and simulator; it stands still, so that what needs time (a server that is powered off) is turned. */
  readonly clock: TurnableClock
}

export interface ValidCloudOptions extends Omit<BmcSimulatorOptions, 'clock' | 'log'> {
  /** Of the cloud; silent by default. */
  readonly log?: Log
  /** None by default. */
  readonly loadBalancer?: LoadBalancerConfig
}

/** Starts a BMC simulator and a cloud connected to it; both end with the test. */
export async function testGetValidCloud(t: Test, options: ValidCloudOptions = {}): Promise<ValidCloud> {
  const { log = silentLog, loadBalancer, ...settings } = options
  const clock = createTurnableClock()
  const bmc = await startBmcSimulator({ ...settings, clock })
  const clientId = settings.clientId ?? DEFAULT_CLIENT_ID
  const clientSecret = settings.clientSecret ?? DEFAULT_CLIENT_SECRET
  const cloud = initialize({
    baseUrl: bmc.url,
    tokenUrl: bmc.tokenUrl,
    credentials: async () => ({ clientId, clientSecret }),
    clock,
    random: () => 0,
    log,
    loadBalancer,
  })
  t.teardown(async () => {
    cloud.close()
    await bmc.close()
  })
  return { cloud, backend: bmc.backend, bmc, clock }
}
