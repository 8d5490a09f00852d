import t from 'tap'
import { readSecretArn } from '../shared/secret-arn.ts'
import { fetchSecret } from '../shared/secret-request.ts'
import { PARAMETER_ARN, SECRET_ARN, startFakeSecrets } from './support/fake-secrets.ts'

const fetchFrom = (place: string, env: Readonly<Record<string, string>>, more = {}) => {
  const arn = readSecretArn(place)
  if (!arn) throw new Error('no ARN')
  return fetchSecret(arn, { env, now: () => Date.UTC(2030, 0, 1), ...more })
}

const profile = async () => ({ accessKeyId: 'PROFILE', secretAccessKey: 'b' })
const noProfile = () => Promise.reject(new Error('no profile'))

t.test('each service is asked in its own words, for exactly the ARN', async t => {
  const fake = await startFakeSecrets(t)
  fake.secrets.set(SECRET_ARN, '{"clientID":"ü"}').set(PARAMETER_ARN, 'token')
  t.equal(await fetchFrom(SECRET_ARN, fake.env), '{"clientID":"ü"}')
  t.equal(await fetchFrom(PARAMETER_ARN, fake.env), 'token')
  t.match(fake.requests, [
    { target: 'secretsmanager.GetSecretValue', body: { SecretId: SECRET_ARN } },
    { target: 'AmazonSSM.GetParameter', body: { Name: PARAMETER_ARN, WithDecryption: true } },
  ])
  for (const [index, service] of ['secretsmanager', 'ssm'].entries()) {
    const scope = `AKIDEXAMPLE/20300101/eu-central-1/${service}/aws4_request`
    t.match(fake.requests[index]?.authorization, scope, 'signed for the region of the ARN')
  }
  t.match(fake.requests[0]?.headers, { 'x-amz-security-token': 'session', 'x-amz-date': '20300101T000000Z' })
})

const FAILURES = [
  [400, 'AccessDeniedException', 'SECRET_FORBIDDEN', 1],
  [400, 'ExpiredTokenException', 'SECRET_FORBIDDEN', 1],
  [400, 'DecryptionFailure', 'SECRET_FORBIDDEN', 1],
  [400, 'com.amazonaws.secretsmanager#ResourceNotFoundException', 'SECRET_NOT_FOUND', 1],
  [400, 'ParameterNotFound', 'SECRET_NOT_FOUND', 1],
  [400, 'InvalidRequestException', 'SECRET_NOT_FOUND', 1],
  [400, 'ThrottlingException', 'SECRET_UNREACHABLE', 2],
  [500, 'InternalServiceError', 'SECRET_UNREACHABLE', 2],
  [503, '', 'SECRET_UNREACHABLE', 2],
] as const
for (const [status, type, code, attempts] of FAILURES)
  t.test(`${status} ${type}: ${code}`, async t => {
    const fake = await startFakeSecrets(t)
    fake.failure = { status, type, message: `${SECRET_ARN} is not for you` }
    const error: unknown = await fetchFrom(SECRET_ARN, fake.env).catch((error: unknown) => error)
    t.match(error, { code, fields: { status, aws: /is not for you/ } })
    t.notMatch((error as Error).message, /123456789012/, 'callers are not told of the account')
    t.equal(fake.requests.length, attempts)
  })

t.test('an answer that holds no secret', async t => {
  const fake = await startFakeSecrets(t)
  fake.failure = { status: 200, type: '' }
  await t.rejects(fetchFrom(SECRET_ARN, fake.env), { code: 'SECRET_UNREACHABLE' })
})

t.test('an answer of more than a megabyte is not read to its end', async t => {
  const fake = await startFakeSecrets(t)
  fake.secrets.set(SECRET_ARN, 'x'.repeat(1_000_000)).set(PARAMETER_ARN, 'x'.repeat(900_000))
  await t.rejects(fetchFrom(SECRET_ARN, fake.env), {
    code: 'SECRET_UNREACHABLE',
    message: /longer than 1000000/,
  })
  t.equal((await fetchFrom(PARAMETER_ARN, fake.env)).length, 900_000)
})

t.test('nobody answers', async t => {
  const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
  await t.rejects(fetchFrom(SECRET_ARN, env), { code: 'SECRET_UNREACHABLE', message: /ECONNREFUSED/ })
})

t.test('keys come from elsewhere where the environment holds none', async t => {
  const fake = await startFakeSecrets(t)
  fake.secrets.set(SECRET_ARN, 'x')
  const env = { AWS_ENDPOINT_URL_SECRETS_MANAGER: fake.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? '' }
  t.equal(await fetchFrom(SECRET_ARN, env, { findCredentials: profile }), 'x')
  t.match(fake.requests[0]?.authorization, 'Credential=PROFILE/')
  await t.rejects(fetchFrom(SECRET_ARN, env, { findCredentials: noProfile }), { code: 'SECRET_FORBIDDEN' })
})
