import type { TLSSocket } from 'node:tls'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Clock } from '../shared/clock.ts'
import { CcmError } from '../shared/errors.ts'
import { CONNECTION_LIMITS, type ConnectionLimits, limitConnections } from './connections.ts'
import { toCcmError, toErrorResponse, type Webhook, type WebhookHead, type WebhookResponse } from './http.ts'
import type { Leave, Overload } from './overload.ts'
import { tooLarge, toRetryAfter } from './webhook.ts'

/** PEM texts with which the server ends TLS. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  /** Authority of the callers' certificates; they are asked for one only where this is given. */
  readonly clientCa?: string | undefined
}

export interface ServerParts {
  readonly admission: Webhook
  readonly audit: Webhook
  /** Whether the API server should send requests here. */
  readonly ready: () => boolean
  /** What a person should mend although this server is of use: shown by /readyz behind its `ok`. */
  readonly wants?: (() => readonly string[]) | undefined
  readonly clock: Clock
  readonly maxBodyBytes: number
  /** As shipped by default. */
  readonly connections?: ConnectionLimits | undefined
  /** Without it everything is taken on. */
  readonly overload?: Pick<Overload, 'batch' | 'lagMs'> | undefined
  /** Without it the server speaks plain HTTP: for tests, and behind something that ends TLS. */
  readonly tls?: TlsFiles | undefined
}

/** Time for a whole request to arrive: three of the API server's longest webhook timeouts (30 s) would be a trickle. */
const REQUEST_TIMEOUT_MS = 30_000
/** Above the 90 s after which the API server drops an idle connection, so that it never sends into a closing one. */
const KEEP_ALIVE_MS = 95_000
/** Far above what a handshake takes on a busy machine; who never ends it does not hold its connection for longer. */
const HANDSHAKE_TIMEOUT_MS = 10_000
/** With forward secrecy and authenticated: what Go's client, and with it the API server, offers first. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')
/** Bearer tokens are short; a service account's is about 1 KiB. */
const MAX_HEADER_BYTES = 16_384

/**
 * The webhooks as routes of a server, plus health: /healthz says that the process is alive, /readyz that it is of
 * use. No access log: a path may hold a secret.
 */
export function createServer(parts: ServerParts): FastifyInstance {
  const server = fastify({
    ...toTlsOptions(parts.tls),
    logger: false,
    bodyLimit: parts.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // A request that came before the server was told to end is worth its answer.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: false },
    frameworkErrors: (_error, _request, reply) => {
      send(reply, toErrorResponse(unknownPath()))
    },
  }) as unknown as FastifyInstance
  limitConnections(server.server, parts.connections ?? CONNECTION_LIMITS)
  server.addHook('onRequest', (request, reply, done) => {
    // Before the body of a request that nobody serves is read.
    if (request.is404) refuse(reply, toErrorResponse(unknownPath()))
    else done()
  })
  server.setErrorHandler((error, _request, reply) => send(reply, toRefusal(error, parts.maxBodyBytes)))
  server.get('/healthz', () => 'ok')
  server.get('/readyz', (_request, reply) =>
    parts.ready() ? ['ok', ...(parts.wants?.() ?? [])].join('\n') : reply.code(503).send('not ready'),
  )
  serveWebhook(server, parts, parts.admission, ['/admission', '/admission/:secret'])
  serveWebhook(server, parts, parts.audit, ['/audit'], parts.overload)
  return server
}

function toTlsOptions(tls: TlsFiles | undefined): object {
  const http = { maxHeaderSize: MAX_HEADER_BYTES }
  if (!tls) return { http }
  return {
    https: {
      ...http,
      ...toSecureContext(tls),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: tls.clientCa !== undefined,
      rejectUnauthorized: false,
    },
  }
}

/** What the handshake uses; a caller without a certificate is refused by the webhook, not here: /healthz is open to all. */
export const toSecureContext = ({ cert, key, clientCa }: TlsFiles): object => ({
  cert,
  key,
  minVersion: 'TLSv1.2',
  ciphers: CIPHERS,
  ...(clientCa === undefined ? {} : { ca: clientCa }),
})

function serveWebhook(
  server: FastifyInstance,
  parts: ServerParts,
  webhook: Webhook,
  paths: readonly string[],
  overload?: ServerParts['overload'],
): void {
  const arrivals = new WeakMap<FastifyRequest, number>()
  server.register((scope, _options, done) => {
    // Bodies are taken whatever their type is said to be, and parsed by the webhook after its checks.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    scope.addHook('onRequest', async (request, reply) => {
      // A late event loop has let the request wait in its socket.
      arrivals.set(request, parts.clock.now() - (parts.overload?.lagMs() ?? 0))
      const refusal = await webhook.check(toHead(request))
      if (refusal) return refuse(reply, refusal)
      // A batch that is too long is refused for that: it had better not come again.
      if (Number(request.headers['content-length']) > parts.maxBodyBytes) return undefined
      if (overload && !(await takeTurn(overload, reply))) return send(reply, toBusy())
      return undefined
    })
    for (const url of paths) {
      scope.all(url, async (request, reply) => {
        const receivedAt = arrivals.get(request)
        const body = typeof request.body === 'string' ? request.body : ''
        const response = await webhook.answer({ ...toHead(request), body, receivedAt })
        // The last answer on a connection that would otherwise keep the server from ending.
        if (!server.server.listening) reply.header('connection', 'close')
        return send(reply, response)
      })
    }
    done()
  })
}

/** A batch's turn ends with its answer, or when its caller is gone. */
async function takeTurn(overload: Pick<Overload, 'batch'>, reply: FastifyReply): Promise<boolean> {
  const gone = new AbortController()
  let leave: Leave | undefined
  reply.raw.once('close', () => {
    gone.abort(GONE)
    leave?.()
  })
  leave = await overload.batch(gone.signal)
  return leave !== undefined
}

/** A reason of our own costs no stack, which an abort without one would. */
const GONE = 'the caller is gone'

/**
 * The body that follows is read and thrown away: a new connection would cost more than that, and a closed one may lose the
 * answer, without which the API server comes again later and less often.
 */
const toBusy = (): WebhookResponse =>
  toErrorResponse(new CcmError('WEBHOOK_OVERLOADED', 'no more audit batches are taken on at the moment'), {
    'retry-after': toRetryAfter(Math.random()),
  })

function toHead(request: FastifyRequest): WebhookHead {
  const [path = ''] = request.url.split('?', 1)
  return {
    method: request.method,
    path,
    query: request.query as WebhookHead['query'],
    headers: request.headers as WebhookHead['headers'],
    clientVerified: (request.raw.socket as Partial<TLSSocket>).authorized ?? false,
  }
}

const send = (reply: FastifyReply, { status, headers, body }: WebhookResponse): FastifyReply =>
  reply.code(status).headers(headers).send(body)

/** The body that follows is not read, so the connection cannot be used again. */
const refuse = (reply: FastifyReply, response: WebhookResponse): FastifyReply =>
  send(reply.header('connection', 'close'), response)

const unknownPath = (): CcmError => new CcmError('WEBHOOK_NOT_FOUND', 'nothing has this path')

/** Errors of the server itself: a body that is too long, cut off, or of another length than announced. */
function toRefusal(error: unknown, maxBodyBytes: number): WebhookResponse {
  const { statusCode = 500 } = error as { statusCode?: number }
  if (statusCode === 413) return toErrorResponse(tooLarge(maxBodyBytes))
  if (statusCode < 500)
    return toErrorResponse(new CcmError('WEBHOOK_BODY_INVALID', 'the body could not be read'))
  return toErrorResponse(toCcmError(error))
}
