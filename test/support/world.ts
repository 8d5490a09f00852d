import type { Test } from 'tap'
import { type Clock, systemClock } from '../../shared/clock.ts'
import { type App, createApp } from '../../shared/compose.ts'
import { readConfig, type Sources } from '../../shared/config.ts'
import { silentLog } from '../../shared/log.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import type { TestCluster } from './cluster.ts'

/** Environment under which the controller of a test runs. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A controller on a cluster and a simulated BMC, without a host around it. */
export interface World {
  readonly bmc: BmcSimulator
  readonly app: App
  /** Runs one pass and returns its report. */
  resync(options?: { dryRun?: boolean; deadline?: number }): ReturnType<App['controllers']['resync']>
  /** Another controller on the same cluster and cloud, as another process would be. */
  another(environment?: Environment): Promise<App>
}

export interface WorldOptions {
  readonly clock?: Clock
  readonly environment?: Environment
  /** Whose identity the controller has; the shipped service account by default. */
  readonly user?: string
  readonly bmc?: BmcSimulator
}

/** Limit of a pass in tests, in milliseconds. */
const PASS_MS = 60_000

/** Puts a controller between `cluster` and a BMC simulator of its own; both end with the test. */
export async function createWorld(t: Test, cluster: TestCluster, options: WorldOptions = {}): Promise<World> {
  const { clock = systemClock } = options
  const bmc = options.bmc ?? (await startBmcSimulator({ clock }))
  if (!options.bmc) t.teardown(() => bmc.close())
  const kubeconfig = await cluster.kubeconfigFile(options.user)

  async function another(environment: Environment = {}): Promise<App> {
    const sources: Sources = {
      env: {
        PNAP_CLIENT_ID: 'sim-client',
        PNAP_CLIENT_SECRET: 'sim-secret',
        PNAP_BASE_URL: bmc.url,
        PNAP_WEBHOOK_TOKEN: 'webhook-token-of-a-test',
        KUBECONFIG: kubeconfig,
        ...options.environment,
        ...environment,
      },
    }
    const { config } = readConfig(sources)
    const app = await createApp({
      config,
      readSources: async () => sources,
      clock,
      random: () => 0.5,
      log: silentLog,
    })
    t.teardown(() => app.close())
    return app
  }

  const app = await another()
  return {
    bmc,
    app,
    another,
    resync: (given = {}) => app.controllers.resync({ deadline: clock.now() + PASS_MS, ...given }),
  }
}
