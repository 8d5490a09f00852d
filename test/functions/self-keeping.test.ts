import t from 'tap'
import { createSelfKeeping, readWebhookCa } from '../../functions/self-keeping.ts'
import { createCertificates } from '../../shared/certificates.ts'
import { readConfig } from '../../shared/config.ts'
import { CcmError } from '../../shared/errors.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { isSameTrust } from '../../shared/serving-identity/trusted.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { collectLog, type Line } from '../support/collect-log.ts'
import { startSmallCluster } from './_self-kept.ts'

const TOKEN = 'token-of-sixteen-characters'
const readFile = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }))

function setUp(env: Record<string, string>) {
  const { config } = readConfig({ env })
  const [lines, requests]: [Line[], string[]] = [[], []]
  const kube: Kube = {
    server: '',
    async request({ method = 'GET', path }) {
      requests.push(`${method} ${path}`)
      throw new CcmError('KUBE_UNREACHABLE', 'no answer')
    },
    close: () => {},
    end: () => {},
  }
  const given = () => ({ current: config.webhookToken })
  const clock = createTurnableClock()
  const kept = createSelfKeeping({ config, kube, given, readFile, clock, log: collectLog(lines) })
  return { kept, lines, requests }
}

t.test('without its settings it keeps nothing', async t => {
  const { kept, requests } = setUp({ PNAP_WEBHOOK_TOKEN: TOKEN })
  await kept.refresh()
  await kept.register()
  t.strictSame(requests, [])
  t.strictSame(kept.tokens(), [TOKEN])
  t.equal(kept.certificate, undefined)
})

t.test(
  'a Secret that cannot be had is told once: there is a certificate, and nobody is told to trust it',
  async t => {
    const { kept, lines, requests } = setUp({
      PNAP_WEBHOOK_SERVICE: 'kube-system/ccm',
      PNAP_SERVING_SECRET: 'kube-system/ccm-serving',
    })
    for (let i = 0; i < 3; i++) {
      await kept.refresh()
      await kept.register()
    }
    t.match(lines, [{ level: 'error', fields: { code: 'KUBE_UNREACHABLE' } }])
    t.equal(lines.length, 1)
    t.ok(requests.every(request => request === 'GET /api/v1/namespaces/kube-system/secrets/ccm-serving'))
    t.match((await kept.certificate?.())?.cert, 'BEGIN CERTIFICATE')
    t.equal(kept.tokens().length, 1, 'a host that waits for its token is none that wants no token')
    t.equal(kept.tokens()[0]?.length, 64)
  },
)

t.test('the file of an authority is read as far as it holds certificates', async t => {
  const { config } = readConfig({ env: { PNAP_WEBHOOK_CA: 'ca.crt' } })
  const { ca } = await createCertificates({ hosts: ['a'] })
  t.equal(await readWebhookCa(config, async () => `# ours\n${ca}\n${ca}`), `${ca}\n`)
  await t.rejects(
    readWebhookCa(config, async () => 'no'),
    {
      code: 'CCM_CONFIG_INVALID',
      message: 'settings: --webhook-ca: the file holds no PEM certificate',
    },
  )
  await t.rejects(readWebhookCa(config, readFile), {
    message: 'settings: --webhook-ca: the file cannot be read (ENOENT)',
  })
  t.equal(await readWebhookCa(readConfig({ env: {} }).config, readFile), '')
})

const SELF = { PNAP_WEBHOOK_SERVICE: 'kube-system/ccm', PNAP_SERVING_SECRET: 'kube-system/ccm-serving' }
const GIVEN = { ...SELF, PNAP_TLS_CERT: 'a', PNAP_TLS_KEY: 'b' }

t.test('with a given certificate the authorities of the Secret are trusted as well', async t => {
  const [given, made] = [
    await createCertificates({ hosts: ['a'] }),
    await createCertificates({ hosts: ['a'] }),
  ]
  const settings = { ...GIVEN, PNAP_WEBHOOK_CA: 'ca.crt' }
  for (const env of [settings, { ...settings, PNAP_WEBHOOK_TOKEN: TOKEN }]) {
    const cluster = startSmallCluster(env, async () => given.ca)
    cluster.write({ 'ca.crt': made.ca, 'webhook-token': TOKEN })
    await cluster.kept.refresh()
    await cluster.kept.register()
    t.ok(isSameTrust(cluster.trusted() ?? '', given.ca + made.ca))
    t.strictSame(Object.keys(cluster.secret()), ['ca.crt', 'webhook-token'], 'nothing else is kept there')
    t.equal(cluster.kept.certificate, undefined)
  }
  const open = startSmallCluster(GIVEN, readFile)
  open.write({ 'ca.crt': made.ca, 'webhook-token': TOKEN })
  await open.kept.refresh()
  await open.kept.register()
  t.equal(open.trusted(), '', 'of a public authority: none is named')
})

t.test('a new certificate is served once its authority is registered', async t => {
  const cluster = startSmallCluster(SELF, readFile)
  const { kept } = cluster
  const turn = async (): Promise<string | undefined> => {
    await kept.refresh()
    await kept.register()
    return (await kept.certificate?.())?.cert
  }
  const first = await turn()
  cluster.failure = new CcmError('KUBE_FORBIDDEN', 'no')
  cluster.write({ ...cluster.secret(), 'tls.key': 'garbage' })
  t.equal(await turn(), first, 'the API server trusts this one')
  t.not(cluster.secret()['tls.crt'], first)
  cluster.failure = undefined
  t.equal(await turn(), cluster.secret()['tls.crt'])
  cluster.failure = new CcmError('KUBE_FORBIDDEN', 'no')
  await cluster.clock.turn(400 * 24 * 3_600_000)
  t.equal(await turn(), cluster.secret()['tls.crt'], 'what has expired is of no use')
})

t.test('an immutable Secret is named, with what helps', async t => {
  const { kept, lines, write } = startSmallCluster(SELF, readFile)
  write({ 'tls.crt': 'garbage' }, { immutable: true })
  await kept.refresh()
  const error = { message: /kubectl -n kube-system delete secret ccm-serving$/ }
  t.match(lines, [{ level: 'error', fields: { code: 'CCM_SERVING_SECRET_IMMUTABLE', error } }])
})
