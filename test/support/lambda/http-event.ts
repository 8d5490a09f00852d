import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { RouteConfig } from './template.ts'

/** What of a request is known beside its own head. */
export interface HttpCall {
  readonly body: Buffer
  readonly route: RouteConfig
  readonly parameters: Readonly<Record<string, string>>
  readonly requestId: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: string | Buffer
}

/** Types whose bodies arrive as text; a body without a type counts as text, every other one is encoded. */
const TEXT = /^(?:text\/|application\/(?:json|javascript|xml)\b|$)|\+(?:json|xml)\b/
const DOMAIN = 'emulated.execute-api.us-east-1.amazonaws.com'

/** The event of payload format 2.0. */
export function toHttpEvent(request: IncomingMessage, call: HttpCall): object {
  const { method = '', url = '' } = request
  const [rawPath = '', rawQueryString = ''] = url.split('?', 2)
  const { cookie, ...headers } = request.headers
  const routeKey = `${call.route.method} ${call.route.path}`
  const isText = TEXT.test(headers['content-type'] ?? '')
  const query = [...new URLSearchParams(rawQueryString)]
  const now = Date.now()
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookie ? { cookies: cookie.split('; ') } : {}),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    ...(query.length > 0 ? { queryStringParameters: Object.fromEntries(query) } : {}),
    ...(Object.keys(call.parameters).length > 0 ? { pathParameters: call.parameters } : {}),
    requestContext: {
      accountId: '000000000000',
      apiId: 'emulated',
      domainName: DOMAIN,
      domainPrefix: 'emulated',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: call.requestId,
      routeKey,
      stage: '$default',
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    ...(call.body.length > 0 ? { body: call.body.toString(isText ? 'utf8' : 'base64') } : {}),
    isBase64Encoded: call.body.length > 0 && !isText,
  }
}

/** A function's answer as HTTP; undefined when it is none. An answer without a status is a body with status 200. */
export function toHttpAnswer(text: string): HttpAnswer | undefined {
  const answer: unknown = JSON.parse(text)
  if (typeof answer !== 'object' || answer === null || !('statusCode' in answer))
    return { status: 200, headers: { 'content-type': 'application/json' }, body: text }
  const { statusCode, headers = {}, body = '', isBase64Encoded } = answer as Partial<Record<string, unknown>>
  if (!Number.isInteger(statusCode) || typeof body !== 'string') return undefined
  return {
    status: Number(statusCode),
    headers: headers as OutgoingHttpHeaders,
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
  }
}
