import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { Clock } from '../../../clock.ts'
import { fieldsOf, textOf } from '../json.ts'
import type { Webhook } from './webhook-match.ts'

/** What a call needs besides the webhook itself. */
export interface CallContext {
  readonly clock: Clock
  /** Bearer token for `host:port`, as from the file of --admission-control-config-file. */
  readonly tokenFor: (hostPort: string) => string | undefined
}

/**
 * Posts an AdmissionReview and returns the body of the answer.
 *
 * @param review the request of the review
 * @throws Error in the words of the real server as far as they do not come from Go's network library
 */
export async function callWebhook(webhook: Webhook, review: unknown, context: CallContext): Promise<string> {
  const url = targetOf(webhook)
  const body = JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: review })
  const token = context.tokenFor(url.host)
  const options: RequestOptions = {
    method: 'POST',
    headers: {
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'kube-apiserver-admission',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...authority(webhook),
  }
  const timeoutMs = timeoutSeconds(webhook) * 1000
  try {
    return await withTimeout(context.clock, timeoutMs, signal => post(url, { ...options, signal }, body))
  } catch (error) {
    throw new Error(`failed to call webhook: ${describe(error, url)}`, { cause: error })
  }
}

const timeoutSeconds = ({ fields }: Webhook): number =>
  typeof fields.timeoutSeconds === 'number' ? fields.timeoutSeconds : 10

function targetOf(webhook: Webhook): URL {
  const { url, service } = fieldsOf(webhook.fields.clientConfig)
  if (typeof url !== 'string') {
    const { namespace, name } = fieldsOf(service)
    throw new Error(
      `failed to call webhook: service ${JSON.stringify(`${textOf(name)}.${textOf(namespace)}`)} has no endpoints here`,
    )
  }
  const target = new URL(url)
  target.searchParams.set('timeout', `${timeoutSeconds(webhook)}s`)
  return target
}

function authority(webhook: Webhook): { ca?: Buffer } {
  const { caBundle } = fieldsOf(webhook.fields.clientConfig)
  return typeof caBundle === 'string' ? { ca: Buffer.from(caBundle, 'base64') } : {}
}

class StatusError extends Error {}
class TimeoutError extends Error {}

function post(url: URL, options: RequestOptions, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, options, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode === 200) resolve(text)
        else reject(new StatusError(statusText(response.statusCode ?? 0, text)))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** client-go's words for an answer that is no success. */
function statusText(status: number, body: string): string {
  if (status === 404) return 'the server could not find the requested resource'
  if (status === 401) return 'the server has asked for the client to provide credentials'
  if (status === 403) return 'forbidden'
  return `an error on the server (${JSON.stringify(body.slice(0, 200))}) has prevented the request from succeeding`
}

async function withTimeout(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<string>,
): Promise<string> {
  const [call, timer] = [new AbortController(), new AbortController()]
  const late = clock.sleep(ms, timer.signal).then(
    () => {
      call.abort()
      throw new TimeoutError('context deadline exceeded')
    },
    () => new Promise<never>(() => {}),
  )
  try {
    return await Promise.race([work(call.signal), late])
  } finally {
    timer.abort()
  }
}

function describe(error: unknown, url: URL): string {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof StatusError ? message : `Post ${JSON.stringify(url.href)}: ${message}`
}
