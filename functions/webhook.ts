import type { Clock } from '../shared/clock.ts'
import { CcmError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import { readTraceparent, type Tracing } from '../shared/span.ts'
import { inUnit, type NewId, newOrigin, type Origin, type Unit } from '../shared/trace.ts'
import { type Authenticate, showsCredentials, type WebhookRoute } from './auth.ts'
import {
  toCcmError,
  toErrorResponse,
  type Webhook,
  type WebhookHead,
  type WebhookRequest,
  type WebhookResponse,
} from './http.ts'
import type { Renew } from './renewal.ts'

/** What every webhook needs. */
export interface WebhookParts {
  readonly authenticate: Authenticate
  /** Absent where tokens never change. */
  readonly renew?: Renew | undefined
  readonly log: Log
  readonly clock: Clock
  readonly maxBodyBytes: number
  readonly measure?: Measure | undefined
  /** Names a request until it has been read; at random by default. */
  readonly newId?: NewId | undefined
  /** Where spans go; absent while nothing is exported. */
  readonly tracing?: Tracing | undefined
}

/** A caller with a wrong token calls again and again: one line a minute says enough. */
const REFUSAL_LOG_INTERVAL_MS = 60_000

const PATHS: Readonly<Record<WebhookRoute, RegExp>> = {
  admission: /^\/admission(\/[^/]+)?$/,
  audit: /^\/audit$/,
}

/**
 * A webhook around `answer`: path, method and credentials are looked at before the body, the size of the body before
 * its content, and whatever `answer` throws becomes a clear refusal.
 */
export function createWebhook(
  parts: WebhookParts,
  route: WebhookRoute,
  answer: (text: string, request: WebhookRequest) => Promise<WebhookResponse>,
): Webhook {
  const refusals = countRefusals(parts, route)
  const counted = (response: WebhookResponse): WebhookResponse => {
    const code = String(response.status)
    parts.measure?.('phoenixnap_ccm_webhook_requests_total', { webhook: route, code })
    return response
  }
  return {
    async check(head) {
      const refusal = await refuseRenewed(parts, route, head)
      if (refusal?.code === 'WEBHOOK_UNAUTHENTICATED') refusals.count()
      if (!refusal) return undefined
      const headers = refusal.code === 'WEBHOOK_METHOD_NOT_ALLOWED' ? { allow: 'POST' } : {}
      return counted(toErrorResponse(refusal, headers))
    },
    answer: request =>
      inUnit(toUnit(parts, route, request), async () => counted(await answerOrRefuse(request))),
  }

  async function answerOrRefuse(request: WebhookRequest): Promise<WebhookResponse> {
    try {
      if (Buffer.byteLength(request.body) > parts.maxBodyBytes) throw tooLarge(parts.maxBodyBytes)
      return await answer(request.body.toString('utf8'), request)
    } catch (thrown) {
      const error = toCcmError(thrown)
      parts.log.warn({ route, code: error.code, error }, 'webhook request refused')
      return toErrorResponse(error, route === 'audit' ? toHeaders(error) : {})
    }
  }
}

/** A span of the API server's is the parent where its tracing is on. */
function toUnit(
  { newId, tracing }: WebhookParts,
  route: WebhookRoute,
  request: WebhookRequest,
): Unit<WebhookResponse> {
  const origin: Origin = newOrigin(newId)
  if (!tracing) return { origin, name: route, tracing, describe: describeResponse }
  const parent = readTraceparent(request.headers['traceparent'])
  return {
    origin: parent === undefined ? origin : { ...origin, parents: [parent] },
    name: `POST /${route}`,
    isServer: true,
    // The route and never the path, which may hold a secret.
    attributes: { 'http.request.method': 'POST', 'http.route': `/${route}` },
    tracing,
    describe: describeResponse,
  }
}

const describeResponse: Unit<WebhookResponse>['describe'] = ({ status }) => ({
  attributes: { 'http.response.status_code': status },
  failure: status >= 500 ? String(status) : undefined,
})

/**
 * Whole seconds after which the API server shall deliver a batch again, spread over a few so that what was refused together
 * does not come together. It tries ten times within 30 s where it is told a time, and that in five rounds over some minutes;
 * without one it makes five attempts in all (k8s.io/apiserver, audit webhook and client-go).
 *
 * @param random from 0 to below 1
 */
export const toRetryAfter = (random: number): string => String(2 + Math.floor(random * 4))

/** An answer of the kind that client-go repeats, with the time that it looks for. Not for reviews: a user waits for those. */
const toHeaders = (error: CcmError): Record<string, string> =>
  error.retry ? { 'retry-after': toRetryAfter(Math.random()) } : {}

export const tooLarge = (maxBodyBytes: number): CcmError =>
  new CcmError('WEBHOOK_BODY_TOO_LARGE', `the body is larger than ${maxBodyBytes} bytes`)

/** A caller may know a token that was put in place a moment ago; one that shows none is not worth a look. */
async function refuseRenewed(
  parts: WebhookParts,
  route: WebhookRoute,
  head: WebhookHead,
): Promise<CcmError | undefined> {
  await parts.renew?.(false)
  const refusal = refuse(parts, route, head)
  if (refusal?.code !== 'WEBHOOK_UNAUTHENTICATED' || !showsCredentials(head)) return refusal
  await parts.renew?.(true)
  return refuse(parts, route, head)
}

/** Messages repeat neither path nor headers: both may hold a secret, and the API server logs what it is answered. */
function refuse(parts: WebhookParts, route: WebhookRoute, head: WebhookHead): CcmError | undefined {
  if (!PATHS[route].test(head.path)) return new CcmError('WEBHOOK_NOT_FOUND', 'no webhook has this path')
  if (head.method !== 'POST')
    return new CcmError('WEBHOOK_METHOD_NOT_ALLOWED', 'a webhook is called with POST')
  if (!parts.authenticate(head, route)) {
    return new CcmError(
      'WEBHOOK_UNAUTHENTICATED',
      `the ${route} webhook was called without valid credentials`,
    )
  }
  return undefined
}

function countRefusals(parts: WebhookParts, route: WebhookRoute): { count(): void } {
  let unlogged = 0
  let nextLogAt = Number.NEGATIVE_INFINITY
  return {
    count() {
      unlogged += 1
      const now = parts.clock.now()
      if (now < nextLogAt) return
      const fields = { route, code: 'WEBHOOK_UNAUTHENTICATED', requests: unlogged }
      parts.log.warn(fields, 'webhook called without valid credentials')
      unlogged = 0
      nextLogAt = now + REFUSAL_LOG_INTERVAL_MS
    },
  }
}
