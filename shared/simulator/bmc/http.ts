import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { type Answer, ApiError, type Query, type Route } from './api.ts'
import type { Fault, FaultInjector } from './faults.ts'
import { type Bucket, createBucket } from './rate-limit.ts'
import type { OpenEntry, RequestLogWriter } from './request-log.ts'
import type { World } from './store.ts'
import type { TokenIssuer } from './token.ts'

export const TOKEN_PATH = '/auth/realms/BMC/protocol/openid-connect/token'

/** All that a request passes through. */
export interface Pipeline {
  readonly world: World
  readonly clock: Clock
  readonly log: Log
  readonly issuer: TokenIssuer
  readonly injector: FaultInjector
  readonly requests: RequestLogWriter
  readonly routes: readonly Route[]
  /** Aborts when the simulator closes, so that no delay outlives it. */
  readonly closing: AbortSignal
}

/** What takes requests in, and how fast. */
interface Intake extends Pipeline {
  /** None without a limit. */
  readonly buckets: { readonly api: Bucket; readonly token: Bucket } | undefined
}

type Effect = () => Answer

/** Sets up parsers, the API's routes, the token endpoint, and the answers to everything else. */
export function addRoutes(app: FastifyInstance, parts: Pipeline): void {
  const { routes, world, issuer } = parts
  const pipeline: Intake = { ...parts, buckets: createBuckets(parts) }
  addParsers(app)
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) =>
        serve(pipeline, request, reply, `${route.method} ${route.path}`, () =>
          callRoute(pipeline, route, request),
        ),
    })
  }
  app.post(TOKEN_PATH, (request, reply) =>
    serve(pipeline, request, reply, `POST ${TOKEN_PATH}`, () => {
      world.advance()
      if (!(request.body instanceof URLSearchParams)) throw new ApiError(415, 'A form body is expected.')
      return issuer.issue(request.headers.authorization, request.body)
    }),
  )
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    return serve(pipeline, request, reply, `${request.method} ${path}`, () => refuseUnknown(routes, path))
  })
  app.setErrorHandler((error, request, reply) => {
    const operation = `${request.method} ${request.routeOptions.url?.replaceAll(/:(\w+)/g, '{$1}') ?? pathOf(request)}`
    return serve(pipeline, request, reply, operation, () => {
      throw toApiError(error)
    })
  })
}

function createBuckets({ world, clock }: Pipeline): Intake['buckets'] {
  const { rateLimit } = world.settings
  return rateLimit && { api: createBucket(clock, rateLimit), token: createBucket(clock, rateLimit) }
}

/** JSON with an empty body allowed (clients name the type on every POST), and the token endpoint's forms. */
function addParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      const parsed: unknown = body === '' ? undefined : JSON.parse(String(body))
      done(null, parsed)
    } catch {
      done(new ApiError(400, 'The request body is no JSON.'))
    }
  })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  )
}

const pathOf = (request: FastifyRequest): string => request.url.split('?')[0] ?? ''

function callRoute({ world, issuer }: Pipeline, route: Route, request: FastifyRequest): Answer {
  world.advance()
  const callers =
    route.scope === 'none' ? undefined : issuer.authorise(request.headers.authorization, route.scope)
  if (request.body instanceof URLSearchParams) throw new ApiError(415, 'A JSON body is expected.')
  return route.handle({
    world,
    account: world.account(callers?.accountId ?? ''),
    params: request.params as Readonly<Record<string, string>>,
    query: request.query as Query,
    body: request.body,
  })
}

function refuseUnknown(routes: readonly Route[], path: string): never {
  const isKnown = routes.some(route =>
    new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  if (isKnown || path === TOKEN_PATH) throw new ApiError(405, 'The method is not allowed here.')
  throw new ApiError(404, 'There is no such resource.')
}

/** Fastify's own refusals (unknown content type, too large a body) in the API's form. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  return new ApiError(statusCode ?? 500, message ?? 'The server met an unexpected condition.')
}

/** Logs the request, lets faults strike, and answers. */
async function serve(
  pipeline: Intake,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: string,
  effect: Effect,
): Promise<FastifyReply> {
  const { clock, requests, injector, closing } = pipeline
  reply.header('date', new Date(clock.now()).toUTCString())
  const entry = requests.add({
    at: clock.now(),
    operation,
    method: request.method,
    path: request.url,
    status: 0,
    ...(request.body === undefined || request.body instanceof URLSearchParams ? {} : { body: request.body }),
  })
  const fault = injector.strike(entry)
  if (fault?.delayMs !== undefined && !(await delay(clock, fault.delayMs, closing))) return reply.hijack()
  const isBefore = fault !== undefined && !fault.afterEffect && (fault.status !== undefined || fault.hang)
  if (fault?.reset === 'before' || isBefore) return spoil(pipeline, fault ?? {}, reply, entry)
  const emptyForMs = pipeline.buckets?.[operation.endsWith(TOKEN_PATH) ? 'token' : 'api'].take()
  if (emptyForMs !== undefined) return slowDown(pipeline, reply, entry, emptyForMs)
  const answer = run(effect, pipeline)
  if (fault !== undefined) return spoil(pipeline, fault, reply, entry, answer)
  return send(pipeline, reply, entry, answer)
}

/** False when the simulator closed meanwhile: then nobody waits for the answer any more. */
async function delay(clock: Clock, ms: number, closing: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, closing)
    return true
  } catch {
    return false
  }
}

function run(effect: Effect, { world, log }: Pipeline): Answer {
  try {
    return effect()
  } catch (error) {
    if (!(error instanceof ApiError)) log.error({ error }, 'bmc simulator failed')
    const { status, message, validationErrors } = toApiError(error)
    const errors = validationErrors ?? (world.settings.absent === 'null' ? null : undefined)
    return { status, body: { message, validationErrors: errors } }
  }
}

function slowDown(pipeline: Pipeline, reply: FastifyReply, entry: OpenEntry, ms: number): FastifyReply {
  if (pipeline.world.settings.rateLimit?.tellsWhen) reply.header('retry-after', Math.ceil(ms / 1000))
  return send(pipeline, reply, entry, { status: 429, body: { message: 'Too many requests.' } })
}

/** The fault's answer, or its lack of one; `answer` is what would have been said. */
function spoil(
  pipeline: Pipeline,
  fault: Fault,
  reply: FastifyReply,
  entry: OpenEntry,
  answer: Answer = { status: 500 },
): FastifyReply {
  if (fault.reset !== undefined || fault.hang) {
    reply.hijack()
    if (fault.reset !== undefined) reply.raw.socket?.resetAndDestroy()
    return reply
  }
  if (fault.malformed) {
    const whole = JSON.stringify(answer.body ?? {})
    reply.header('content-type', 'application/json')
    return sendText(reply, entry, answer.status, whole.slice(0, Math.ceil(whole.length / 2)))
  }
  reply.headers(fault.headers ?? {})
  if (fault.status === undefined) return send(pipeline, reply, entry, answer)
  const { status, body = { message: 'A fault was injected.' } } = fault
  if (typeof body === 'string') return sendText(reply, entry, status, body)
  return send(pipeline, reply, entry, { status, body })
}

function send({ log }: Pipeline, reply: FastifyReply, entry: OpenEntry, answer: Answer): FastifyReply {
  const { operation } = entry
  log.debug({ operation, status: answer.status }, 'bmc simulator answered')
  if (answer.body === undefined) return sendText(reply, entry, answer.status, '')
  reply.header('content-type', 'application/json')
  return sendText(reply, entry, answer.status, JSON.stringify(answer.body))
}

function sendText(reply: FastifyReply, entry: OpenEntry, status: number, text: string): FastifyReply {
  entry.status = status
  return reply.code(status).send(text === '' ? undefined : text)
}
