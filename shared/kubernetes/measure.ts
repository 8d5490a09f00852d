import type { RequestInit } from 'node-fetch'
import type { Clock } from '../clock.ts'
import type { Measure } from '../metrics/contract.ts'
import type { Fetch } from './client.ts'

/** What client-go calls a request without an answer. */
const NO_ANSWER = '<error>'

/** Sends as `fetch` does, and counts and times what the API server answers. */
export async function fetchMeasured(
  fetch: Fetch,
  { clock, measure }: { readonly clock: Clock; readonly measure: Measure | undefined },
  url: string,
  init: RequestInit & { readonly method: string },
): ReturnType<Fetch> {
  const startedAt = clock.now()
  let code = NO_ANSWER
  try {
    const response = await fetch(url, init)
    code = String(response.status)
    return response
  } finally {
    const { method } = init
    measure?.('rest_client_requests_total', { method, code })
    measure?.('rest_client_request_duration_seconds', { verb: method }, (clock.now() - startedAt) / 1000)
  }
}
