import { CcmError, type ErrorCode } from '../errors.ts'
import type { KubeRequest } from './client.ts'

/** The Status object with which the API server refuses a request. */
interface Status {
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly retryAfterSeconds?: number }
}

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'KUBE_CREDENTIALS_INVALID',
  403: 'KUBE_FORBIDDEN',
  404: 'KUBE_NOT_FOUND',
  409: 'KUBE_CONFLICT',
  410: 'KUBE_GONE',
  422: 'KUBE_INVALID',
  429: 'KUBE_RATE_LIMITED',
  504: 'KUBE_TIMEOUT',
}
/** A refusal's message may hold the whole object: enough of it to see what is wrong. */
const MAX_MESSAGE = 500

/**
 * Error of a request that failed: from an HTTP status and body, or from whatever the transport threw
 * (then the third argument names the server).
 */
export function toKubeError(
  request: KubeRequest,
  status: number,
  body: string,
  retryAfter: string | null,
): CcmError
export function toKubeError(request: KubeRequest, thrown: unknown, server: string): CcmError
export function toKubeError(
  request: KubeRequest,
  failure: unknown,
  detail: string,
  retryAfter?: string | null,
): CcmError {
  const what = `${request.method ?? 'GET'} ${request.path}`
  return typeof failure === 'number'
    ? fromStatus(request, failure, detail, retryAfter)
    : fromTransport(what, failure, detail)
}

function fromStatus(
  request: KubeRequest,
  status: number,
  body: string,
  retryAfter?: string | null,
): CcmError {
  const what = `${request.method ?? 'GET'} ${request.path}`
  const answer = parseStatus(body)
  if (status === 404 && answer.reason !== 'NotFound' && isBuiltInObject(request.path)) {
    const message = `${what}: 404 by something in front of the API server, which would name what it does not find`
    return new CcmError('KUBE_SERVER_ERROR', message, { fields: { status } })
  }
  const message = (answer.message ?? `HTTP ${status}`).slice(0, MAX_MESSAGE)
  const retryAfterSeconds = Number(retryAfter ?? answer.details?.retryAfterSeconds ?? 0)
  return new CcmError(toCode(status, answer.reason), `${what}: ${message}`, {
    fields: { status, ...(retryAfterSeconds > 0 ? { retryAfterMs: retryAfterSeconds * 1000 } : {}) },
  })
}

/** Version of a built-in API, and the path behind it; custom resources lie in groups of other domains. */
const BUILT_IN = /^\/(?:api|apis\/(?:[^/.]+|[^/]+\.k8s\.io))\/v[^/]+\/(.+)$/

/**
 * Whether the path names an object of a kind that every API server has: it answers 404 with a Status when there is none. A page of
 * whatever lies in between is no proof of absence, on which claims would be released. A kind that is not served is answered with a page.
 */
function isBuiltInObject(path: string): boolean {
  const parts = BUILT_IN.exec(path)?.[1]?.split('/') ?? []
  return (parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts).length > 1
}

function toCode(status: number, reason: string | undefined): ErrorCode {
  if (reason === 'AlreadyExists') return 'KUBE_ALREADY_EXISTS'
  return BY_STATUS[status] ?? (status >= 500 ? 'KUBE_SERVER_ERROR' : 'KUBE_INVALID')
}

/** What answers in the place of the API server may say anything. */
function parseStatus(body: string): Status {
  const { message, reason, details } = toFields(parse(body))
  const { retryAfterSeconds } = toFields(details)
  return {
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { details: { retryAfterSeconds } } : {}),
  }
}

const toFields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function fromTransport(what: string, cause: unknown, server: string): CcmError {
  const name = cause instanceof Error ? cause.name : ''
  if (name === 'AbortError' || name === 'TimeoutError') {
    return new CcmError('KUBE_TIMEOUT', `${what}: no answer from ${server} in time`, { cause })
  }
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CcmError('KUBE_UNREACHABLE', `${what}: ${server} cannot be reached: ${why}`, { cause })
}
