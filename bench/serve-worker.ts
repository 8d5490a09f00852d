import { logSecrets } from '../functions/live-settings.ts'
import { MAX_BODY_BYTES_IN_FLIGHT, NO_LIMITS } from '../functions/overload-plan.ts'
import { startServing } from '../functions/serving.ts'
import { systemClock } from '../shared/clock.ts'
import { createApp } from '../shared/compose.ts'
import { CLOUD_SETTINGS, readConfig } from '../shared/config.ts'
import { createLog } from '../shared/log.ts'
import { createRegistry } from '../shared/metrics/registry.ts'
import { TOKEN } from './stage.ts'

/** Told with every message. */
export interface WorkerState {
  /** Keys that wait or are worked on. */
  readonly queued: number
  /** CPU time so far, in microseconds. */
  readonly cpu: number
  /** The most memory that the process ever held, in bytes. */
  readonly peakBytes: number
}

/**
 * `serve` in a process of its own over plain HTTP, after one pass, as it is shipped: it counts, and logs each decision. With
 * `off` for its argument it takes on all that comes: the same code, its limits set to infinite.
 */
async function main([kind]: string[]): Promise<void> {
  const sources = { env: process.env }
  const { config } = readConfig(sources, CLOUD_SETTINGS)
  const secrets = logSecrets(config)
  const log = await createLog({ level: config.logLevel, secrets: () => secrets })
  const registry = createRegistry()
  const app = await createApp({ config, readSources: async () => sources, log, measure: registry.measure })
  await app.controllers.resync({ deadline: Date.now() + 60_000 })
  const serving = await startServing({
    app,
    log,
    clock: systemClock,
    random: Math.random,
    listen: { host: '127.0.0.1', port: 0 },
    tokens: () => [TOKEN],
    resyncIntervalMs: 3_600_000,
    maxBodyBytes: config.maxBodyBytes,
    shutdownGraceMs: 0,
    metrics: { registry, listen: { host: '127.0.0.1', port: 0 } },
    limits:
      kind === 'off'
        ? NO_LIMITS
        : {
            reviews: config.maxReviews,
            waitingReviews: config.maxWaitingReviews,
            batches: config.maxAuditBatches,
            bodyBytes: MAX_BODY_BYTES_IN_FLIGHT,
            lagMs: config.maxEventLoopLag,
          },
  })
  process.on('disconnect', () => process.exit())
  process.on('message', () => {
    const peakBytes = process.resourceUsage().maxRSS * 1024
    const { user, system } = process.cpuUsage()
    process.send?.({ queued: serving.queue.size(), cpu: user + system, peakBytes } satisfies WorkerState)
  })
  process.send?.(serving.port)
}

await main(process.argv.slice(2))
