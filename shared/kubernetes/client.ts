import type { Agent, RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import type nodeFetch from 'node-fetch'
import { type Clock, systemClock } from '../clock.ts'
import { CcmError, hasCode } from '../errors.ts'
import { startLimit } from '../limit.ts'
import { type Log, redact, secretForms } from '../log.ts'
import type { Measure } from '../metrics/contract.ts'
import { createAgents } from './agents.ts'
import { findNoText, toCredentialFault } from './credential-faults.ts'
import { toKubeError } from './errors.ts'
import { fetchMeasured } from './measure.ts'
import { waitOut } from './wait-out.ts'

/** One call of the Kubernetes API. */
export interface KubeRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path from the root, as `/api/v1/nodes/node-a`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** Kind of a PATCH body. */
  readonly patch?: 'json' | 'merge' | 'strategic' | 'apply'
  readonly signal?: AbortSignal | undefined
}

/** A successful answer; `date` is the API server's own time in milliseconds since 1970. */
export interface KubeAnswer<T> {
  readonly body: T
  readonly date: number
}

/** The thin door to the API server through which every request of ours goes. */
export interface Kube {
  /** URL of the API server, without a slash at its end. */
  readonly server: string
  /** @throws CcmError KUBE_* (see errors.ts in this folder); aborts become KUBE_TIMEOUT */
  request<T>(request: KubeRequest): Promise<KubeAnswer<T>>
  /** Closes the idle sockets; a function does so before it answers. */
  close(): void
  /** Ends the requests that are under way as well, as KUBE_TIMEOUT, and sends no more: for the end of the process. */
  end(): void
}

/** The part of node-fetch that is used, so that a test may pass its own. */
export type Fetch = typeof nodeFetch

export interface KubeOptions {
  readonly config: KubeConfig
  /**
   * The same cluster's credentials as they are now, asked for before each request; and with true after the API server
   * refused them: where newer ones come, the request is sent once more. Always `config` by default.
   */
  readonly latest?: (refused: boolean) => Promise<KubeConfig>
  readonly fetch?: Fetch | undefined
  readonly clock?: Clock
  /** From 0 to below 1. */
  readonly random?: (() => number) | undefined
  /** Limit of one request in milliseconds, whatever the caller's own deadline; 15,000 by default. */
  readonly timeoutMs?: number
  readonly userAgent?: string
  /** Counts and times each request. */
  readonly measure?: Measure | undefined
  /** Tells of each request, at the level trace. */
  readonly log?: Log | undefined
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const
/** Between the webhook's 10 s and a function's 60 s: a list of 10,000 nodes arrives in pages well below it. */
const DEFAULT_TIMEOUT_MS = 15_000

/** A client on node-fetch: reads share kept-alive sockets, every write has a fresh one (it may not be repeated). */
export function createKube(options: KubeOptions): Kube {
  const server = (options.config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '')
  const agents = createAgents(server)
  const endings = createEndings()
  // The library makes an agent for the proxy that a kubeconfig names.
  const isProxied = Boolean(options.config.getCurrentCluster()?.proxyUrl)

  const latest = options.latest ?? (async () => options.config)
  const { clock = systemClock, random = Math.random, measure, log } = options

  /** A request that is refused for its credentials was not carried out, so that a write may be repeated as well. */
  async function sendWithLatest(
    request: KubeRequest,
    signal: AbortSignal,
    count: () => number,
  ): Promise<KubeAnswer<unknown>> {
    const config = await untilAborted(latest(false), signal)
    try {
      return await send(request, config, signal, count())
    } catch (error) {
      if (!hasCode(error, 'KUBE_CREDENTIALS_INVALID')) throw error
      const newer = await untilAborted(latest(true), signal)
      if (newer === config) throw error
      return send(request, newer, signal, count())
    }
  }

  async function send(
    request: KubeRequest,
    config: KubeConfig,
    signal: AbortSignal,
    attempt: number,
  ): Promise<KubeAnswer<unknown>> {
    const fetch = options.fetch ?? (await import('node-fetch')).default
    const credentials = await authenticate(config, signal)
    const method = request.method ?? 'GET'
    const agent = isProxied ? (credentials.agent as Agent) : await agents.for(method, credentials)
    // node-fetch destroys the body of a request that is aborted before it begins, which nobody hears: the process ends.
    if (signal.aborted) throw new DOMException('the request was no longer waited for', 'AbortError')
    const url = server + request.path + toQuery(request.query)
    const told = { path: request.path, attempt }
    const response = await fetchMeasured(fetch, { clock, measure, log }, told, url, {
      method,
      agent,
      signal,
      // The API server never sends one; a login page in front of it would turn a write into a read of that page.
      redirect: 'error',
      headers: toHeaders(request, credentials, options.userAgent),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    })
    const text = await response.text()
    if (!response.ok) {
      const said = redact(text, toShown(credentials))
      throw toKubeError(request, response.status, said, response.headers.get('retry-after'))
    }
    const date = Date.parse(response.headers.get('date') ?? '')
    return { body: parse(text, request), date: Number.isNaN(date) ? Date.now() : date }
  }

  async function request<T>(call: KubeRequest): Promise<KubeAnswer<T>> {
    const limit = startLimit(clock, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    const ending = endings.begin()
    const signal = AbortSignal.any([limit.signal, ending.signal, ...(call.signal ? [call.signal] : [])])
    try {
      let attempts = 0
      const count = (): number => ++attempts
      const send = () => sendTwiceIfSafe(() => sendWithLatest(call, signal, count), call, signal)
      return (await waitOut(send, { clock, random }, signal)) as KubeAnswer<T>
    } catch (error) {
      throw error instanceof CcmError ? error : toKubeError(call, error, server)
    } finally {
      limit.stop()
      endings.done(ending)
    }
  }

  function end(): void {
    endings.endAll()
    agents.close()
  }

  return { server, request, close: () => agents.close(), end }
}

interface Endings {
  begin(): AbortController
  done(ending: AbortController): void
  endAll(): void
}

/** One controller a request: what hangs on a signal that lives as long as the process would stay with it. */
function createEndings(): Endings {
  const running = new Set<AbortController>()
  let isOver = false
  return {
    begin() {
      const ending = new AbortController()
      if (isOver) ending.abort()
      running.add(ending)
      return ending
    },
    done: ending => void running.delete(ending),
    endAll() {
      isOver = true
      for (const ending of running) ending.abort()
    },
  }
}

/** Bearer token, certificates and the like; a token file is read, or a plugin run, where the kubeconfig says so. */
async function authenticate(config: KubeConfig, signal: AbortSignal): Promise<RequestOptions> {
  const credentials: RequestOptions = {}
  try {
    await untilAborted(config.applyToHTTPSOptions(credentials), signal)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    throw unreadable(toCredentialFault(config, thrown))
  }
  const fault = findNoText(credentials)
  if (fault !== undefined) throw unreadable(fault)
  return credentials
}

const unreadable = (why: string): CcmError =>
  new CcmError('KUBE_CREDENTIALS_INVALID', `cluster credentials cannot be read: ${why}`)

/** A plugin may hang; it is then left alone. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** A kept-alive socket may have died unseen since its last use: a read is repeated once on a new one. */
async function sendTwiceIfSafe<T>(
  send: () => Promise<T>,
  call: KubeRequest,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await send()
  } catch (error) {
    const isRead = (call.method ?? 'GET') === 'GET'
    if (!isRead || error instanceof CcmError || signal.aborted) throw error
    return send()
  }
}

function toQuery(query: KubeRequest['query']): string {
  const given = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** What was shown to the API server: something that answers in its place may repeat it. */
function toShown({ headers, auth }: RequestOptions): readonly string[] {
  const shown = Object.entries(headers ?? {}).flatMap(([name, value]) =>
    name.toLowerCase() === 'authorization'
      ? String(value)
          .replace(/^Bearer +/i, '')
          .trim()
      : [],
  )
  return [...shown, auth ?? ''].filter(secret => secret !== '').flatMap(secretForms)
}

function toHeaders(
  request: KubeRequest,
  credentials: RequestOptions,
  userAgent?: string,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'user-agent': userAgent ?? 'cloud-provider-phoenixnap',
  }
  for (const [name, value] of Object.entries(credentials.headers ?? {})) headers[name] = String(value).trim()
  if (credentials.auth) headers['Authorization'] = `Basic ${Buffer.from(credentials.auth).toString('base64')}`
  if (request.patch) headers['content-type'] = PATCH_TYPES[request.patch]
  else if (request.body !== undefined) headers['content-type'] = 'application/json'
  return headers
}

function parse(text: string, request: KubeRequest): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    // The parser shows what it stumbled over, which may be part of a Secret.
    throw new CcmError('KUBE_SERVER_ERROR', `${request.path}: the answer is no JSON`)
  }
}
