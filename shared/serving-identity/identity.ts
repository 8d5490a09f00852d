import type { KeyPair } from '../certificates.ts'
import type { Clock } from '../clock.ts'
import { CcmError, hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import type { Log } from '../log.ts'
import type { NamespacedName } from '../setting-parsers.ts'
import { type MakePair, toSecretChange } from './carry-out.ts'
import { type CertificateDecision, decideCertificate } from './decide-certificate.ts'
import type { GivenTokens } from './follow-tokens.ts'
import { readSecret, type StoredSecret, writeSecret } from './secret.ts'
import { KEYS, readCertificateState, type SecretData, splitCertificates } from './state.ts'

export interface IdentityOptions {
  readonly kube: Kube
  readonly secret: NamespacedName
  /** What is kept in the Secret; the rest is given by settings. */
  readonly keeps: { readonly token: boolean; readonly certificate: boolean }
  /** Names and addresses that `serve` is called by. */
  readonly hosts: readonly string[]
  readonly make: MakePair
  readonly newToken: () => string
  /** For a certificate until the Secret was read; what is stored goes by the API server's clock. */
  readonly clock: Clock
  readonly log: Log
}

/** What `serve` made for itself, the same in all replicas. */
export interface ServingIdentity {
  /** Reads the Secret again and makes the next step. @throws CcmError; what was read before stays in use */
  refresh(signal?: AbortSignal): Promise<void>
  /** True once the Secret was read: only then is there anything that the API server may be told. */
  isStored(): boolean
  /** The one of the Secret; until it was read, one of this process alone. @throws CcmError CCM_INTERNAL before `refresh` */
  certificate(): Promise<KeyPair>
  /** PEM of the authorities in the Secret, also where the certificate is given: others may still serve one of theirs. */
  authorities(): readonly string[]
  tokens(): GivenTokens
  /** The API server's time when the Secret was read last; until then this host's. */
  now(): number
}

export const TOKEN = 'webhook-token'
export const TOKEN_PREVIOUS = 'webhook-token-previous'
/** As `--webhook-token` demands it. */
const LEAST_TOKEN = 16
/** Every lost race means that another replica has made a step; there are not more steps than that. */
const ATTEMPTS = 6

export function createServingIdentity(options: IdentityOptions): ServingIdentity {
  const { secret, hosts, make, clock } = options
  let stored: SecretData | undefined
  let temporary: KeyPair | undefined
  let readAt: number | undefined

  async function refresh(signal?: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        const read = await readSecret(options.kube, secret, signal)
        readAt = read.now
        stored = await step(options, read, stored, signal)
        return
      } catch (error) {
        const isLate = hasCode(error, 'KUBE_CONFLICT', 'KUBE_ALREADY_EXISTS', 'KUBE_NOT_FOUND')
        if (!isLate || attempt === ATTEMPTS) throw toForbidden(error, secret)
      }
    }
  }

  return {
    refresh,
    isStored: () => stored !== undefined,
    async certificate() {
      const { [KEYS.cert]: cert, [KEYS.key]: key } = stored ?? {}
      if (cert !== undefined && key !== undefined) return { cert, key }
      temporary ??= await make(hosts, clock.now())
      return temporary
    },
    authorities: () => readCertificateState(stored ?? {}, hosts).authorities.map(({ pem }) => pem),
    now: () => readAt ?? clock.now(),
    tokens: () => ({ current: toToken(stored?.[TOKEN]), previous: toToken(stored?.[TOKEN_PREVIOUS]) }),
  }
}

/** Makes at most one step, and returns what the Secret holds then. */
async function step(
  options: IdentityOptions,
  read: StoredSecret,
  known: SecretData | undefined,
  signal: AbortSignal | undefined,
): Promise<SecretData> {
  const { kube, secret, keeps, log } = options
  const { now } = read
  const bundle = toBundle(read.data, known)
  const decision = keeps.certificate ? decide(options, { ...read.data, ...bundle }, now) : undefined
  const change = {
    ...(decision && { ...bundle, ...(await toSecretChange(decision, options.make, now)) }),
    ...(keeps.token ? toTokenChange(options, read) : {}),
  }
  if (Object.keys(change).length === 0) return read.data
  if (read.secret?.immutable) throw toImmutable(secret)
  const written = await writeSecret(kube, secret, read, change, signal)
  if (decision && decision.do !== 'keep') tell(log, decision, secret)
  if (TOKEN in change) tellToken(log, read.data[TOKEN] !== undefined, secret)
  return written
}

/** A Secret that was deleted or emptied must not take the trust from certificates that are still being served. */
function toBundle(data: SecretData, known: SecretData | undefined): SecretData {
  const before = known?.[KEYS.authorities]
  const isLost = before !== undefined && splitCertificates(data[KEYS.authorities] ?? '').length === 0
  return isLost ? { [KEYS.authorities]: before } : {}
}

const decide = ({ hosts }: IdentityOptions, data: SecretData, now: number): CertificateDecision =>
  decideCertificate(readCertificateState(data, hosts), hosts, now)

function toTokenChange({ newToken }: IdentityOptions, { data }: StoredSecret): SecretData {
  return toToken(data[TOKEN]) === undefined ? { [TOKEN]: newToken() } : {}
}

/** A header holds printable characters without spaces; `kubectl create secret --from-file` leaves a newline at the end. */
function toToken(text: string | undefined): string | undefined {
  const token = text?.trim() ?? ''
  return token.length >= LEAST_TOKEN && /^[\x21-\x7e]+$/.test(token) ? token : undefined
}

const DONE = {
  make: 'serving certificate made',
  publish: 'authority of the next serving certificate published',
  promote: 'serving certificate changed',
  retire: 'authority of the old serving certificate retired',
} as const

function tell(
  log: Log,
  decision: Exclude<CertificateDecision, { do: 'keep' }>,
  secret: NamespacedName,
): void {
  const fields = { secretName: toText(secret), why: decision.why }
  if (decision.do === 'make' && decision.damage) log.warn(fields, DONE.make)
  else log.info(fields, DONE[decision.do])
}

function tellToken(log: Log, wasThere: boolean, secret: NamespacedName): void {
  const fields = { secretName: toText(secret) }
  if (wasThere) log.warn({ ...fields, why: 'the one in the Secret cannot be used' }, 'webhook token made')
  else log.info({ ...fields, why: 'there is none' }, 'webhook token made')
}

const toText = ({ namespace, name }: NamespacedName): string => `${namespace}/${name}`

function toImmutable({ namespace, name }: NamespacedName): CcmError {
  const message = `Secret ${namespace}/${name} is immutable, and has to be changed: kubectl -n ${namespace} delete secret ${name}`
  return new CcmError('CCM_SERVING_SECRET_IMMUTABLE', message)
}

function toForbidden(error: unknown, secret: NamespacedName): unknown {
  if (!hasCode(error, 'KUBE_FORBIDDEN')) return error
  const message = `Secret ${toText(secret)} cannot be kept: ${error.message}`
  return new CcmError('CCM_SERVING_SECRET_FORBIDDEN', message, { cause: error })
}
