import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** What AWS Secrets Manager and the SSM Parameter Store would hold, and what they were asked. */
export interface FakeSecrets {
  /** Texts by ARN; they may change at any time. */
  readonly secrets: Map<string, string>
  readonly requests: FakeRequest[]
  /** Answers every request instead of the secrets while it is set: AWS' error and a status. */
  failure: { readonly status: number; readonly type: string; readonly message?: string } | undefined
  /** Leaves requests without an answer while it is set. */
  hangs: boolean
  /** Variables that lead here. */
  readonly env: Readonly<Record<string, string>>
}

export interface FakeRequest {
  readonly target: string
  readonly body: Readonly<Record<string, unknown>>
  readonly authorization: string
  readonly headers: Readonly<Record<string, unknown>>
}

export const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:ccm-AbCdEf'
export const PARAMETER_ARN = 'arn:aws:ssm:eu-central-1:123456789012:parameter/ccm/token'

const OPERATIONS: Readonly<
  Record<string, { id: string; missing: string; answer: (text: string) => object }>
> = {
  'secretsmanager.GetSecretValue': {
    id: 'SecretId',
    missing: 'ResourceNotFoundException',
    answer: SecretString => ({ Name: 'ccm', SecretString }),
  },
  'AmazonSSM.GetParameter': {
    id: 'Name',
    missing: 'ParameterNotFound',
    answer: Value => ({ Parameter: { Type: 'SecureString', Value } }),
  },
}

/** Both services at one address, speaking the JSON protocol of AWS; ends with the test. */
export async function startFakeSecrets(t: Test): Promise<FakeSecrets> {
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const fake: FakeSecrets = {
    secrets: new Map(),
    requests: [],
    failure: undefined,
    hangs: false,
    env: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
      AWS_ENDPOINT_URL_SSM: url,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret-key',
      AWS_SESSION_TOKEN: 'session',
    },
  }
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, body] = answer(fake, request, await readBody(request))
    if (fake.hangs) return
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
  }

  return fake
}

function answer(fake: FakeSecrets, { headers }: IncomingMessage, text: string): [number, object] {
  const body = JSON.parse(text) as Record<string, unknown>
  const target = String(headers['x-amz-target'])
  fake.requests.push({ target, body, authorization: headers.authorization ?? '', headers })
  if (fake.failure) return [fake.failure.status, { __type: fake.failure.type, Message: fake.failure.message }]
  const operation = OPERATIONS[target]
  if (!operation) return [400, { __type: 'UnknownOperationException' }]
  const secret = fake.secrets.get(String(body[operation.id]))
  return secret === undefined
    ? [400, { __type: `com.amazonaws#${operation.missing}` }]
    : [200, operation.answer(secret)]
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
