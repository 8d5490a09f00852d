import t, { type Test } from 'tap'
import { createAudit, createAuditHandler } from '../../functions/audit.ts'
import { createFunctionHost } from '../../functions/function-host.ts'
import { createResyncHandler } from '../../functions/resync.ts'
import { createSecretCache } from '../../shared/secret-cache.ts'
import { fetchSecret } from '../../shared/secret-request.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { readSources } from '../../shared/sources.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { SECRET_ARN, startFakeSecrets } from '../support/fake-secrets.ts'
import { createBackstage, toControllers, until } from './_hosts.ts'

const [OLD, NEW, WRONG] = ['the-token-before-this', 'the-token-from-now-on', 'nobodys-token-at-all']

/** The audit function with its settings in one secret of AWS. */
async function createBench(t: Test, fields: object | null = { webhookToken: OLD }) {
  const fake = await startFakeSecrets(t)
  const clock = createTurnableClock()
  const lines: Record<string, unknown>[] = []
  const env = { PNAP_CLOUD_CONFIG: SECRET_ARN, PNAP_RECONCILE_FUNCTION: 'reconcile' }
  const readSecret = createSecretCache({
    clock,
    fetchSecret: arn => fetchSecret(arn, { env: fake.env, now: () => clock.now() }),
  })
  const credentials: unknown[] = []
  const host = createFunctionHost({
    clock,
    readSources: refused => readSources({ env, readSecret }, refused),
    createSend: () => async () => 202,
    createApp: async ({ config, readSources: read }) => {
      credentials.push(config.clientSecret, (await read(true)).file?.['clientSecret'])
      return { controllers: toControllers(createBackstage()), closeIdle: () => {} }
    },
    write: line => void lines.push(JSON.parse(line) as Record<string, unknown>),
  })
  const put = (value: object): void => void fake.secrets.set(SECRET_ARN, JSON.stringify(value))
  if (fields) put(fields)
  const handler = createAuditHandler(host)
  const context = { getRemainingTimeInMillis: () => 10_000 }
  async function call(token?: string): Promise<number> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const event = { rawPath: '/audit', headers, body: BATCH, requestContext: { http: { method: 'POST' } } }
    return (await handler(event, context)).statusCode
  }
  return { fake, clock, lines, host, put, call, credentials, context }
}

const BATCH = JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [] })

t.test(
  'a new token is accepted as soon as it is sent, and the one before as long as it is there',
  async t => {
    const { fake, clock, put, call, host } = await createBench(t)
    t.equal(await call(OLD), 200)
    await clock.turn(5_000)
    put({ webhookToken: NEW, webhookTokenPrevious: OLD })
    t.equal(await call(OLD), 200)
    t.equal(fake.requests.length, 1, 'nobody had to look')
    t.equal(await call(NEW), 200)
    t.equal(await call(OLD), 200)
    t.equal(fake.requests.length, 2)
    await host.config(['reconcileFunction'])
    t.equal(await call(NEW), 200, 'whoever asks for a setting does not bring the old token back')
  },
)

t.test('a token that was taken out is refused after five minutes at the latest', async t => {
  const { clock, put, call } = await createBench(t)
  t.equal(await call(OLD), 200)
  put({ webhookToken: NEW })
  await clock.turn(299_999)
  t.equal(await call(OLD), 200)
  await clock.turn(30_000)
  t.equal(await call(OLD), 401)
  t.equal(await call(NEW), 200)
})

t.test('a flood of wrong tokens asks AWS once in five seconds, callers without any never', async t => {
  const { fake, clock, call } = await createBench(t)
  t.equal(await call(OLD), 200)
  await clock.turn(5_000)
  for (let i = 0; i < 100; i += 1) t.equal(await call(), 401)
  t.equal(fake.requests.length, 1)
  await Promise.all(Array.from({ length: 100 }, async () => t.equal(await call(WRONG), 401)))
  t.equal(fake.requests.length, 2)
  await clock.turn(5_000)
  t.equal(await call(WRONG), 401)
  t.equal(fake.requests.length, 3)
})

t.test('while AWS hangs, a flood of wrong tokens delays nobody with the right one', async t => {
  const { fake, clock, call } = await createBench(t)
  t.equal(await call(OLD), 200)
  await clock.turn(5_000)
  fake.hangs = true
  let refused = 0
  const flood = Array.from({ length: 10 }, async () => {
    t.equal(await call(WRONG), 401)
    refused += 1
  })
  await until(() => fake.requests.length === 2)
  t.equal(await call(OLD), 200)
  await clock.turn(30_000)
  t.equal(await call(OLD), 200, 'nor by a look that is due anyway')
  t.equal(refused, 0, 'who wait for AWS')
  await Promise.all(flood)
})

t.test('while AWS fails the known tokens serve, and the log says so once', async t => {
  const { fake, clock, lines, call } = await createBench(t)
  t.equal(await call(OLD), 200)
  fake.failure = { status: 500, type: 'InternalServiceError' }
  await clock.turn(300_000)
  t.equal(await call(OLD), 200)
  await clock.turn(60_000)
  t.equal(await call(OLD), 200)
  t.equal(await call(WRONG), 401)
  t.match(
    lines.filter(({ notice }) => notice !== undefined),
    [{ level: 'warn', notice: /PNAP_CLOUD_CONFIG: AWS failed \(InternalServiceError\)/ }],
  )
})

t.test('without a known one it says why, with a code of its own, and works once there is one', async t => {
  const { clock, lines, put, call, host, context } = await createBench(t, null)
  t.equal(await call(OLD), 500)
  t.match(lines.at(-1), { code: 'SECRET_NOT_FOUND', action: /Create the secret/ })
  await t.rejects(createResyncHandler(host)({}, context), { code: 'SECRET_NOT_FOUND' })
  put({ webhookToken: OLD })
  await clock.turn(5_000)
  t.equal(await call(OLD), 200)
})

t.test('credentials are read anew when they were refused, and no log line holds either', async t => {
  const { clock, lines, put, host, credentials } = await createBench(t, {
    clientID: 'client-1',
    clientSecret: 'secret-before',
    webhookToken: OLD,
  })
  const log = await host.log()
  await clock.turn(5_000)
  put({ clientID: 'client-1', clientSecret: 'secret-after', webhookToken: NEW })
  await host.app()
  t.strictSame(credentials, ['secret-before', 'secret-after'])
  log.warn({ all: `secret-before secret-after ${OLD} ${admissionPathSecret(NEW)}` }, 'said')
  t.equal(lines.at(-1)?.['all'], '[redacted] [redacted] [redacted] [redacted]')
})

t.test('a webhook whose tokens never change never looks', async t => {
  const { host } = await createBench(t)
  const { renew: _, ...parts } = await host.webhookParts(['webhookToken'])
  const audit = createAudit({ ...parts, invoker: await host.invoker() })
  const head = { method: 'POST', path: '/audit', query: {}, headers: { authorization: `Bearer ${WRONG}` } }
  t.equal((await audit.check(head))?.status, 401)
})
