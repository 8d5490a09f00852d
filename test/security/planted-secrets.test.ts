import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { runCli } from '../../functions/cli.ts'
import { systemClock } from '../../shared/clock.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { readObjects } from '../scenarios/_everything.ts'
import { soon } from '../scenarios/_stories.ts'
import { createApi } from '../support/api.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { SECRET_ARN, startFakeSecrets } from '../support/fake-secrets.ts'
import { installRole } from '../support/install.ts'
import { toKubeconfig } from '../support/kubeconfigs.ts'
import { clearServices, createManifest, findService, isWaiting } from '../support/services.ts'
import type { Environment } from '../support/world.ts'
import { findSecret, formsOf, unpack } from './_forms.ts'
import { startFront } from './_front.ts'

t.setTimeout(300_000)

t.test('a secret is found in whatever form', async t => {
  const secrets = { one: 'pl@nted secret/1' }
  const bytes = Buffer.from('user:pl@nted secret/1!')
  for (const text of [
    bytes.toString('utf8'),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ])
    t.match(findSecret(`before ${text} after`, secrets), /^one: …/, text)
  t.match(findSecret(encodeURIComponent('user:pl@nted secret/1'), secrets), /^one/)
  t.equal(findSecret('pl@nted secret/2', secrets), undefined)
  t.ok(formsOf('abcdef').length >= 6)
})

const readText = (path: string): Promise<string> => readFile(path, 'utf8')

const CLIENT_SECRET = 'planted-Client+secret/=1 &x'
const NEXT_SECRET = 'planted-next-client-secret-2'
const WEBHOOK_TOKEN = 'planted-webhook-token-of-now'
const NEXT_TOKEN = 'planted-webhook-token-of-tomorrow'
const PREVIOUS_TOKEN = 'planted-webhook-token-of-yesterday'
const AWS = {
  AWS_SECRET_ACCESS_KEY: 'planted-aws-secret-access-key',
  AWS_SESSION_TOKEN: 'planted-aws-session-token',
}

/** What is done with the API in trouble, one after the other. */
const COMMANDS: readonly (readonly string[])[] = [
  ['resync', '--output', 'json'],
  ['resync', '--dry-run'],
  ['doctor', '--timeout', '3s'],
  ['migrate', '--output', 'json'],
  ['unregister', '--output', 'json'],
  ['cleanup', '--cluster', '01234567-89ab-cdef-0123-456789abcdef'],
]
const TOKEN_ENDPOINT = /token$/
const NOT_TOKEN = /^(?!.*\/token$)/

forEachCluster(t, 'secrets', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await clearServices(admin)
  await installRole(admin)
  let issued = 0
  const bmc = await startBmcSimulator({
    clientSecret: CLIENT_SECRET,
    newToken: () => `planted-bmc-access-token-${String(++issued).padStart(4, '0')}`,
  })
  t.teardown(() => bmc.close())
  const server = bmc.backend.addServer({ hostname: 'node-a' })
  const { id: networkId } = bmc.backend.addPublicNetwork({ location: 'PHX' })
  const admins = parse(cluster.kubeconfig()) as { clusters: [{ cluster: Record<string, string> }] }
  const caData = admins.clusters[0].cluster['certificate-authority-data'] ?? ''
  const kubeFront = await startFront(t, cluster.url, Buffer.from(caData, 'base64').toString())
  const bmcFront = await startFront(t, bmc.url)
  const aws = await startFakeSecrets(t)
  const folder = t.testdir()
  const at = (name: string): string => join(folder, name)
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  await writeFile(at('tls.crt'), cert)
  await writeFile(at('tls.key'), key)
  await writeFile(at('ca.crt'), ca)
  await writeFile(at('token'), WEBHOOK_TOKEN)
  await writeFile(at('secret'), CLIENT_SECRET)
  const kubeToken = cluster.tokenFor(CONTROLLER)
  await writeFile(
    at('kubeconfig'),
    toKubeconfig({ server: kubeFront.url, user: CONTROLLER, token: kubeToken }),
  )
  const environment: Environment = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET_FILE: at('secret'),
    PNAP_BASE_URL: bmcFront.url,
    PNAP_LOAD_BALANCER: `kube-vip://${networkId}`,
    PNAP_WEBHOOK_TOKEN_FILE: at('token'),
    PNAP_WEBHOOK_TOKEN_PREVIOUS: PREVIOUS_TOKEN,
    PNAP_LOG_LEVEL: 'trace',
    PNAP_LISTEN: '127.0.0.1:0',
    PNAP_RESYNC_INTERVAL: '5s',
    PNAP_TLS_CERT: at('tls.crt'),
    PNAP_TLS_KEY: at('tls.key'),
    KUBECONFIG: at('kubeconfig'),
    ...aws.env,
    ...AWS,
  }
  const said: [where: string, text: string][] = []

  async function run(argv: readonly string[], more: Environment = {}, stop = new AbortController().signal) {
    const texts: string[] = []
    const take = (text: string): void => {
      texts.push(text)
      said.push([argv.join(' '), text])
    }
    const env = { ...environment, ...more }
    const code = await runCli(argv, {
      out: take,
      err: take,
      env,
      readFile: readText,
      clock: systemClock,
      stop,
    })
    return { code, text: texts.join('') }
  }

  const secrets = (): Readonly<Record<string, string>> => ({
    'client secret': CLIENT_SECRET,
    'next client secret': NEXT_SECRET,
    'webhook token': WEBHOOK_TOKEN,
    'next webhook token': NEXT_TOKEN,
    'previous webhook token': PREVIOUS_TOKEN,
    'kube token': kubeToken,
    'private key': key.split('\n')[2] ?? '',
    'AWS key': AWS.AWS_SECRET_ACCESS_KEY,
    'AWS session': AWS.AWS_SESSION_TOKEN,
    ...Object.fromEntries([...bmcFront.tokens].map(token => [`token ${token}`, token])),
    'path of now': admissionPathSecret(WEBHOOK_TOKEN),
    'path of tomorrow': admissionPathSecret(NEXT_TOKEN),
    'path of yesterday': admissionPathSecret(PREVIOUS_TOKEN),
  })

  const ending = new AbortController()
  const serving = run(['serve'], {}, ending.signal)
  const portOf = (): string | undefined =>
    said.map(([, text]) => /"port":(\d+)/.exec(text)?.[1]).find(port => port !== undefined)
  await soon('serve listens', () => portOf() !== undefined)
  const url = `https://127.0.0.1:${portOf()}`
  const api = createApi(toKubeconfig({ server: url, ca, user: 'caller' }))
  t.teardown(() => api.close())
  await run(['register', '--url', url, '--ca-file', at('ca.crt'), '--webhook-token-file', at('token')], {
    KUBECONFIG: await cluster.kubeconfigFile(),
  })

  async function callWrongly(token: string): Promise<void> {
    for (const path of [
      `/admission/${admissionPathSecret(token)}`,
      `/admission/${token}`,
      '/admission',
      `/audit?${token}`,
      `/${token}`,
    ])
      for (const body of [`{"broken": "${token}`, JSON.stringify({ kind: token, apiVersion: token }), token])
        for (const authorization of [`Bearer ${token}`, `Bearer ${token}x`, `Basic ${token}`]) {
          const {
            status,
            headers,
            body: answer,
          } = await api.call({ method: 'POST', path, body, headers: { authorization } })
          said.push([`answer ${status} to ${path.slice(0, 12)}`, JSON.stringify([headers, answer])])
        }
  }

  await t.test('a good day: a node joins, a Service gets its address', async t => {
    await fakeKubelet(admin, 'node-a')
    await admin.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/services',
      body: createManifest('web'),
    })
    for (const command of COMMANDS) await run(command)
    await soon('web is served', async () => {
      await run(['resync'])
      const web = await findService(admin, 'web')
      return (
        web !== undefined &&
        !isWaiting(web) &&
        web.metadata.annotations?.['phoenixnap.com/assigned-ips'] !== undefined
      )
    })
    await callWrongly(WEBHOOK_TOKEN)
    t.ok(server.id)
  })

  for (const status of [400, 401, 403, 409, 500, 503])
    await t.test(`BMC and API server repeat what they were sent, with ${status}`, async () => {
      for (const match of [TOKEN_ENDPOINT, NOT_TOKEN]) {
        bmcFront.trouble = { status, match }
        bmc.backend.revokeTokens()
        await admin.request({
          method: 'POST',
          path: '/api/v1/namespaces/default/services',
          body: createManifest(`web-${status}-${match === NOT_TOKEN}`),
        })
        for (const command of status === 403 ? COMMANDS : COMMANDS.slice(0, 2)) await run(command)
      }
      bmcFront.trouble = undefined
      kubeFront.trouble = { status, match: /./ }
      for (const command of status === 401 ? COMMANDS : COMMANDS.slice(0, 2)) await run(command)
      kubeFront.trouble = { status, match: /^(POST|PATCH|PUT|DELETE)/ }
      await run(['resync', '--output', 'json'])
      kubeFront.trouble = undefined
    })

  await t.test('secrets are rotated, or wrong', async () => {
    await writeFile(at('token'), NEXT_TOKEN)
    await writeFile(at('secret'), NEXT_SECRET)
    bmc.backend.revokeTokens()
    await run(['resync'])
    await callWrongly(NEXT_TOKEN)
    bmc.backend.setCredentials('sim-client', NEXT_SECRET)
    await run(['resync'])
    for (const type of ['AccessDeniedException', 'ResourceNotFoundException', 'InternalServiceError']) {
      aws.failure = {
        status: 400,
        type,
        message: `no: ${AWS.AWS_SECRET_ACCESS_KEY} ${AWS.AWS_SESSION_TOKEN}`,
      }
      await run(['resync'], { PNAP_CLIENT_SECRET_FILE: SECRET_ARN })
    }
    aws.failure = undefined
    aws.secrets.set(SECRET_ARN, NEXT_SECRET)
    await run(['resync'], { PNAP_CLIENT_SECRET_FILE: SECRET_ARN })
    const swapped = {
      PNAP_LOAD_BALANCER: CLIENT_SECRET,
      PNAP_RESYNC_INTERVAL: NEXT_SECRET,
      PNAP_TLS_KEY: at('token'),
    }
    for (const command of ['serve', 'resync', 'doctor']) await run([command], swapped)
  })

  ending.abort()
  await serving

  await t.test('nothing that was printed holds a secret', async t => {
    t.ok(said.length > 100, `${said.length} texts`)
    for (const where of new Set(said.map(([name]) => name))) {
      const text = said.flatMap(([name, part]) => (name === where ? part : [])).join('\n')
      t.equal(findSecret(text, secrets()), undefined, where)
    }
  })

  await t.test('nothing that the cluster stores holds a secret', async t => {
    const { 'path of now': path = '', ...others } = secrets()
    const objects = Object.fromEntries(
      Object.entries(await readObjects(cluster)).map(([name, text]) => [name, text + unpack(text)]),
    )
    t.ok(
      Object.values(objects).some(text => text.includes('"hostname":"node-a"')),
      'the inventory was unpacked',
    )
    for (const [name, text] of Object.entries(objects).filter(
      ([kind]) => !kind.startsWith('/api/v1/secrets'),
    )) {
      const isRegistration = name.includes('webhookconfigurations')
      const found = findSecret(text, isRegistration ? others : secrets())
      if (found) t.equal(found, undefined, name)
      // The URL that the API server calls holds it by design.
      if (isRegistration && text.includes('/admission/')) t.match(text, path)
    }
    t.ok(
      Object.keys(objects).some(name => name.includes('/events ')),
      'events among them',
    )
    t.ok(
      Object.keys(objects).some(name => name.includes('ipaddresses')),
      'and claims',
    )
  })

  await t.test('nothing that was sent holds a secret but where it belongs', async t => {
    const toBmc = bmcFront.seen.filter(({ url: to }) => !TOKEN_ENDPOINT.test(to))
    t.ok(
      toBmc.some(({ method }) => method === 'POST'),
      'a block was bought',
    )
    t.equal(findSecret(JSON.stringify(toBmc), secrets()), undefined, 'BMC')
    const forms = bmcFront.seen.filter(({ url: to }) => TOKEN_ENDPOINT.test(to))
    t.ok(forms.every(({ url: to, headers }) => findSecret(to + headers, secrets()) === undefined))
    t.equal(findSecret(JSON.stringify(kubeFront.seen), secrets()), undefined, 'the API server')
  })
})
