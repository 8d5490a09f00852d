import type { RequestInit } from 'node-fetch'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Measure } from '../metrics/contract.ts'
import type { Fetch, KubeRequest } from './client.ts'
import { endSpan, startSpan } from './request-span.ts'

/** What client-go calls a request without an answer. */
const NO_ANSWER = '<error>'

/** Where requests are counted, and told one by one. */
export interface RequestWatch {
  readonly clock: Clock
  readonly measure: Measure | undefined
  readonly log: Log | undefined
}

/** A request as its line in the log tells it: neither query, headers nor body, which may hold secrets. */
export type ToldRequest = Pick<KubeRequest, 'path'> & { readonly attempt: number }

/** Sends as `fetch` does, and counts, times and tells what the API server answers. */
export async function fetchMeasured(
  fetch: Fetch,
  { clock, measure, log }: RequestWatch,
  { path, attempt }: ToldRequest,
  url: string,
  init: RequestInit & { readonly method: string },
): ReturnType<Fetch> {
  const startedAt = clock.now()
  let code = NO_ANSWER
  const span = startSpan(init.method, path, url, attempt)
  try {
    const response = await fetch(url, init)
    code = String(response.status)
    return response
  } finally {
    const { method } = init
    const durationMs = clock.now() - startedAt
    measure?.('rest_client_requests_total', { method, code })
    measure?.('rest_client_request_duration_seconds', { verb: method }, durationMs / 1000)
    const status = code === NO_ANSWER ? undefined : Number(code)
    if (span) endSpan(span, status)
    log?.trace({ method, path, status, durationMs, attempt }, 'Kubernetes request')
  }
}
