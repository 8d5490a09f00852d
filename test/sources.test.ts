import t, { type Test } from 'tap'
import { readConfig } from '../shared/config.ts'
import { createSecretCache } from '../shared/secret-cache.ts'
import { fetchSecret } from '../shared/secret-request.ts'
import { createTurnableClock } from '../shared/simulator/clock.ts'
import { readSources } from '../shared/sources.ts'
import { PARAMETER_ARN, SECRET_ARN, startFakeSecrets } from './support/fake-secrets.ts'

const EVERYTHING = {
  clientID: 12345678901234567890n,
  clientSecret: 'secret-1',
  webhookToken: 'sixteen-characters',
  kubeApiServer: 'https://192.0.2.1:6443',
  kubeCaData: 'LS0t',
  kubeToken: 'kube-token',
}
/** A client ID of digits, as somebody may have written it. */
const SECRET = JSON.stringify({ ...EVERYTHING, clientID: 0 }).replace(':0,', `:${EVERYTHING.clientID},`)

/** Settings as a process reads them again and again, with AWS behind. */
async function createBench(t: Test, env: Readonly<Record<string, string>>) {
  const fake = await startFakeSecrets(t)
  const clock = createTurnableClock()
  const readSecret = createSecretCache({
    clock,
    fetchSecret: arn => fetchSecret(arn, { env: fake.env, now: () => clock.now() }),
  })
  const read = async (refused = false) =>
    readConfig(await readSources({ env, readSecret }, refused), ['clientID', 'clientSecret'])
  return { fake, clock, read }
}

t.test('one secret holds everything', async t => {
  const { fake, read } = await createBench(t, { PNAP_CLOUD_CONFIG: SECRET_ARN })
  fake.secrets.set(SECRET_ARN, SECRET)
  const { config, notices } = await read()
  t.match(config, { ...EVERYTHING, clientID: '12345678901234567890' })
  t.strictSame(notices, [])
  await read()
  t.equal(fake.requests.length, 1, 'and is fetched once')
})

t.test('each secret by itself, from either service, in the place of a file', async t => {
  const { fake, read } = await createBench(t, {
    PNAP_CLIENT_ID: 'client-1',
    PNAP_CLIENT_SECRET_FILE: SECRET_ARN,
    PNAP_WEBHOOK_TOKEN_FILE: PARAMETER_ARN,
  })
  fake.secrets.set(SECRET_ARN, 'secret-2\n').set(PARAMETER_ARN, 'sixteen-characters-2')
  const { config } = await read()
  t.match(config, {
    clientID: 'client-1',
    clientSecret: 'secret-2',
    webhookToken: 'sixteen-characters-2',
  })
})

async function readTokens(text: string, env: Record<string, string> = {}) {
  const inputs = { env: { PNAP_WEBHOOK_TOKEN_FILE: 'tokens', ...env }, readFile: async () => text }
  return readConfig(await readSources(inputs)).config
}

t.test('the webhook token with the one before on a second line', async t => {
  const [now, before] = ['sixteen-characters-2', 'sixteen-characters-1']
  t.match(await readTokens(`${now}\n${before}\n`), { webhookToken: now, webhookTokenPrevious: before })
  t.match(await readTokens(`${now}\r\n${before}\r\n`), { webhookToken: now, webhookTokenPrevious: before })
  t.match(await readTokens(`${now}\n`), { webhookToken: now, webhookTokenPrevious: undefined })
  const other = { PNAP_WEBHOOK_TOKEN_PREVIOUS: 'sixteen-characters-0' }
  t.match(await readTokens(`${now}\n${before}`, other), { webhookTokenPrevious: 'sixteen-characters-0' })
  await t.rejects(readTokens(`${now}\n${before}\n${before}`), { code: 'CCM_CONFIG_INVALID' })
})

t.test('a rotated secret is in use after a refusal, and after five minutes anyway', async t => {
  const { fake, clock, read } = await createBench(t, {
    PNAP_CLIENT_ID: 'client-1',
    PNAP_CLIENT_SECRET_FILE: SECRET_ARN,
  })
  fake.secrets.set(SECRET_ARN, 'one')
  await read()
  await clock.turn(5_000)
  fake.secrets.set(SECRET_ARN, 'two')
  t.match((await read()).config, { clientSecret: 'one' })
  t.match((await read(true)).config, { clientSecret: 'two' })
  fake.secrets.set(SECRET_ARN, 'three')
  await clock.turn(300_000)
  t.match((await read()).config, { clientSecret: 'three' })
})

t.test('while AWS fails, what is known is used, and said so', async t => {
  const { fake, clock, read } = await createBench(t, { PNAP_CLOUD_CONFIG: SECRET_ARN })
  fake.secrets.set(SECRET_ARN, SECRET)
  await read()
  fake.failure = { status: 400, type: 'AccessDeniedException' }
  await clock.turn(300_000)
  const { config, notices } = await read()
  t.match(config, { clientSecret: 'secret-1' })
  t.match(notices, [/^PNAP_CLOUD_CONFIG: .*AccessDeniedException.*last known/])
})

t.test('without a known one the error has its own code, and tells what else is wrong', async t => {
  const { fake, read } = await createBench(t, {
    PNAP_CLOUD_CONFIG: SECRET_ARN,
    PNAP_WEBHOOK_TOKEN_FILE: PARAMETER_ARN,
    PNAP_MAX_BLOCKS: 'many',
  })
  fake.secrets.set(PARAMETER_ARN, 'sixteen-characters')
  await t.rejects(read(), {
    code: 'SECRET_NOT_FOUND',
    message: /^settings: PNAP_CLOUD_CONFIG: .*; PNAP_MAX_BLOCKS: [^;]*$/,
  })
  fake.failure = { status: 400, type: 'AccessDeniedException' }
  fake.secrets.clear()
  await t.rejects(readSources({ env: { PNAP_CLOUD_CONFIG: 'arn:aws:s3:::x' } }).then(readConfig), {
    code: 'CCM_CONFIG_INVALID',
    message: /PNAP_CLOUD_CONFIG: expected a file or the whole ARN/,
  })
})

t.test('an empty secret and one that cannot be read as fields', async t => {
  const { fake, read } = await createBench(t, { PNAP_CLOUD_CONFIG: SECRET_ARN })
  fake.secrets.set(SECRET_ARN, ' ')
  await t.rejects(read(), { code: 'CCM_CONFIG_INVALID', message: /PNAP_CLOUD_CONFIG: the secret is empty/ })
})

t.test('what YAML can do beyond a list of fields is a problem, told without the text', async t => {
  const bomb = Array.from({ length: 9 }, (_, level) => {
    const items = Array.from({ length: 10 }, () => (level === 0 ? 'x' : `*l${level - 1}`))
    return `l${level}: &l${level} [${items.join(', ')}]`
  })
  const texts = ['clientID: *nobody', bomb.join('\n'), '['.repeat(100_000), '{"clientID":'.repeat(50_000)]
  for (const text of texts) {
    const { problems } = await readSources({ env: { PNAP_CLOUD_CONFIG: '/f' }, readFile: async () => text })
    t.equal(problems?.length, 1)
    t.match(problems?.[0], /^PNAP_CLOUD_CONFIG: the file is neither JSON nor YAML/)
    t.notMatch(problems?.[0], /nobody/)
  }
})

const readText = async (text: string) =>
  readSources({ env: { PNAP_CLOUD_CONFIG: '/f' }, readFile: async () => text })

t.test('a text that is too long for the parser of YAML is not given to it', async t => {
  const long = 'x'.repeat(200_000)
  t.strictSame((await readText(`clientID: ${long}`)).problems, [
    'PNAP_CLOUD_CONFIG: the file is neither JSON nor YAML of at most 128 KiB',
  ])
  t.strictSame((await readText(`clientID: ${long.slice(0, 130_000)}`)).problems, [])
  t.strictSame((await readText(JSON.stringify({ clientID: long }))).problems, [], 'JSON may be longer')
})
