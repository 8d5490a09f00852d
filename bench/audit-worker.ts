import { createAudit } from '../functions/audit.ts'
import { createAuthenticate } from '../functions/auth.ts'
import { createOverload } from '../functions/overload.ts'
import { MAX_BODY_BYTES_IN_FLIGHT } from '../functions/overload-plan.ts'
import { createServer } from '../functions/server.ts'
import { systemClock as clock } from '../shared/clock.ts'
import { readConfig } from '../shared/config.ts'
import { createLog } from '../shared/log.ts'
import { createRegistry } from '../shared/metrics/registry.ts'
import { listenMeasured } from './measured-server.ts'
import { TOKEN } from './stage.ts'

/**
 * The audit webhook as `serve` has it, in a process of its own, in front of a queue that forgets what it is rung for: what
 * reconcile makes of the keys is another matter. It is never late, so that a busy machine makes it refuse none. Tells its port, then its CPU time in microseconds with every message.
 */
async function main(): Promise<void> {
  const { config } = readConfig({ env: process.env })
  const log = await createLog({ level: config.logLevel })
  const { measure } = createRegistry()
  const limits = {
    reviews: config.maxReviews,
    waitingReviews: config.maxWaitingReviews,
    batches: config.maxAuditBatches,
    bodyBytes: MAX_BODY_BYTES_IN_FLIGHT,
    lagMs: config.maxEventLoopLag,
  }
  const overload = createOverload({ limits, lagMs: () => 0, clock, log, measure })
  const { maxBodyBytes } = config
  const authenticate = createAuthenticate({ tokens: () => [TOKEN] })
  const invoker = { invoke: async () => {} }
  const audit = createAudit({
    authenticate,
    log,
    clock,
    maxBodyBytes,
    measure,
    invoker,
    breathe: () => overload.breathe(),
  })
  const server = createServer({ admission: audit, audit, overload, ready: () => true, clock, maxBodyBytes })
  await listenMeasured(server)
}

await main()
