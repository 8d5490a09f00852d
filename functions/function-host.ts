import { type Clock, systemClock } from '../shared/clock.ts'
import type { AppOptions } from '../shared/compose.ts'
import { CLOUD_SETTINGS, type Config, type SettingName, type Sources } from '../shared/config.ts'
import type { Controllers } from '../shared/controllers/contract.ts'
import { CcmError, type ErrorCode } from '../shared/errors.ts'
import { createLog, type Log } from '../shared/log.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import { createRecorder } from '../shared/metrics/recorder.ts'
import { readSources } from '../shared/sources.ts'
import type { Tracing } from '../shared/span.ts'
import { openTracing } from '../shared/telemetry/open.ts'
import { createAuthenticate } from './auth.ts'
import {
  type ApiGatewayAnswer,
  type ApiGatewayEvent,
  callWebhook,
  type FunctionContext,
  fromApiGateway,
  toApiGateway,
  toCcmError,
  toJsonResponse,
  type Webhook,
  type WebhookResponse,
} from './http.ts'
import { createFunctionInvoker, type Invoker, type SendPayload } from './invoker.ts'
import { createLiveSettings, createNoticeLog, type LiveSettings } from './live-settings.ts'
import { createRenewal } from './renewal.ts'
import type { WebhookParts } from './webhook.ts'

/** The part of the composed application that functions use. */
export interface AppParts {
  readonly controllers: Controllers
  /** Closes idle sockets; the next request opens new ones. */
  closeIdle(): void
}

/** What a function's process is made of. Each part is made when it is first asked for, and kept. */
export interface FunctionHost {
  readonly clock: Clock
  /** @throws CcmError CCM_CONFIG_INVALID, SECRET_* */
  config(required: readonly SettingName[]): Promise<Config>
  log(): Promise<Log>
  webhookParts(required: readonly SettingName[]): Promise<WebhookParts>
  app(): Promise<AppParts>
  invoker(): Promise<Invoker>
  /** A frozen process finds its sockets dead when it wakes: they are closed before each answer. */
  closeIdle(): void
  /** Takes down what is counted. */
  readonly measure: Measure
  /** Where spans go; undefined while nothing is exported. Never throws. */
  tracing(): Promise<Tracing | undefined>
  /**
   * Counts in CloudWatch what was taken down in this call, and sends its spans, where the settings say so. Never throws.
   *
   * @param remainingMs until the platform ends the call
   */
  tell(functionName: string, remainingMs: number): Promise<void>
}

/** What a function brings besides webhooks, so that its bundle holds no more; the rest is replaced by tests. */
export interface FunctionHostOptions {
  /** The application behind admission, reconcile and resync. */
  readonly createApp?: (options: AppOptions & { readonly log: Log }) => Promise<AppParts>
  /** The way to the function that reconciles, by its name. */
  readonly createSend?: (functionName: string) => SendPayload
  /** By default the process's own environment. */
  readonly readSources?: (refused: boolean) => Promise<Sources>
  readonly clock?: Clock
  /** Receives the log lines. */
  readonly write?: (line: string) => void
  /** Receives the lines that count; standard output by default. */
  readonly writeMetrics?: (line: string) => void
}

/** Of a function's time, for its answer once its spans are sent. */
const ANSWER_MS = 100

export function createFunctionHost(options: FunctionHostOptions = {}): FunctionHost {
  const clock = options.clock ?? systemClock
  let made: AppParts | undefined
  const live = createLiveSettings(options.readSources ?? (refused => readSources({}, refused)))
  const log = createHostLog(live, options.write)
  const recorder = createRecorder()
  const { measure } = recorder
  const read = once(async () => {
    const tell = createNoticeLog(await log())
    return async (refused = false): Promise<Sources> => {
      const sources = await live.read(refused)
      tell(sources)
      return sources
    }
  })
  const app = once(async () => {
    const config = await live.config(CLOUD_SETTINGS)
    const create = options.createApp ?? missing
    made = await create({ config, readSources: await read(), clock, log: await log(), measure })
    return made
  })
  const openOnce = once(async () =>
    openTracing({ env: await live.env(), log: await log(), clock, mayFreeze: true }),
  )
  const tracing = (): Promise<Tracing | undefined> => openOnce().catch(() => undefined)
  async function tellMetrics(functionName: string): Promise<void> {
    const samples = recorder.take()
    if (samples.length === 0) return
    const { metricsNamespace: namespace = '' } = (await live.config([]).catch(() => undefined)) ?? {}
    if (namespace === '') return
    const { toEmbedded } = await import('../shared/metrics/embedded.ts')
    const write = options.writeMetrics ?? (line => void process.stdout.write(line))
    for (const line of toEmbedded(samples, { namespace, functionName, now: clock.now() })) write(`${line}\n`)
  }
  return {
    clock,
    config: required => live.config(required),
    log,
    app,
    async webhookParts(required) {
      const { maxBodyBytes } = await live.config(required)
      const parts = { log: await log(), clock, measure, tracing: await tracing() }
      const authenticate = createAuthenticate({ tokens: () => live.tokens() })
      return { ...parts, authenticate, maxBodyBytes, renew: createRenewal({ ...parts, read: await read() }) }
    },
    async invoker() {
      const { reconcileFunction = '' } = await live.config(['reconcileFunction'])
      return createFunctionInvoker((options.createSend ?? missing)(reconcileFunction))
    },
    closeIdle: () => made?.closeIdle(),
    measure,
    tracing,
    async tell(functionName, remainingMs) {
      const flush = (opened: Tracing | undefined) => opened?.flush(remainingMs - ANSWER_MS)
      await Promise.all([tellMetrics(functionName), tracing().then(flush)])
    },
  }
}

function missing(): never {
  throw new CcmError('CCM_INTERNAL', 'this function was not given what it asks for')
}

/** The promise of the first call; a failure is not kept, so that a later call may succeed. */
export function once<T>(create: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= create().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

/** A log even when the settings are wrong: what is wrong with them is to be read somewhere. Kept once they are right. */
function createHostLog(live: LiveSettings, write: FunctionHostOptions['write']): () => Promise<Log> {
  let made: Promise<Log> | undefined
  return async () => {
    const known = await live.config([]).catch(() => undefined)
    const create = () =>
      createLog({
        level: known?.logLevel ?? 'info',
        secrets: () => live.secrets(),
        ...(write ? { write } : {}),
      })
    return known ? (made ??= create()) : create()
  }
}

/** A function behind an HTTP API. */
export type WebhookHandler = (event: ApiGatewayEvent, context: FunctionContext) => Promise<ApiGatewayAnswer>

/** A webhook as a function that always answers: a process that cannot be set up says so with status 500. */
export function toWebhookHandler(
  host: FunctionHost,
  name: string,
  create: () => Promise<Webhook>,
): WebhookHandler {
  const webhook = once(create)
  return async (event, context) => {
    try {
      return toApiGateway(await callWebhook(await webhook(), fromApiGateway(event, context)))
    } catch (thrown) {
      return toApiGateway(toSetUpFailure((await logFailure(host, thrown)).code))
    } finally {
      host.closeIdle()
      await host.tell(name, context.getRemainingTimeInMillis())
    }
  }
}

/** Nobody has been authenticated yet: the log alone says what is wrong. */
const toSetUpFailure = (code: ErrorCode): WebhookResponse =>
  toJsonResponse(500, {
    error: { code, message: 'the function cannot be set up', action: 'Read the log of the function.' },
  })

/** Logs why a function could not do anything at all, and returns it. */
export async function logFailure(host: FunctionHost, thrown: unknown): Promise<CcmError> {
  const error = toCcmError(thrown)
  const log = await host.log()
  log.error({ code: error.code, action: error.action, error }, 'function cannot work')
  return error
}
