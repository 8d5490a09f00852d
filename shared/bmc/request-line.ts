import type { LogFields } from '../log.ts'
import { readCorrelationId } from '../trace.ts'
import { toResult } from './measure.ts'
import type { Outcome, Sending } from './transport.ts'

/** BMC describes none; gateways and tracers in front of APIs answer one of these. */
const REQUEST_ID_HEADERS = ['x-request-id', 'x-correlation-id', 'x-amzn-requestid', 'x-b3-traceid']

/** The first that reads as an id; what a server answers goes into a log line. */
export const readRequestId = (headers: {
  readonly get: (name: string) => string | null
}): string | undefined =>
  REQUEST_ID_HEADERS.map(name => readCorrelationId(headers.get(name))).find(id => id !== undefined)

/** What the log says of one request: neither query, headers nor body, which may hold secrets. */
export function toRequestFields(sending: Sending, outcome: Outcome, durationMs: number): LogFields {
  const { method, url, attempt = 1 } = sending
  const answered = outcome.kind === 'answered' ? outcome : undefined
  return {
    method,
    path: URL.parse(url)?.pathname,
    status: answered?.status,
    result: toResult(outcome),
    durationMs,
    attempt,
    requestId: answered?.requestId,
  }
}
