import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { CcmError } from '../shared/errors.ts'
import {
  CONNECTION_LIMITS,
  type ConnectionLimits,
  type Connections,
  limitConnections,
} from './connections.ts'
import { toCcmError, toErrorResponse, type Webhook, type WebhookResponse } from './http.ts'
import type { StatusPage } from './status-page.ts'
import { serveStatus } from './status-routes.ts'
import { tooLarge } from './webhook.ts'
import { refuse, send, serveWebhook, type WebhookHost } from './webhook-routes.ts'

/** PEM texts with which the server ends TLS. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  /** Authority of the callers' certificates; they are asked for one only where this is given. */
  readonly clientCa?: string | undefined
}

export interface ServerParts extends WebhookHost {
  readonly admission: Webhook
  readonly audit: Webhook
  /** Whether the API server should send requests here. */
  readonly ready: () => boolean
  /** What a person should mend although this server is of use: shown by /readyz behind its `ok`. */
  readonly wants?: (() => readonly string[]) | undefined
  /** What people see in a browser, and whether others need the time. */
  readonly status?: { readonly page: StatusPage; readonly isPressed: () => boolean } | undefined
  /** As shipped by default. */
  readonly connections?: ConnectionLimits | undefined
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
  const connections = limitConnections(server.server, parts.connections ?? CONNECTION_LIMITS)
  server.addHook('onRequest', (request, reply, done) => {
    // Before the body of a request that nobody serves is read.
    if (request.is404) refuse(reply, toErrorResponse(unknownPath()))
    else done()
  })
  server.setErrorHandler((error, _request, reply) => refuse(reply, toRefusal(error, parts.maxBodyBytes)))
  serveHealth(server, parts, connections)
  const webhooks = { server, parts, connections }
  serveWebhook({ ...webhooks, webhook: parts.admission, paths: ['/admission', '/admission/:secret'] })
  serveWebhook({ ...webhooks, webhook: parts.audit, paths: ['/audit'], isAudit: true })
  if (parts.status) serveStatus(server, parts.status.page, connections, parts.status.isPressed)
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

/** Open to everybody: one answer a connection, unless its caller has shown a token on it. */
function serveHealth(server: FastifyInstance, parts: ServerParts, connections: Connections): void {
  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    connections.isTrusted(request.raw.socket) ? reply : reply.header('connection', 'close')
  server.get('/healthz', (request, reply) => answer(request, reply).send('ok'))
  server.get('/readyz', (request, reply) =>
    parts.ready()
      ? answer(request, reply).send(['ok', ...(parts.wants?.() ?? [])].join('\n'))
      : answer(request, reply).code(503).send('not ready'),
  )
}

const unknownPath = (): CcmError => new CcmError('WEBHOOK_NOT_FOUND', 'nothing has this path')

/** Errors of the server itself: a body that is too long, cut off, or of another length than announced. */
function toRefusal(error: unknown, maxBodyBytes: number): WebhookResponse {
  const { statusCode = 500 } = error as { statusCode?: number }
  if (statusCode === 413) return toErrorResponse(tooLarge(maxBodyBytes))
  if (statusCode < 500)
    return toErrorResponse(new CcmError('WEBHOOK_BODY_INVALID', 'the body could not be read'))
  return toErrorResponse(toCcmError(error))
}
