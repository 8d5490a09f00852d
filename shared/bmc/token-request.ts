import type { Clock } from '../clock.ts'
import { CcmError, type ErrorCode } from '../errors.ts'
import { decodeBody, toBmcError, toInvalidResponse, toLimited, type Where } from './failures.ts'
import { pause } from './limits.ts'
import type { Pace } from './pace.ts'
import { decideRetry, toAnswer } from './retry.ts'
import type { Secrets } from './secrets.ts'
import type { Answered, Outcome, Transport } from './transport.ts'
import type { Credentials } from './types.ts'

/** A token as it was given. */
export interface FreshToken {
  readonly value: string
  /** Milliseconds since 1970: counted from before the request, so never later than the server's own reckoning. */
  readonly issuedAt: number
  readonly lifeMs: number
  /** What it is good for; undefined where neither the answer nor the token tells. */
  readonly scopes: readonly string[] | undefined
  /** The server's time when it answered. */
  readonly date: number | undefined
}

export interface TokenRequestOptions {
  readonly tokenUrl: string
  /** Called with true when the ones that it told before were refused. */
  readonly credentials: (refused?: boolean) => Promise<Credentials>
  readonly transport: Transport
  readonly clock: Clock
  readonly random: () => number
  readonly secrets: Secrets
  /** Of the token endpoint, shared by all who ask it. */
  readonly pace: Pace
}

/** How hard one refresh tries. */
export interface Effort {
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly maxAttempts: number
}

const OPERATION = 'POST token'
/** Used when expires_in is missing, which RFC 6749 (5.1) allows; well below the 15 minutes that BMC gives. */
const DEFAULT_LIFE_MS = 300_000
/** A longer Retry-After is reported instead of waited for: every caller waits for this one request. */
const MAX_WAIT_MS = 5_000
/** RFC 6749, 5.2: the answers with 400 that mean wrong credentials. */
const REFUSALS = /invalid_client|unauthorized_client/

/**
 * Asks the token endpoint (OAuth 2 client credentials, RFC 6749, 4.4). Id and secret go into the form body:
 * servers disagree on how Basic encodes special characters.
 *
 * @throws CcmError BMC_CREDENTIALS_INVALID once the credentials, read again, are refused still; otherwise
 *   BMC_TOKEN_ENDPOINT_FAILED, or BMC_RATE_LIMITED while the endpoint wants to be left alone; the signal's reason when it
 *   aborts
 */
export async function requestToken(options: TokenRequestOptions, effort: Effort): Promise<FreshToken> {
  const first = await readCredentials(options)
  const outcome = await askUntilAnswered(options, first, effort)
  if (!isRefusal(outcome)) return toToken(options, outcome)
  const second = await readCredentials(options, true)
  const changed = second.clientId !== first.clientId || second.clientSecret !== first.clientSecret
  const again = changed ? await askUntilAnswered(options, second, effort) : outcome
  if (isRefusal(again)) throw toTokenError(options, 'BMC_CREDENTIALS_INVALID', again)
  return toToken(options, again)
}

/** An answer of the token endpoint, with the time at which it was asked for. */
type TokenAnswer = Answered & { readonly askedAt: number }

async function readCredentials(options: TokenRequestOptions, refused = false): Promise<Credentials> {
  try {
    const credentials = await options.credentials(refused)
    options.secrets.add(credentials.clientSecret)
    return credentials
  } catch (cause) {
    if (cause instanceof CcmError) throw cause
    throw new CcmError('BMC_CREDENTIALS_INVALID', 'the BMC credentials cannot be read', { cause })
  }
}

async function askUntilAnswered(
  options: TokenRequestOptions,
  credentials: Credentials,
  effort: Effort,
): Promise<TokenAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const askedAt = options.clock.now()
    const outcome = await sendInTurn(options, credentials, effort, attempt)
    effort.signal.throwIfAborted()
    if (outcome.kind === 'answered' && (outcome.status === 200 || isRefusal(outcome))) {
      return { ...outcome, askedAt }
    }
    const { random } = options
    const state = { repeatable: true, attempt, remainingMs: MAX_WAIT_MS, random, ...effort }
    const verdict = decideRetry(outcome, state)
    if (verdict.do === 'give-up') throw toTokenError(options, 'BMC_TOKEN_ENDPOINT_FAILED', outcome)
    await pause(options.clock, verdict.afterMs, effort.signal)
  }
}

async function sendInTurn(
  options: TokenRequestOptions,
  credentials: Credentials,
  effort: Effort,
  attempt: number,
): Promise<Outcome> {
  const { clock, pace, transport, tokenUrl } = options
  const turn = await pace.enter({ signal: effort.signal, patience: clock.now() + MAX_WAIT_MS })
  if (typeof turn === 'number') throw toLimited(toWhere(options), turn, clock.now())
  const outcome = await transport.send({ ...toSending(tokenUrl, credentials, effort), attempt })
  turn.leave(toAnswer(outcome))
  return outcome
}

function toSending(url: string, { clientId, clientSecret }: Credentials, effort: Effort) {
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  return {
    operation: OPERATION,
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    signal: effort.signal,
    timeoutMs: effort.timeoutMs,
  } as const
}

function isRefusal(answer: Answered): boolean {
  const { status } = answer
  return status === 401 || status === 403 || (status === 400 && REFUSALS.test(answer.text))
}

function toToken(options: TokenRequestOptions, answer: TokenAnswer): FreshToken {
  const body = decodeBody(answer.text)
  const {
    access_token: value,
    expires_in: seconds,
    scope,
  } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    const { message, fields } = toInvalidResponse(toWhere(options), 'it holds no token')
    throw new CcmError('BMC_TOKEN_ENDPOINT_FAILED', message, { fields })
  }
  options.secrets.add(value)
  const lifeMs = Number(seconds ?? Number.NaN) * 1000
  return {
    value,
    issuedAt: answer.askedAt,
    lifeMs: Number.isFinite(lifeMs) ? lifeMs : DEFAULT_LIFE_MS,
    scopes: toScopes(scope) ?? toScopes(readClaims(value)['scope']),
    date: answer.date,
  }
}

/** Words between spaces (RFC 6749, 3.3). */
const toScopes = (text: unknown): readonly string[] | undefined =>
  typeof text === 'string' && text.trim() !== '' ? text.trim().split(/\s+/) : undefined

/** The claims of a token that is a JWT; they are only told, never relied on. */
function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}

/** The error of `outcome`, under the code that says that it is about the token. */
function toTokenError(options: TokenRequestOptions, code: ErrorCode, outcome: Outcome): CcmError {
  const moment = { now: options.clock.now(), secrets: options.secrets.values() }
  const { message, fields, cause } = toBmcError(toWhere(options), outcome, moment)
  return new CcmError(code, message, { fields, cause })
}

function toWhere(options: TokenRequestOptions): Where {
  return { operation: OPERATION, what: OPERATION, host: new URL(options.tokenUrl).host, repeatable: true }
}
