import { createHash, createHmac } from 'node:crypto'

/** Keys of AWS; a session token belongs to those of a role. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** A POST to the root of a service of AWS, which is all that its JSON protocol knows. */
export interface AwsPost {
  readonly host: string
  readonly service: string
  readonly region: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * Headers of the request with its signature (Signature Version 4, https://docs.aws.amazon.com/IAM/latest/UserGuide/
 * reference_sigv-create-signed-request.html). The SDK's client would do the same, after half as long a start again.
 *
 * @param now milliseconds since 1970; AWS accepts a difference of 5 minutes
 */
export function signPost(post: AwsPost, credentials: AwsCredentials, now: number): Record<string, string> {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const scope = [time.slice(0, 8), post.region, post.service, 'aws4_request']
  const headers: Record<string, string> = {
    ...post.headers,
    host: post.host,
    'x-amz-date': time,
    ...(credentials.sessionToken ? { 'x-amz-security-token': credentials.sessionToken } : {}),
  }
  const names = Object.keys(headers).sort()
  const lines = names.map(name => `${name}:${headers[name]?.trim()}\n`).join('')
  const canonical = ['POST', '/', '', lines, names.join(';'), digest(post.body)].join('\n')
  const signed = [ALGORITHM, time, scope.join('/'), digest(canonical)].join('\n')
  const key = scope.reduce<Buffer | string>(
    (key, part) => code(key, part),
    `AWS4${credentials.secretAccessKey}`,
  )
  const credential = `Credential=${credentials.accessKeyId}/${scope.join('/')}`
  const signature = code(key, signed).toString('hex')
  return {
    ...headers,
    authorization: `${ALGORITHM} ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

const code = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()
