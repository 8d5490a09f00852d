import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Clock } from '../../../clock.ts'
import type { Log } from '../../../log.ts'
import { ANONYMOUS, fromToken, toUser } from '../access/users.ts'
import type { AuditLog } from '../audit/audit.ts'
import { ConnectionReset, type FaultInjector } from '../faults.ts'
import { valueAt } from '../json.ts'
import type { User } from '../objects.ts'
import type { LoggedRequest, RequestRecorder } from '../request-log.ts'
import { ApiError, internalError, unauthorized } from '../status.ts'
import { type DispatchContext, type Dispatched, dispatch } from './dispatch.ts'
import type { Answer, HttpRequest } from './request.ts'

/** The API server's own limit of a request body. */
const MAX_BODY_BYTES = 3 * 1024 * 1024

export interface HttpContext extends DispatchContext {
  readonly clock: Clock
  readonly log: Log
  readonly faults: FaultInjector
  readonly audit: AuditLog
  readonly requests: RequestRecorder
  /** A request without credentials is admin's; for demos behind plain HTTP. */
  readonly anonymousAdmin: boolean
  /** Aborts when the simulator closes. */
  readonly closing: AbortSignal
}

export interface ServerTls {
  readonly cert: string
  readonly key: string
}

/** A server without routes of its own: every path goes to the dispatcher. */
export function createHttpServer(context: HttpContext, tls: ServerTls | undefined): FastifyInstance {
  const options = { bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true, exposeHeadRoutes: false } as const
  const server: FastifyInstance =
    tls === undefined ? fastify(options) : fastify({ ...options, https: { ...tls } })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  server.all('/*', (request, reply) => answerRequest(context, request, reply))
  server.setErrorHandler((error, _request, reply) => {
    const tooLarge = (error as { statusCode?: number }).statusCode === 413
    const status = tooLarge
      ? new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`)
      : internalError(error instanceof Error ? error.message : String(error))
    return reply.code(status.code).send(status.toStatus())
  })
  return server
}

async function answerRequest(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const gone = new AbortController()
  reply.raw.on('close', () => gone.abort('the caller has gone'))
  const http = toHttpRequest(context, request, AbortSignal.any([gone.signal, context.closing]))
  const user = authenticate(context, http)
  const dispatched = dispatch(context, http, user ?? ANONYMOUS)
  const entry = logEntry(http, user ?? ANONYMOUS, dispatched)
  reply.hijack()
  try {
    await context.faults.before(entry, context.clock)
    const answer = await run(dispatched, user)
    context.faults.after(entry)
    await respond(context, http, reply, answer, dispatched, entry, user ?? ANONYMOUS)
  } catch (error) {
    const status = error instanceof ConnectionReset ? 0 : 500
    const failure = toFailure(context, error)
    if (failure === undefined) {
      context.requests.add({ ...entry, status })
      reply.raw.destroy()
      return
    }
    await respond(context, http, reply, failure, dispatched, entry, user ?? ANONYMOUS)
  }
}

/** Failures of the verb itself become answers here, so that a reset after the effect strikes them as well. */
async function run(dispatched: Dispatched, user: User | undefined): Promise<Answer> {
  try {
    if (user === undefined) throw unauthorized()
    return await dispatched.run()
  } catch (error) {
    if (error instanceof ApiError) return { status: error.code, body: error.toStatus() }
    throw error
  }
}

function toFailure({ log }: HttpContext, error: unknown): Answer | undefined {
  if (error instanceof ConnectionReset) return undefined
  if (error instanceof ApiError) return { status: error.code, body: error.toStatus() }
  log.error({ error }, 'request failed')
  return {
    status: 500,
    body: internalError(error instanceof Error ? error.message : String(error)).toStatus(),
  }
}

function toHttpRequest(context: HttpContext, request: FastifyRequest, signal: AbortSignal): HttpRequest {
  const url = new URL(request.raw.url ?? '/', 'http://localhost')
  const header = (name: string): string => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : (value?.[0] ?? '')
  }
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    contentType: (header('content-type').split(';')[0] ?? '').trim().toLowerCase(),
    accept: header('accept'),
    authorization: header('authorization'),
    userAgent: header('user-agent'),
    sourceAddress: request.ip,
    auditId: randomUUID(),
    at: context.clock.now(),
    signal,
  }
}

/** Undefined for credentials that are none of ours. */
function authenticate({ anonymousAdmin }: HttpContext, { authorization }: HttpRequest): User | undefined {
  if (authorization === '') return anonymousAdmin ? toUser('admin') : ANONYMOUS
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  return token === undefined ? undefined : fromToken(token)
}

function logEntry(http: HttpRequest, user: User, { target }: Dispatched): Omit<LoggedRequest, 'status'> {
  return {
    at: http.at,
    user: user.username,
    verb: target?.verb ?? http.method.toLowerCase(),
    resource: target?.plural ?? '',
    ...(target === undefined || target.group === '' ? {} : { group: target.group }),
    ...(target === undefined || target.subresource === '' ? {} : { subresource: target.subresource }),
    ...(target === undefined || target.name === '' ? {} : { name: target.name }),
    ...(target === undefined || target.namespace === '' ? {} : { namespace: target.namespace }),
    path: http.path,
    userAgent: http.userAgent,
  }
}

async function respond(
  context: HttpContext,
  http: HttpRequest,
  reply: FastifyReply,
  answer: Answer,
  dispatched: Dispatched,
  entry: Omit<LoggedRequest, 'status'>,
  user: User,
): Promise<void> {
  const { raw } = reply
  raw.statusCode = answer.status
  raw.setHeader('date', new Date(context.clock.now()).toUTCString())
  raw.setHeader('audit-id', http.auditId)
  raw.setHeader('cache-control', 'no-cache, private')
  raw.setHeader('content-type', answer.contentType ?? 'application/json')
  const retryAfter = valueAt(answer.body, 'details', 'retryAfterSeconds')
  if (typeof retryAfter === 'number') raw.setHeader('retry-after', retryAfter)
  const warnings = shortened(dispatched.warnings).map(text => `299 - ${JSON.stringify(text)}`)
  if (warnings.length > 0) raw.setHeader('warning', warnings)
  context.requests.add({ ...entry, status: answer.status })
  const audited = { http, user, target: dispatched.target, status: answer.status, body: answer.body }
  if (answer.stream === undefined) {
    context.audit.record({ ...audited, stage: 'ResponseComplete' })
    raw.end(typeof answer.body === 'string' ? answer.body : `${JSON.stringify(answer.body)}\n`)
    return
  }
  context.audit.record({ ...audited, stage: 'ResponseStarted' })
  raw.flushHeaders()
  await answer.stream(chunk => void raw.write(chunk), http.signal)
  context.audit.record({ ...audited, stage: 'ResponseComplete' })
  raw.end()
}

const MAX_WARNINGS_LENGTH = 4096
const CUT_WARNING_LENGTH = 256

/** Each text once; when all together are too long, each is cut. */
function shortened(texts: readonly string[]): string[] {
  const unique = [...new Set(texts)]
  const total = unique.reduce((sum, text) => sum + text.length, 0)
  return total > MAX_WARNINGS_LENGTH ? unique.map(text => text.slice(0, CUT_WARNING_LENGTH)) : unique
}
