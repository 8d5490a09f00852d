import { createApp } from '../shared/compose.ts'
import { CLOUD_SETTINGS, type Config, readConfig, type SettingName, type Sources } from '../shared/config.ts'
import { createLog } from '../shared/log.ts'
import { createRegistry } from '../shared/metrics/registry.ts'
import type { GivenTokens } from '../shared/serving-identity/follow-tokens.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'
import { createDecisions } from '../shared/status/decisions.ts'
import { openTracing } from '../shared/telemetry/open.ts'
import type { CliIo } from './command.ts'
import { createNoticeLog, logSecrets } from './live-settings.ts'
import { MAX_BODY_BYTES_IN_FLIGHT } from './overload-plan.ts'
import { createRenewal } from './renewal.ts'
import { createSelfKeeping, readWebhookCa, type SelfKeeping } from './self-keeping.ts'
import type { TlsFiles } from './server.ts'
import { type Serving, type ServingParts, startServing } from './serving.ts'
import { openStatusPage } from './status-serving.ts'
import { type ReadFile, readTlsFiles, type TlsPaths, type TlsSource } from './tls.ts'

const TLS_SETTINGS = ['tlsCert', 'tlsKey'] as const
/** A Secret that cannot be had at the start must not keep the server from its other work. */
const FIRST_READ_MS = 5000

/** `serve`: runs until it is told to end, and then ends in peace. @returns exit code 0 */
export async function runServe(inputs: SourceInputs, io: CliIo): Promise<number> {
  const serving = await startFromSettings(inputs, io)
  await new Promise<void>(resolve => {
    if (io.stop.aborted) resolve()
    io.stop.addEventListener('abort', () => resolve(), { once: true })
  })
  await serving.close()
  return 0
}

/**
 * Starts `serve` with everything that settings and files say.
 *
 * @param compose what puts the real parts together; a test may pass its own
 * @throws CcmError CCM_CONFIG_INVALID, KUBE_CONFIG_INVALID
 */
export async function startFromSettings(
  inputs: SourceInputs,
  io: CliIo,
  compose: typeof createApp = createApp,
): Promise<Serving> {
  const { clock } = io
  const sources = await readSources(inputs)
  const { config, notices } = readConfig(sources, toRequired(sources))
  const files = await readTlsFiles(toTlsPaths(config), io.readFile)
  await readWebhookCa(config, io.readFile)
  const rotating = createRotating(inputs, config)
  let self: SelfKeeping | undefined
  const decisions = createDecisions()
  const write = config.statusToken === undefined ? io.err : toBoth(io.err, line => decisions.note(line))
  const secrets = (): readonly string[] => [...rotating.secrets(), ...(self?.secrets() ?? [])]
  const log = await createLog({ level: config.logLevel, secrets, write })
  for (const notice of notices) log.warn({ notice }, 'a setting has no effect')
  const tell = createNoticeLog(log)
  const metrics = config.metricsListen && { registry: createRegistry(), listen: config.metricsListen }
  const { measure } = metrics?.registry ?? {}
  const app = await compose({ config, readSources: rotating.read, clock, log, measure })
  const kept = createSelfKeeping({
    config,
    kube: app.kube,
    given: rotating.tokens,
    readFile: io.readFile,
    clock,
    log,
  })
  self = kept
  await kept.refresh(AbortSignal.timeout(FIRST_READ_MS))
  const tracing = await openTracing({ env: sources.env ?? {}, log, clock })
  return startServing({
    app,
    log,
    clock,
    tracing,
    random: Math.random,
    tokens: kept.tokens,
    renew: createRenewal({
      clock,
      log,
      // The refreshes look at what nobody asks for.
      lookMs: Number.POSITIVE_INFINITY,
      read: async refused => {
        await rotating.read(refused)
        await kept.refresh()
      },
    }),
    refreshes: [async () => tell(await rotating.read()), () => kept.refresh()],
    register: kept.register,
    tls: await toTlsSource(kept, toTlsPaths(config), files, io.readFile),
    metrics,
    status: openStatusPage({ app, config, clock, log, tracing, decisions, token: rotating.statusToken }),
    ...toLimits(config),
  })
}

async function toTlsSource(
  { certificate }: SelfKeeping,
  paths: TlsPaths,
  files: TlsFiles,
  readFile: ReadFile,
): Promise<TlsSource> {
  if (!certificate) return { files, read: () => readTlsFiles(paths, readFile) }
  const read = async (): Promise<TlsFiles> => ({
    ...(await readTlsFiles(paths, readFile)),
    ...(await certificate()),
  })
  return { files: { ...files, ...(await certificate()) }, read }
}

const toTlsPaths = ({ tlsCert, tlsKey, tlsClientCa }: Config): TlsPaths => ({
  cert: tlsCert,
  key: tlsKey,
  clientCa: tlsClientCa,
})

const toLimits = (
  config: Config,
): Pick<ServingParts, 'listen' | 'resyncIntervalMs' | 'maxBodyBytes' | 'shutdownGraceMs' | 'limits'> => ({
  listen: config.listen,
  resyncIntervalMs: config.resyncInterval,
  maxBodyBytes: config.maxBodyBytes,
  shutdownGraceMs: config.shutdownGrace,
  limits: {
    reviews: config.maxReviews,
    waitingReviews: config.maxWaitingReviews,
    batches: config.maxAuditBatches,
    bodyBytes: MAX_BODY_BYTES_IN_FLIGHT,
    lagMs: config.maxEventLoopLag,
  },
})

/** A server that demands client certificates may do without a token, and one with a Secret makes what it is not given. */
function toRequired({ flags, env }: Sources): readonly SettingName[] {
  const isGiven = (flag: string, variable: string): boolean => Boolean(flags?.[flag] ?? env?.[variable])
  if (isGiven('serving-secret', 'PNAP_SERVING_SECRET')) return CLOUD_SETTINGS
  const hasClientCa = isGiven('tls-client-ca', 'PNAP_TLS_CLIENT_CA')
  return [...CLOUD_SETTINGS, ...TLS_SETTINGS, ...(hasClientCa ? [] : ['webhookToken' as const])]
}

interface Rotating {
  /**
   * Reads everything again, secrets of AWS anew when they were refused.
   *
   * @throws CcmError CCM_CONFIG_INVALID, SECRET_*; what was read before stays in use
   */
  readonly read: (refused?: boolean) => Promise<Sources>
  readonly tokens: () => GivenTokens
  readonly statusToken: () => string | undefined
  /** Secrets of now and before. */
  readonly secrets: () => readonly string[]
}

/** Secrets in files are replaced while the server runs. */
function createRotating(inputs: SourceInputs, first: Config): Rotating {
  const secrets = new Set(logSecrets(first))
  let tokens = toGiven(first)
  let { statusToken } = first
  return {
    async read(refused) {
      const sources = await readSources(inputs, refused)
      const { config } = readConfig(sources, toRequired(sources))
      for (const secret of logSecrets(config)) secrets.add(secret)
      tokens = toGiven(config)
      statusToken = config.statusToken
      return sources
    },
    tokens: () => tokens,
    statusToken: () => statusToken,
    secrets: () => [...secrets],
  }
}

const toGiven = ({ webhookToken, webhookTokenPrevious }: Config): GivenTokens => ({
  current: webhookToken,
  previous: webhookTokenPrevious,
})

/** What one has taken, the other takes too. */
const toBoth =
  (one: (line: string) => void, other: (line: string) => void) =>
  (line: string): void => {
    one(line)
    other(line)
  }
