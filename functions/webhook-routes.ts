import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../shared/clock.ts'
import { CcmError } from '../shared/errors.ts'
import type { Connections } from './connections.ts'
import { toWebhookDeadline } from './deadline.ts'
import { toErrorResponse, type Webhook, type WebhookHead, type WebhookResponse } from './http.ts'
import type { Leave, Overload } from './overload.ts'
import { type BodyReading, type ReviewBody, readReviewBody } from './review-body.ts'
import { tooLarge, toRetryAfter } from './webhook.ts'

/** What the routes of webhooks use of the server that they are on. */
export interface WebhookHost {
  readonly clock: Clock
  readonly maxBodyBytes: number
  /** Without it everything is taken on. */
  readonly overload?: Pick<Overload, 'batch' | 'body' | 'lagMs' | 'tooSlow'> | undefined
}

export interface WebhookRoutes {
  readonly server: FastifyInstance
  readonly parts: WebhookHost
  readonly connections: Connections
  readonly webhook: Webhook
  readonly paths: readonly string[]
  readonly isAudit?: boolean
}

/** The webhook under its paths; what its callers may not do is refused before their bodies are read. */
export function serveWebhook({
  server,
  parts,
  connections,
  webhook,
  paths,
  isAudit = false,
}: WebhookRoutes): void {
  server.register((scope, _options, done) => {
    scope.decorateRequest(ARRIVAL, null)
    // Bodies are taken whatever their type is said to be, and parsed by the webhook after its checks.
    scope.removeAllContentTypeParsers()
    if (isAudit)
      scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    else
      scope.addContentTypeParser('*', (request: FastifyRequest, stream: Readable) =>
        readReviewBody(stream, toReading(parts, request, arrivalOf(request))),
      )
    scope.addHook('onRequest', async (request, reply) => {
      const head = toHead(request)
      // A late event loop has let the request wait in its socket.
      note(request, { head, receivedAt: parts.clock.now() - (parts.overload?.lagMs() ?? 0) })
      const refusal = await webhook.check(head)
      if (refusal) return refuse(reply, refusal)
      connections.trust(request.raw.socket)
      // A batch that is too long is refused for that: it had better not come again.
      if (toLength(request) > parts.maxBodyBytes)
        return refuse(reply, toErrorResponse(tooLarge(parts.maxBodyBytes)))
      if (isAudit && parts.overload && !(await takeTurn(parts.overload, reply))) return send(reply, toBusy())
      return undefined
    })
    for (const url of paths) {
      scope.all(url, async (request, reply) => {
        const { head, receivedAt } = arrivalOf(request)
        const { text, isCut, leave } = toBody(request.body)
        try {
          const response = await webhook.answer({ ...head, body: text, isCut, receivedAt })
          // The last answer on a connection that would otherwise keep the server from ending.
          if (!server.server.listening) reply.header('connection', 'close')
          return send(reply, response)
        } finally {
          leave()
        }
      })
    }
    done()
  })
}

/** What is known of a request from its first line on. */
interface Arrival {
  readonly head: WebhookHead
  readonly receivedAt: number | undefined
}

const ARRIVAL = Symbol('arrival')

type Arrived = FastifyRequest & { [ARRIVAL]: Arrival | null }

/** On the request itself: a table beside it would have to be cleaned of each. */
function note(request: FastifyRequest, arrival: Arrival): void {
  ;(request as Arrived)[ARRIVAL] = arrival
}

/** Of a request that has no note yet, what it shows now. */
const arrivalOf = (request: FastifyRequest): Arrival =>
  (request as Arrived)[ARRIVAL] ?? { head: toHead(request), receivedAt: undefined }

const toLength = (request: FastifyRequest): number => Number(request.headers['content-length'] ?? Number.NaN)

/** Of a review it is known how far it was read; a request without a body has none. */
const toBody = (body: unknown): ReviewBody =>
  typeof body === 'object' && body !== null
    ? (body as ReviewBody)
    : { text: typeof body === 'string' ? body : '', isCut: false, leave: () => {} }

function toReading(
  { clock, overload, maxBodyBytes }: WebhookHost,
  request: FastifyRequest,
  { head: { query }, receivedAt }: Arrival,
): BodyReading {
  const deadline = toWebhookDeadline({ query, receivedAt }, clock.now())
  return { clock, overload, maxBodyBytes, length: toLength(request), deadline }
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

export const send = (reply: FastifyReply, { status, headers, body }: WebhookResponse): FastifyReply =>
  reply.code(status).headers(headers).send(body)

/** The body that follows is not read, so the connection cannot be used again. */
export const refuse = (reply: FastifyReply, response: WebhookResponse): FastifyReply =>
  send(reply.header('connection', 'close'), response)
