import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../shared/clock.ts'
import type { Cloud } from '../shared/cloud-provider/contract.ts'
import type { Controllers } from '../shared/controllers/contract.ts'
import { CcmError } from '../shared/errors.ts'
import type { KubeRequest } from '../shared/kubernetes/client.ts'
import type { Log } from '../shared/log.ts'
import type { Registry } from '../shared/metrics/registry.ts'
import type { ListenAddress } from '../shared/setting-parsers.ts'
import type { Tracing } from '../shared/span.ts'
import { builtVersion, VERSION } from '../shared/version.ts'
import { createAdmission } from './admission.ts'
import { createAudit } from './audit.ts'
import { createAuthenticate } from './auth.ts'
import { toCcmError } from './http.ts'
import { observeProcess } from './metrics-process.ts'
import { type MetricsServer, startMetricsServer } from './metrics-server.ts'
import { createOverload, type Overload } from './overload.ts'
import { startLagProbe } from './overload-lag.ts'
import type { OverloadLimits } from './overload-plan.ts'
import { createQueue, type Queue, WORKERS } from './queue.ts'
import { createReconcile } from './reconcile.ts'
import type { Renew } from './renewal.ts'
import { createResync } from './resync.ts'
import { runRefreshes, runSchedule } from './schedule.ts'
import { createServer, type TlsFiles, toSecureContext } from './server.ts'
import type { StatusPage } from './status-page.ts'
import { createTlsRefresh, type TlsSource } from './tls.ts'

/** What `serve` runs on. */
export interface ServingParts {
  readonly app: {
    readonly controllers: Controllers
    readonly kube: { request(request: KubeRequest): Promise<unknown> }
    readonly cloud?: Pick<Cloud, 'unreachableSince' | 'limitedUntil'> | undefined
    /** Ends requests that are still under way: a cluster that hangs must not hold the process beyond its grace. */
    close(): void
  }
  readonly log: Log
  readonly clock: Clock
  readonly random: () => number
  readonly listen: ListenAddress
  readonly tls?: TlsSource | undefined
  /** Webhook tokens as they are now. */
  readonly tokens: () => readonly string[]
  /** Looks for newer tokens when one was refused. */
  readonly renew?: Renew | undefined
  /** Reads again what may rotate. */
  readonly refreshes?: readonly (() => Promise<void>)[]
  /** Tells the API server where the webhooks are: once they are of use, and with each refresh from then on. */
  readonly register?: () => Promise<void>
  readonly resyncIntervalMs: number
  readonly maxBodyBytes: number
  readonly shutdownGraceMs: number
  /** How much is taken on at once. */
  readonly limits: OverloadLimits
  /** What people see in a browser. */
  readonly status?: StatusPage | undefined
  /** Milliseconds by which the event loop is late; measured by default. */
  readonly lagMs?: (() => number) | undefined
  /** Where spans go; absent while nothing is exported. */
  readonly tracing?: Tracing | undefined
  /** What is counted, and where it is told. */
  readonly metrics?: { readonly registry: Registry; readonly listen: ListenAddress } | undefined
}

/** A running server. */
export interface Serving {
  readonly host: string
  readonly port: number
  readonly queue: Pick<Queue, 'size'>
  /** Where metrics are told. */
  readonly metrics: Pick<MetricsServer, 'host' | 'port'> | undefined
  /** Stops accepting, finishes what is under way as far as the grace time allows, and closes everything. */
  close(): Promise<void>
}

/** Wait between two looks for the API server while it does not answer. */
const PROBE_MS = 2000

/**
 * Starts the webhooks, the queue behind them and the schedule.
 *
 * @throws CcmError CCM_CONFIG_INVALID when the address cannot be listened on or the certificate cannot be used
 */
export async function startServing(parts: ServingParts): Promise<Serving> {
  const { app, log, clock, tracing } = parts
  const [stop, abort] = [new AbortController(), new AbortController()]
  const state: { ready: boolean; wants: readonly string[] } = { ready: false, wants: [] }
  const ready = (): boolean => state.ready && !stop.signal.aborted
  const lag = parts.lagMs ? undefined : startLagProbe()
  const lagMs = (): number => parts.lagMs?.() ?? lag?.lagMs() ?? 0
  const overload = createOverload({ ...parts, lagMs, measure: parts.metrics?.registry.measure })
  // Never less ready for being busy: the load would fall on fewer.
  const { server, queue } = buildServer(parts, ready, () => [...state.wants, ...overload.wants()], overload)
  const { host } = parts.listen
  const metrics = await serveMetrics(parts, lagMs)
  await server.listen(parts.listen).catch(async (cause: unknown) => {
    await metrics?.close()
    throw new CcmError(
      'CCM_CONFIG_INVALID',
      `settings: PNAP_LISTEN: cannot listen there (${reason(cause)})`,
      { cause },
    )
  })
  const { port } = server.server.address() as AddressInfo
  log.info({ version: toVersion(), host, port }, 'serving')
  const measure = parts.metrics?.registry.measure
  const resync = createResync({ controllers: async () => app.controllers, log, clock, measure, tracing })
  const found = Promise.withResolvers<void>()
  const work = Promise.all([
    runSchedule({
      resync,
      intervalMs: parts.resyncIntervalMs,
      clock,
      log,
      stop: stop.signal,
      abort: abort.signal,
      ended: summary => {
        const hasLooked = summary.state === 'complete' || summary.state === 'incomplete'
        if (hasLooked) state.wants = summary.wants ?? []
        if (summary.state === 'busy') parts.metrics?.registry.forgetPass()
      },
    }),
    runRefreshes({
      refreshes: [...toRefreshes(parts, server.server as Server, ready), async () => overload.report()],
      clock,
      log,
      stop: stop.signal,
      soon: found.promise,
    }),
    probe(parts, stop.signal, () => {
      state.ready = true
      found.resolve()
    }),
  ])

  async function end(): Promise<void> {
    log.info({ queued: queue.size() }, 'ending')
    const deadline = clock.now() + parts.shutdownGraceMs
    stop.abort(ENDING)
    // The webhooks first: what they still take over goes into the queue.
    await atMost(parts, server.close(), deadline)
    server.server.closeAllConnections()
    await queue.drain(Math.max(deadline - clock.now(), 0))
    await atMost(parts, work, deadline)
    abort.abort(ENDING)
    await work
    app.close()
    lag?.stop()
    overload.report(true)
    await Promise.all([metrics?.close(), tracing?.close()])
    log.info({}, 'ended')
  }

  let ended: Promise<void> | undefined
  return {
    host,
    port,
    queue,
    metrics,
    close: () => {
      ended ??= end()
      return ended
    },
  }
}

const toVersion = (): string => builtVersion() ?? VERSION

async function serveMetrics(
  { metrics, app, clock, log }: ServingParts,
  lagMs: () => number,
): Promise<MetricsServer | undefined> {
  if (!metrics) return undefined
  const { registry, listen } = metrics
  observeProcess(registry, { version: toVersion(), clock, lagMs, cloud: app.cloud })
  const server = await startMetricsServer({ listen, read: () => registry.read(), clock })
  log.info({ host: server.host, port: server.port }, 'metrics are told')
  return server
}

/** A reason of our own costs no stack, which an abort without one would. */
const ENDING = 'the server ends'

function buildServer(
  parts: ServingParts,
  ready: () => boolean,
  wants: () => readonly string[],
  overload: Overload,
): { server: ReturnType<typeof createServer>; queue: Queue } {
  const { app, log, clock, random, maxBodyBytes, tls, tracing } = parts
  const controllers = async () => app.controllers
  const demandCertificate = tls?.files.clientCa !== undefined
  const authenticate = createAuthenticate({ tokens: parts.tokens, demandCertificate })
  const measure = parts.metrics?.registry.measure
  const queue = createQueue({
    reconcile: createReconcile({ controllers, log, clock, measure, tracing }),
    measure,
    clock,
    log,
    random,
    // Nobody waits for it, as users do for reviews.
    workers: () => (overload.isPressed() ? 1 : WORKERS),
  })
  const webhook = { authenticate, renew: parts.renew, log, clock, maxBodyBytes, measure, tracing }
  const server = createServer({
    admission: createAdmission({ ...webhook, controllers, invoker: async () => queue, overload }),
    audit: createAudit({ ...webhook, invoker: queue, breathe: () => overload.breathe() }),
    overload,
    ready,
    wants,
    clock,
    maxBodyBytes,
    tls: tls?.files,
    status: parts.status && { page: parts.status, isPressed: () => overload.isPressed() },
  })
  return { server, queue }
}

/** The API server is told of a new authority before a certificate of it is served. */
function toRefreshes(
  { tls, refreshes = [], register, log }: ServingParts,
  server: Server,
  ready: () => boolean,
): readonly (() => Promise<void>)[] {
  const apply = (files: TlsFiles): void => server.setSecureContext(toSecureContext(files))
  return [
    ...refreshes,
    async () => {
      if (ready()) await register?.()
    },
    ...(tls ? [createTlsRefresh({ ...tls, apply, log })] : []),
  ]
}

/** Looks for the API server until it has answered once; from then on the webhooks are of use, whatever BMC does. */
async function probe({ app, clock, log }: ServingParts, stop: AbortSignal, found: () => void): Promise<void> {
  let told = ''
  while (!stop.aborted) {
    try {
      await app.kube.request({ path: '/version', signal: stop })
      found()
      return
    } catch (thrown) {
      const error = toCcmError(thrown)
      if (error.code !== told) log.error({ code: error.code, action: error.action, error }, 'not ready yet')
      told = error.code
    }
    await clock.sleep(PROBE_MS, stop).catch(() => {})
  }
}

/** Waits for `work`, but not past the deadline. */
async function atMost({ clock }: ServingParts, work: PromiseLike<unknown>, deadline: number): Promise<void> {
  const over = new AbortController()
  const limit = clock.sleep(Math.max(deadline - clock.now(), 0), over.signal).catch(() => {})
  await Promise.race([work, limit])
  over.abort(ENDING)
}

const reason = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason'
