import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import type { Log } from '../log.ts'
import { abortable } from './limits.ts'
import { type Effort, type FreshToken, requestToken, type TokenRequestOptions } from './token-request.ts'

export interface TokenSource {
  /**
   * A token to send: the held one, or a new one. Callers at the same time share one request.
   *
   * @throws CcmError BMC_CREDENTIALS_INVALID, BMC_TOKEN_ENDPOINT_FAILED; the signal's reason when it aborts
   */
  get(signal: AbortSignal): Promise<string>
  /** Says that the API refused `token`; a newer one that came meanwhile is kept. */
  invalidate(token: string): void
}

export interface TokenOptions extends TokenRequestOptions {
  readonly clock: Clock
  readonly log: Log
  readonly timeoutMs: number
}

interface Held {
  readonly value: string
  readonly refreshAt: number
  readonly expiresAt: number
}

/** One token request under way and the number of callers that wait for it. */
interface Flight {
  /** Begun while the held token was good: one short attempt, whose failure is not the last word. */
  readonly early: boolean
  readonly promise: Promise<Held>
  readonly controller: AbortController
  waiters: number
}

/** As much of its life as a token is used before a new one is asked for … */
const REFRESH_SHARE = 0.8
/** … and no less than this long before its end, … */
const REFRESH_LEAD_MS = 60_000
/** … but not in the first half of a short life, where each call would ask. */
const MIN_SHARE = 0.5
/** Part of the life by which refreshes of many processes are spread. */
const JITTER_SHARE = 0.05
/** A refresh that is not needed yet delays a call by no more than this. */
const EARLY_TIMEOUT_MS = 3_000
/** After a failed early refresh the held token is used without another try for so long. */
const EARLY_PAUSE_MS = 30_000
const MAX_ATTEMPTS = 3

/** Holds the token of one client. */
export function createTokenSource(options: TokenOptions): TokenSource {
  const { clock } = options
  let held: Held | undefined
  let flight: Flight | undefined
  let quietUntil = 0

  const valid = (): Held | undefined => (held && clock.now() < held.expiresAt ? held : undefined)

  async function obtain(effort: Effort): Promise<Held> {
    held = toHeld(await requestToken(options, effort), options.random())
    return held
  }

  function start(early: boolean): Flight {
    const controller = new AbortController()
    const effort = early
      ? { timeoutMs: Math.min(EARLY_TIMEOUT_MS, options.timeoutMs), maxAttempts: 1 }
      : { timeoutMs: options.timeoutMs, maxAttempts: MAX_ATTEMPTS }
    const promise = obtain({ signal: controller.signal, ...effort })
    const started = { early, promise, controller, waiters: 0 }
    promise.catch(() => undefined).finally(() => forget(started))
    flight = started
    return started
  }

  function forget(ended: Flight): void {
    if (flight === ended) flight = undefined
  }

  /** A caller that gives up leaves the request to the others; the last one to leave ends it. */
  async function join(joined: Flight, signal: AbortSignal): Promise<Held> {
    joined.waiters += 1
    try {
      return await abortable(joined.promise, signal)
    } finally {
      joined.waiters -= 1
      if (joined.waiters === 0) {
        forget(joined)
        joined.controller.abort()
      }
    }
  }

  async function refreshEarly(signal: AbortSignal): Promise<void> {
    quietUntil = clock.now() + EARLY_PAUSE_MS
    try {
      await join(start(true), signal)
    } catch (error) {
      signal.throwIfAborted()
      const code = error instanceof CcmError ? error.code : undefined
      options.log.warn({ code, error }, 'early token refresh failed; the held token is used on')
    }
  }

  async function get(signal: AbortSignal): Promise<string> {
    const token = valid()
    const due = token !== undefined && clock.now() >= Math.max(token.refreshAt, quietUntil)
    if (due) await refreshEarly(signal)
    if (flight?.early && !valid()) await join(flight, signal).catch(() => signal.throwIfAborted())
    return valid()?.value ?? (await join(flight ?? start(false), signal)).value
  }

  function invalidate(token: string): void {
    if (held?.value === token) held = undefined
  }

  return { get, invalidate }
}

function toHeld({ value, issuedAt, lifeMs }: FreshToken, random: number): Held {
  const early = Math.min(lifeMs * REFRESH_SHARE, lifeMs - REFRESH_LEAD_MS) - random * lifeMs * JITTER_SHARE
  return {
    value,
    refreshAt: issuedAt + Math.max(early, lifeMs * MIN_SHARE),
    expiresAt: issuedAt + lifeMs,
  }
}
