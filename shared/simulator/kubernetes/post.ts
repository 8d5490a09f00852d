import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Clock } from '../../clock.ts'

/** A JSON body for a server that the API server calls by itself: webhooks and the audit sink. */
export interface Posting {
  readonly url: URL
  readonly body: string
  readonly token: string | undefined
  /** PEM of the authority that the server's certificate must come from; the machine's own when undefined. */
  readonly ca: string | undefined
  readonly userAgent: string
  /** By the clock; the connection is closed then. */
  readonly timeoutMs: number
  /** Ends the call when the simulator closes. */
  readonly closing: AbortSignal
}

/** What came back, whatever the status. */
export interface PostAnswer {
  readonly status: number
  readonly text: string
}

/** The call itself, until the signal aborts. */
export type SendPosting = (posting: Posting, signal: AbortSignal) => Promise<PostAnswer>

/** @throws Error when there is no answer in time, or none at all */
export async function post(
  posting: Posting,
  clock: Clock,
  send: SendPosting = sendOverHttp,
): Promise<PostAnswer> {
  const [call, timer] = [new AbortController(), new AbortController()]
  let late = false
  const expire = async (): Promise<void> => {
    await clock.sleep(posting.timeoutMs, AbortSignal.any([timer.signal, posting.closing]))
    late = true
    call.abort()
  }
  expire().catch(() => {})
  try {
    return await send(posting, AbortSignal.any([call.signal, posting.closing]))
  } catch (error) {
    throw late ? new Error('context deadline exceeded') : error
  } finally {
    // A reason of our own costs no stack, which an abort without one would.
    timer.abort('answered')
  }
}

export const sendOverHttp: SendPosting = ({ url, body, token, ca, userAgent }, signal) => {
  const options: RequestOptions & { ca?: string } = {
    method: 'POST',
    signal,
    headers: {
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': userAgent,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(ca === undefined ? {} : { ca }),
  }
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}
