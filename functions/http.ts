import { CcmError, ERRORS, type ErrorEntry } from '../shared/errors.ts'

/** What is known of a webhook request before its body is read. */
export interface WebhookHead {
  readonly method: string
  /** Without the query; may hold a secret, so it is never logged. */
  readonly path: string
  readonly query: Readonly<Record<string, string | undefined>>
  /** Names in lower case; never logged. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** True when the host ended TLS itself and verified the caller's certificate. */
  readonly clientVerified?: boolean | undefined
}

/** A webhook request, whatever host it came through. */
export interface WebhookRequest extends WebhookHead {
  readonly body: string | Buffer
  /** True when the body is only the beginning of a review that is to be let through: the rest was not read. */
  readonly isCut?: boolean | undefined
  /** Milliseconds since 1970 at which the platform took the request in; a function may have started since. */
  readonly receivedAt?: number | undefined
  /** Milliseconds that the platform leaves the handler. */
  readonly remainingMs?: number | undefined
}

export interface WebhookResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A webhook in two steps, so that a host can refuse before it reads the body. Neither step throws. */
export interface Webhook {
  /** The refusal of a request that may not go on: wrong path, method or credentials. */
  check(head: WebhookHead): Promise<WebhookResponse | undefined>
  answer(request: WebhookRequest): Promise<WebhookResponse>
}

/** Both steps, for hosts that hand over the body at once. */
export async function callWebhook(webhook: Webhook, request: WebhookRequest): Promise<WebhookResponse> {
  return (await webhook.check(request)) ?? webhook.answer(request)
}

/** With its charset: Fastify would take it apart and put it together again to add one. */
const JSON_TYPE = 'application/json; charset=utf-8'

export const toJsonResponse = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): WebhookResponse => ({
  status,
  headers: { 'content-type': JSON_TYPE, ...headers },
  body: JSON.stringify(value),
})

/** What a caller is told of an error: `{error: {code, message, action}}`; of an unforeseen one not even its message. */
export function toErrorResponse(
  thrown: unknown,
  headers: Readonly<Record<string, string>> = {},
): WebhookResponse {
  const error = toCcmError(thrown)
  const entry: ErrorEntry = ERRORS[error.code]
  const { code, message, action } = error
  return toJsonResponse(entry.status ?? 500, { error: { code, message, action } }, headers)
}

/** The error itself, or an internal one around whatever else was thrown. */
export const toCcmError = (thrown: unknown): CcmError =>
  thrown instanceof CcmError
    ? thrown
    : new CcmError('CCM_INTERNAL', 'an unforeseen failure; the log says more', { cause: thrown })

/** The parts of an API Gateway HTTP API event (payload format 2.0) that are used. */
export interface ApiGatewayEvent {
  readonly rawPath: string
  readonly rawQueryString?: string
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: string
  readonly isBase64Encoded?: boolean
  readonly requestContext: { readonly http: { readonly method: string }; readonly timeEpoch?: number }
}

/** The part of a function's context that is used. */
export interface FunctionContext {
  getRemainingTimeInMillis(): number
}

/** The answer that API Gateway expects of a function. */
export interface ApiGatewayAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function fromApiGateway(event: ApiGatewayEvent, context: FunctionContext): WebhookRequest {
  const body = event.body ?? ''
  const headers = Object.entries(event.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  return {
    method: event.requestContext.http.method,
    path: event.rawPath,
    query: toQuery(event.rawQueryString ?? ''),
    headers: Object.fromEntries(headers) as WebhookHead['headers'],
    // Any type but JSON and text arrives encoded.
    body: event.isBase64Encoded ? Buffer.from(body, 'base64') : body,
    receivedAt: event.requestContext.timeEpoch,
    remainingMs: context.getRemainingTimeInMillis(),
  }
}

export const toApiGateway = ({ status, headers, body }: WebhookResponse): ApiGatewayAnswer => ({
  statusCode: status,
  headers,
  body,
})

/** Values by name; the last one where a name is repeated. */
export const toQuery = (text: string): Readonly<Record<string, string>> =>
  text === '' ? {} : Object.fromEntries(new URLSearchParams(text))
