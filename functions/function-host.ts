import { type Clock, systemClock } from '../shared/clock.ts'
import type { AppOptions } from '../shared/compose.ts'
import {
  CLOUD_SETTINGS,
  type Config,
  readConfig,
  type SettingName,
  type Sources,
  secretValues,
} from '../shared/config.ts'
import type { Controllers } from '../shared/controllers/contract.ts'
import { createLog, type Log, secretForms } from '../shared/log.ts'
import { readSources } from '../shared/sources.ts'
import { admissionPathSecret } from '../shared/webhook-secret.ts'
import { createAuthenticate } from './auth.ts'
import {
  type ApiGatewayAnswer,
  type ApiGatewayEvent,
  callWebhook,
  type FunctionContext,
  fromApiGateway,
  toApiGateway,
  toCcmError,
  toErrorResponse,
  type Webhook,
} from './http.ts'
import { createFunctionInvoker, createLambdaSend, type Invoker, type SendPayload } from './invoker.ts'
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
  /** @throws CcmError CCM_CONFIG_INVALID */
  config(required: readonly SettingName[]): Promise<Config>
  log(): Promise<Log>
  webhookParts(required: readonly SettingName[]): Promise<WebhookParts>
  app(): Promise<AppParts>
  invoker(): Promise<Invoker>
  /** A frozen process finds its sockets dead when it wakes: they are closed before each answer. */
  closeIdle(): void
}

/** Replacements for tests; by default the process's own environment, the real application and AWS Lambda. */
export interface FunctionHostOptions {
  readonly readSources?: () => Promise<Sources>
  readonly createApp?: (options: AppOptions & { readonly log: Log }) => Promise<AppParts>
  readonly clock?: Clock
  readonly send?: SendPayload
  /** Receives the log lines. */
  readonly write?: (line: string) => void
}

export function createFunctionHost(options: FunctionHostOptions = {}): FunctionHost {
  const clock = options.clock ?? systemClock
  let made: AppParts | undefined
  const readNow = options.readSources ?? (() => readSources())
  const sources = once(readNow)
  const config = async (required: readonly SettingName[]): Promise<Config> =>
    readConfig(await sources(), required).config
  const log = once(() => openLog(config, options.write))
  const app = once(async () => {
    const parts = { config: await config(CLOUD_SETTINGS), readSources: readNow, clock, log: await log() }
    made = await (options.createApp ?? composeApp)(parts)
    return made
  })
  return {
    clock,
    config,
    log,
    app,
    webhookParts: async required => toWebhookParts(await config(required), await log(), clock),
    invoker: async () => {
      const { reconcileFunction = '' } = await config(['reconcileFunction'])
      return createFunctionInvoker(options.send ?? createLambdaSend(reconcileFunction))
    },
    closeIdle: () => made?.closeIdle(),
  }
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

/** Everything heavy hangs on this module, so it is imported with the first request that needs it. */
async function composeApp(options: AppOptions): Promise<AppParts> {
  const { createApp } = await import('../shared/compose.ts')
  return createApp(options)
}

/** A log even when the settings are wrong: what is wrong with them is to be read somewhere. */
async function openLog(
  config: (required: readonly SettingName[]) => Promise<Config>,
  write: FunctionHostOptions['write'],
): Promise<Log> {
  const known = await config([]).catch(() => undefined)
  const secrets = known ? logSecrets(known) : []
  return createLog({
    level: known?.logLevel ?? 'info',
    secrets: () => secrets,
    ...(write ? { write } : {}),
  })
}

/** Every value that must not be in a log line: the secret settings, encoded or not, and what is derived from them. */
export const logSecrets = (config: Config): readonly string[] => [
  ...secretValues(config).flatMap(secretForms),
  ...webhookTokens(config).map(admissionPathSecret),
]

export const webhookTokens = (config: Config): readonly string[] =>
  [config.webhookToken, config.webhookTokenPrevious].filter(token => token !== undefined)

const toWebhookParts = (config: Config, log: Log, clock: Clock): WebhookParts => ({
  authenticate: createAuthenticate({ tokens: () => webhookTokens(config) }),
  log,
  clock,
  maxBodyBytes: config.maxBodyBytes,
})

/** A function behind an HTTP API. */
export type WebhookHandler = (event: ApiGatewayEvent, context: FunctionContext) => Promise<ApiGatewayAnswer>

/** A webhook as a function that always answers: a process that cannot be set up says so with status 500. */
export function toWebhookHandler(host: FunctionHost, create: () => Promise<Webhook>): WebhookHandler {
  const webhook = once(create)
  return async (event, context) => {
    try {
      return toApiGateway(await callWebhook(await webhook(), fromApiGateway(event, context)))
    } catch (thrown) {
      return toApiGateway(toErrorResponse(await logFailure(host, thrown)))
    } finally {
      host.closeIdle()
    }
  }
}

/** Logs why a function could not do anything at all, and returns it. */
export async function logFailure(host: FunctionHost, thrown: unknown): Promise<Error> {
  const error = toCcmError(thrown)
  const log = await host.log()
  log.error({ code: error.code, action: error.action, error }, 'function cannot work')
  return error
}
