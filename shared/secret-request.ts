import type { IncomingMessage } from 'node:http'
import { type AwsCredentials, signPost } from './aws-signature.ts'
import { CcmError } from './errors.ts'
import { redact, secretForms } from './log.ts'
import type { SecretArn } from './secret-arn.ts'

export interface SecretRequestOptions {
  /** Keys, and other endpoints, under the names that AWS' own clients read. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
  /** Keys where the environment holds none, as from a profile or an instance's role. */
  readonly findCredentials?: () => Promise<AwsCredentials>
}

interface Answer {
  readonly status: number
  readonly text: string
}

const SERVICES = {
  secretsmanager: {
    target: 'secretsmanager.GetSecretValue',
    endpoint: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    body: (SecretId: string): object => ({ SecretId }),
  },
  ssm: {
    target: 'AmazonSSM.GetParameter',
    endpoint: 'AWS_ENDPOINT_URL_SSM',
    body: (Name: string): object => ({ Name, WithDecryption: true }),
  },
} as const

/** Two attempts fit into the 10 s of a webhook and leave it time to work; an answer takes some 20 ms. */
const TIMEOUT_MS = 2_000
const MAX_ATTEMPTS = 2
/** Secrets Manager takes 64 KB, whose text may be six times as long in JSON: what is longer comes from somebody else. */
const MAX_ANSWER_BYTES = 1_000_000
const NOT_FOUND = /^(ResourceNotFound|ParameterNotFound|ParameterVersionNotFound|InvalidRequest)/
/** Everything that AWS says while it is busy, whatever status it says it with. */
const PASSING = /Throttl|TooManyRequests|InternalServ|ServiceUnavailable/

/**
 * The text of a secret, from AWS Secrets Manager or the SSM Parameter Store.
 *
 * @throws CcmError SECRET_UNREACHABLE, SECRET_FORBIDDEN, SECRET_NOT_FOUND; what AWS said is in `fields`
 */
export async function fetchSecret(arn: SecretArn, options: SecretRequestOptions): Promise<string> {
  const credentials = await readCredentials(options)
  for (let attempt = 1; ; attempt += 1) {
    const answer = await post(arn, credentials, options).catch(toUnreachable)
    if (!(answer instanceof CcmError) && answer.status === 200) return readText(arn, answer.text)
    const failure = answer instanceof CcmError ? answer : toFailure(answer, credentials)
    if (!failure.retry || attempt === MAX_ATTEMPTS) throw failure
  }
}

async function readCredentials({ env, findCredentials }: SecretRequestOptions): Promise<AwsCredentials> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    return {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      sessionToken: AWS_SESSION_TOKEN,
    }
  }
  try {
    return await (findCredentials ?? findByChain)()
  } catch (cause) {
    throw new CcmError('SECRET_FORBIDDEN', 'there are no AWS credentials', { cause })
  }
}

/** Profiles, container and instance roles; a function has its keys in the environment and never gets here. */
async function findByChain(): Promise<AwsCredentials> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
  return defaultProvider()()
}

async function post(
  arn: SecretArn,
  credentials: AwsCredentials,
  { env, now }: SecretRequestOptions,
): Promise<Answer> {
  const service = SERVICES[arn.service]
  const suffix = arn.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'
  const given = env[service.endpoint] || env['AWS_ENDPOINT_URL']
  const url = new URL(given || `https://${arn.service}.${arn.region}.${suffix}`)
  const body = JSON.stringify(service.body(arn.arn))
  const headers = signPost(
    {
      host: url.host,
      service: arn.service,
      region: arn.region,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': service.target },
      body,
    },
    credentials,
    now(),
  )
  return send(url, headers, body)
}

/** On a connection of its own: an idle one would be dead when a frozen process wakes. */
async function send(url: URL, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
  const { request } = url.protocol === 'http:' ? await import('node:http') : await import('node:https')
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    request(url, { method: 'POST', headers, agent: false, signal }, resolve).on('error', reject).end(body)
  })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    // Leaving the loop closes the connection.
    if (bytes > MAX_ANSWER_BYTES)
      throw new CcmError('SECRET_UNREACHABLE', `the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }
}

function readText(arn: SecretArn, answer: string): string {
  const { SecretString, SecretBinary, Parameter } = toRecord(answer)
  const text = arn.service === 'ssm' ? (Parameter as { Value?: unknown } | undefined)?.Value : SecretString
  if (typeof text === 'string') return text
  if (typeof SecretBinary === 'string') return Buffer.from(SecretBinary, 'base64').toString('utf8')
  throw new CcmError('SECRET_UNREACHABLE', 'the answer holds no secret')
}

const toUnreachable = (cause: unknown): CcmError =>
  cause instanceof CcmError
    ? cause
    : new CcmError('SECRET_UNREACHABLE', `no answer from AWS (${reason(cause)})`, { cause })

/** A refusal as AWS wrote it. Its own message names accounts and roles: it is for the log, not for callers. */
function toFailure(
  { status, text }: Answer,
  { secretAccessKey, sessionToken = '' }: AwsCredentials,
): CcmError {
  const { __type, message, Message } = toRecord(text)
  const name = (typeof __type === 'string' ? __type : '').replace(/^.*#/, '') || `status ${status}`
  const said = message ?? Message
  const keys = [secretAccessKey, sessionToken].flatMap(secretForms)
  const fields = { status, aws: typeof said === 'string' ? redact(said, keys).slice(0, 500) : '' }
  const isPassing = status >= 500 || status === 429 || PASSING.test(name)
  if (isPassing) return new CcmError('SECRET_UNREACHABLE', `AWS failed (${name})`, { fields })
  if (NOT_FOUND.test(name))
    return new CcmError('SECRET_NOT_FOUND', `there is no such secret (${name})`, { fields })
  return new CcmError('SECRET_FORBIDDEN', `AWS refused to tell it (${name})`, { fields })
}

function toRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const reason = (cause: unknown): string =>
  cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.name) : 'unknown reason'
