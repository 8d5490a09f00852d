import type { Span } from '../span.ts'
import { currentSpan } from '../trace.ts'
import { toResult } from './measure.ts'
import type { Outcome, Sending } from './transport.ts'

/** A request as a step of the unit that sends it: neither query, headers nor body. Undefined while no spans are exported. */
export function startSpan({ operation, method, url, attempt = 1 }: Sending): Span | undefined {
  const unit = currentSpan()
  if (!unit) return undefined
  const { hostname, pathname } = URL.parse(url) ?? {}
  return unit.request(operation, {
    'http.request.method': method,
    'http.request.resend_count': attempt > 1 ? attempt - 1 : undefined,
    'server.address': hostname,
    'url.path': pathname,
  })
}

/** @param span of the request that came to this */
export function endSpan(span: Span, outcome: Outcome): void {
  const result = toResult(outcome)
  const answered = outcome.kind === 'answered' ? outcome : undefined
  const attributes = {
    'http.response.status_code': answered?.status,
    'phoenixnap.request_id': answered?.requestId,
  }
  span.end(attributes, result === 'ok' ? undefined : result)
}
