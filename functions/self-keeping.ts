import { randomBytes } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import type { Config } from '../shared/config.ts'
import { CcmError, type ErrorCode } from '../shared/errors.ts'
import type { Kube } from '../shared/kubernetes/client.ts'
import { type Log, secretForms } from '../shared/log.ts'
import type { WebhookTarget } from '../shared/register/manifests.ts'
import type { MakePair } from '../shared/serving-identity/carry-out.ts'
import { followTokens, type GivenTokens, toAccepted } from '../shared/serving-identity/follow-tokens.ts'
import { createServingIdentity, type ServingIdentity } from '../shared/serving-identity/identity.ts'
import { createRegistration } from '../shared/serving-identity/registration.ts'
import { createServedPair } from '../shared/serving-identity/served.ts'
import { splitCertificates } from '../shared/serving-identity/state.ts'
import { admissionPathSecret } from '../shared/webhook-secret.ts'
import { toCcmError } from './http.ts'
import type { ReadFile } from './tls.ts'

export interface SelfKeepingOptions {
  readonly config: Config
  readonly kube: Kube
  /** Webhook tokens as settings give them now. */
  readonly given: () => GivenTokens
  readonly readFile: ReadFile
  readonly clock: Clock
  readonly log: Log
}

/** What `serve` keeps by itself: token and certificate in a Secret, and its registration with the API server. */
export interface SelfKeeping {
  /** Certificate and key, where no files of them are given. */
  readonly certificate: ServingIdentity['certificate'] | undefined
  /** Every webhook token that is accepted now. */
  readonly tokens: () => readonly string[]
  /** What must not stand in the log: tokens of now and before, and what is made of them. */
  readonly secrets: () => readonly string[]
  /** Reads the Secret again. Never throws: what was read before stays in use. */
  readonly refresh: (signal?: AbortSignal) => Promise<void>
  /** Tells the API server where the webhook is, if it is this process that does; never throws. */
  readonly register: () => Promise<void>
}

const TOKEN_BYTES = 32

export function createSelfKeeping(options: SelfKeepingOptions): SelfKeeping {
  const { config, kube, clock, log } = options
  const identity = toIdentity(options)
  const keepsToken = identity !== undefined && config.webhookToken === undefined
  const read = keepsToken ? () => identity.tokens() : options.given
  /** Nobody knows it: a host that waits for its token must not pass for one that wants none. */
  const unknown = newToken()
  let memory = followTokens(undefined, read(), clock.now())
  const seen = new Set<string>()
  const tellRefresh = createTeller(log, 'the Secret cannot be kept, what was there before stays in use')
  const tellRegister = createTeller(log, 'not registered by this process, the next refresh tries again')
  const keepsAny = keepsToken || config.tlsCert === undefined
  const isKnown = (): boolean => !keepsAny || identity === undefined || identity.isStored()

  const target = async (): Promise<WebhookTarget> => ({
    url: toWebhookUrl(config, memory.registered),
    ca: await toAuthorities(options, identity),
  })
  const registration = createRegistration({ kube, target, log })
  const isRegistering = Boolean(config.webhookService || config.webhookUrl)
  const served = identity && createServedPair(identity, isRegistering)

  return {
    certificate: config.tlsCert === undefined ? served?.certificate : undefined,
    tokens: () => (isKnown() || !keepsToken ? toAccepted(memory, clock.now()) : [unknown]),
    secrets: () => [...seen].flatMap(token => [...secretForms(token), admissionPathSecret(token)]),
    async refresh(signal) {
      if (identity) await tellRefresh(() => identity.refresh(signal))
      memory = followTokens(memory, read(), clock.now())
      for (const token of toAccepted(memory, clock.now())) seen.add(token)
    },
    async register() {
      if (!isRegistering || !isKnown()) return
      await tellRegister(async () => {
        const pair = await identity?.certificate()
        await registration.keep()
        served?.trust(pair)
      })
    },
  }
}

const newToken = (): string => randomBytes(TOKEN_BYTES).toString('hex')

function toIdentity({ config, kube, clock, log }: SelfKeepingOptions): ServingIdentity | undefined {
  const { servingSecret: secret } = config
  const keeps = { token: config.webhookToken === undefined, certificate: config.tlsCert === undefined }
  if (!secret) return undefined
  return createServingIdentity({ kube, secret, keeps, hosts: toHosts(config), make, newToken, clock, log })
}

/**
 * The authority that was given, and those of the Secret: hosts of before an update may serve a certificate of theirs.
 * Beside a certificate that public authorities signed none is named: the API server would trust no other then.
 */
async function toAuthorities(
  { config, readFile }: SelfKeepingOptions,
  identity: ServingIdentity | undefined,
): Promise<string | undefined> {
  const given = await readWebhookCa(config, readFile)
  if (config.tlsCert !== undefined && given === '') return undefined
  return [given, ...(identity?.authorities() ?? [])].join('') || undefined
}

const make: MakePair = async (hosts, now) => {
  const { createCertificates } = await import('../shared/certificates.ts')
  return createCertificates({ hosts, now })
}

/** By which names the API server calls: of a Service it verifies the first one. */
function toHosts({ webhookService, webhookUrl }: Config): readonly string[] {
  if (webhookUrl) return [new URL(webhookUrl).hostname.replace(/^\[|\]$/g, '')]
  if (!webhookService) return []
  const host = `${webhookService.name}.${webhookService.namespace}.svc`
  return [host, `${host}.cluster.local`]
}

function toWebhookUrl(
  { webhookService, webhookUrl }: Config,
  token: string | undefined,
): WebhookTarget['url'] {
  const path = token === undefined ? '/admission' : `/admission/${admissionPathSecret(token)}`
  return webhookService ? { ...webhookService, path } : `${webhookUrl}${path}`
}

/**
 * Text of the file of `--webhook-ca`; empty where none is named.
 *
 * @throws CcmError CCM_CONFIG_INVALID when it cannot be read, or holds no certificate
 */
export async function readWebhookCa({ webhookCa }: Config, readFile: ReadFile): Promise<string> {
  if (webhookCa === undefined) return ''
  const certificates = splitCertificates(await readFile(webhookCa).catch(refuse))
  if (certificates.length === 0) return refuse(undefined)
  return certificates.map(certificate => certificate.toString()).join('')
}

function refuse(cause: unknown): never {
  const why =
    cause === undefined
      ? 'the file holds no PEM certificate'
      : `the file cannot be read (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'not readable'})`
  const problems = [`--webhook-ca: ${why}`]
  throw new CcmError('CCM_CONFIG_INVALID', `settings: ${problems[0]}`, { cause, fields: { problems } })
}

/** Tells of a failure once, and again only after it was over or became another one. */
function createTeller(log: Log, message: string): (work: () => Promise<void>) => Promise<void> {
  let told: ErrorCode | undefined
  return async work => {
    try {
      await work()
      told = undefined
    } catch (thrown) {
      const error = toCcmError(thrown)
      if (error.code !== told) log.error({ code: error.code, action: error.action, error }, message)
      told = error.code
    }
  }
}
