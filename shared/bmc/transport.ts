import type nodeFetch from 'node-fetch'
import type { Clock } from '../clock.ts'
import { startLimit } from '../limit.ts'
import type { Log } from '../log.ts'
import type { Measure } from '../metrics/contract.ts'
import { createAgents } from './agents.ts'
import type { Counter } from './counter.ts'
import { abortable, anySignal } from './limits.ts'
import { toResult } from './measure.ts'
import { readRequestId, toRequestFields } from './request-line.ts'
import { endSpan, startSpan } from './request-span.ts'
import { toRetryAfterMs } from './retry.ts'

/** The part of node-fetch that is used, so that a test may pass its own. */
export type Fetch = typeof nodeFetch

/** One HTTP request. */
export interface Sending {
  /** Key of the counter. */
  readonly operation: string
  /** 1 for the first, for the log. */
  readonly attempt?: number | undefined
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** Ends the request from outside; the limit of one attempt comes on top. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly text: string
  /** Wish of the server how long to wait, from Retry-After. */
  readonly retryAfterMs?: number | undefined
  /** The WWW-Authenticate header. */
  readonly challenge?: string | undefined
  /** The server's own time in milliseconds since 1970, from the Date header. */
  readonly date?: number | undefined
  /** By which the server knows the request, where its answer says so. */
  readonly requestId?: string | undefined
}

/** What became of a request, by what is known about its effect. */
export type Outcome =
  | Answered
  /** It never left: no connection came about. `permanent`: a repetition will not help (certificate). */
  | { readonly kind: 'not-sent'; readonly why: string; readonly permanent: boolean; readonly cause: unknown }
  /** It may have had its effect, but no answer came. */
  | { readonly kind: 'lost'; readonly why: string; readonly cause: unknown }
  | { readonly kind: 'timeout'; readonly limitMs: number }
  | { readonly kind: 'aborted'; readonly sent: boolean }
  /** It was answered, but by more than we read. */
  | { readonly kind: 'unreadable'; readonly why: string }

export interface Transport {
  /** Sends once (a read twice, if a kept socket turned out dead). Never throws. */
  send(sending: Sending): Promise<Outcome>
  close(): void
}

export interface TransportOptions {
  readonly clock: Clock
  readonly counter: Counter
  readonly measure?: Measure | undefined
  readonly log?: Log | undefined
  readonly fetch?: Fetch | undefined
  readonly userAgent?: string | undefined
  /** A longer body is not read; 64 MiB by default. */
  readonly maxBodyBytes?: number | undefined
}

/** A list of 1,000 servers has some 3 MB; far above it is no answer of the API, and would fill a function's memory. */
const MAX_BODY_BYTES = 64 * 1024 * 1024
/** Errors that only a connection attempt can have. */
const CONNECT_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])
const CERTIFICATE_CODE = /CERT|VERIFY/

/** HTTP on node-fetch: reads share kept sockets, everything else has a fresh one. No redirect is followed. */
export function createTransport(options: TransportOptions): Transport {
  const agents = createAgents()
  const { maxBodyBytes = MAX_BODY_BYTES } = options

  async function exchange(
    sending: Sending,
    fresh: boolean,
    signal: AbortSignal,
    onSend: () => void,
  ): Promise<Answered> {
    const agent = await agents.for(new URL(sending.url), fresh)
    const fetch = options.fetch ?? (await import('node-fetch')).default
    signal.throwIfAborted()
    options.counter.add(sending.operation)
    onSend()
    const response = await fetch(sending.url, {
      method: sending.method,
      headers: {
        ...sending.headers,
        accept: 'application/json',
        'user-agent': options.userAgent ?? 'cloud-provider-phoenixnap',
      },
      redirect: 'manual',
      size: maxBodyBytes,
      agent,
      signal,
      ...(sending.body === undefined ? {} : { body: sending.body }),
    })
    return {
      kind: 'answered',
      status: response.status,
      text: await response.text(),
      retryAfterMs: toRetryAfterMs(response.headers.get('retry-after'), options.clock.now()),
      challenge: response.headers.get('www-authenticate') ?? undefined,
      date: toDate(response.headers.get('date')),
      requestId: readRequestId(response.headers),
    }
  }

  async function attempt(sending: Sending, fresh: boolean): Promise<Outcome> {
    if (sending.signal.aborted) return { kind: 'aborted', sent: false }
    const startedAt = options.clock.now()
    const span = startSpan(sending)
    const outcome = await sendOnce(sending, fresh)
    if (span) endSpan(span, outcome)
    const durationMs = options.clock.now() - startedAt
    measure(sending.operation, outcome, durationMs)
    options.log?.trace(toRequestFields(sending, outcome, durationMs), 'BMC request')
    return outcome
  }

  function measure(request: string, outcome: Outcome, tookMs: number): void {
    const result = toResult(outcome)
    options.measure?.('cloudprovider_phoenixnap_api_requests_total', { request, result })
    options.measure?.('cloudprovider_phoenixnap_api_request_duration_seconds', { request }, tookMs / 1000)
  }

  async function sendOnce(sending: Sending, fresh: boolean): Promise<Outcome> {
    const limit = startLimit(options.clock, sending.timeoutMs)
    const signal = anySignal(sending.signal, limit.signal)
    let sent = false
    const onSend = (): void => {
      sent = true
    }
    try {
      return await abortable(exchange(sending, fresh, signal, onSend), signal)
    } catch (cause) {
      if (sending.signal.aborted) return { kind: 'aborted', sent }
      return limit.signal.aborted ? { kind: 'timeout', limitMs: sending.timeoutMs } : toOutcome(cause)
    } finally {
      limit.stop()
    }
  }

  async function send(sending: Sending): Promise<Outcome> {
    if (sending.method !== 'GET') return attempt(sending, true)
    const reuses = agents.reuses()
    const outcome = await attempt(sending, false)
    const maybeDeadSocket = outcome.kind === 'lost' && agents.reuses() > reuses
    return maybeDeadSocket ? attempt(sending, true) : outcome
  }

  return { send, close: () => agents.close() }
}

function toDate(header: string | null): number | undefined {
  const date = Date.parse(header ?? '')
  return Number.isNaN(date) ? undefined : date
}

/** Sorts what node-fetch throws; whatever is not known to have failed while connecting counts as lost. */
function toOutcome(cause: unknown): Outcome {
  const { code, erroredSysCall, type, message } = cause as {
    code?: string
    erroredSysCall?: string
    type?: string
    message?: string
  }
  const why = code ?? message ?? 'unknown failure'
  if (type === 'max-size') return { kind: 'unreadable', why: 'the body is too long' }
  const permanent = CERTIFICATE_CODE.test(code ?? '')
  if (permanent || erroredSysCall === 'connect' || CONNECT_CODES.has(code ?? '')) {
    return { kind: 'not-sent', why, permanent, cause }
  }
  return { kind: 'lost', why, cause }
}
