import type { Clock } from '../../../clock.ts'
import { fieldsOf, textOf } from '../json.ts'
import { post, type SendPosting } from '../post.ts'
import type { Webhook } from './webhook-match.ts'

/** What a call needs besides the webhook itself. */
export interface CallContext {
  readonly clock: Clock
  readonly send: SendPosting
  /** Bearer token for `host:port`, as from the file of --admission-control-config-file. */
  readonly tokenFor: (hostPort: string) => string | undefined
  /** Aborts when the simulator closes. */
  readonly closing: AbortSignal
}

/**
 * Posts an AdmissionReview and returns the body of the answer.
 *
 * @param review the request of the review
 * @throws Error in the words of the real server as far as they do not come from Go's network library
 */
export async function callWebhook(webhook: Webhook, review: unknown, context: CallContext): Promise<string> {
  const url = targetOf(webhook)
  const { caBundle } = fieldsOf(webhook.fields.clientConfig)
  const posting = {
    url,
    body: JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: review }),
    token: context.tokenFor(url.host),
    ca: typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString() : undefined,
    userAgent: 'kube-apiserver-admission',
    timeoutMs: timeoutSeconds(webhook) * 1000,
    closing: context.closing,
  }
  const answer = await post(posting, context.clock, context.send).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`failed to call webhook: Post ${JSON.stringify(url.href)}: ${why}`, { cause: error })
  })
  if (answer.status === 200) return answer.text
  throw new Error(`failed to call webhook: ${statusText(answer.status, answer.text)}`)
}

const timeoutSeconds = ({ fields }: Webhook): number =>
  typeof fields.timeoutSeconds === 'number' ? fields.timeoutSeconds : 10

function targetOf(webhook: Webhook): URL {
  const { url, service } = fieldsOf(webhook.fields.clientConfig)
  if (typeof url !== 'string') {
    const { namespace, name } = fieldsOf(service)
    const host = `${textOf(name)}.${textOf(namespace)}.svc`
    throw new Error(`failed to call webhook: Post "https://${host}": dial tcp: lookup ${host}: no such host`)
  }
  const target = new URL(url)
  target.searchParams.set('timeout', `${timeoutSeconds(webhook)}s`)
  return target
}

/** client-go's words for an answer that is no success. */
function statusText(status: number, body: string): string {
  if (status === 404) return 'the server could not find the requested resource'
  if (status === 401) return 'the server has asked for the client to provide credentials'
  if (status === 403) return 'forbidden'
  return `an error on the server (${JSON.stringify(body.slice(0, 200))}) has prevented the request from succeeding`
}
