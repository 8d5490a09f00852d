import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { CONTROLLER, forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { toKubeconfig } from '../support/kubeconfigs.ts'
import type { Environment } from '../support/world.ts'
import { startChild } from './_child.ts'
import { clearCluster, expectInitialised } from './_outage.ts'

const SECRET = 'planted-client-secret'
const WEBHOOK_TOKEN = 'planted-webhook-token'
/** Short, as it stands: a parser that shows a line shows its beginning. */
const KUBE_TOKEN = 'planted-kube-token'
const LIST = 'GET /bmc/v1/servers'
const TOKEN = /^POST .*\/token$/
/** Nobody listens there: the port of TCP port service multiplexing needs root. */
const NOBODY = '127.0.0.1:1'

/** One way of getting it wrong. */
interface Case {
  readonly name: string
  readonly args?: readonly string[]
  /** On top of what is right. */
  readonly environment?: Environment
  /** File for KUBECONFIG, as a text. */
  readonly kubeconfig?: string
  readonly before?: (bmc: BmcSimulator) => unknown
  readonly code: number
  readonly says: readonly RegExp[]
}

t.setTimeout(180_000)

forEachCluster(t, 'the command line', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  const token = cluster.tokenFor(CONTROLLER)
  const { ca: foreignCa } = await createCertificates({ hosts: ['127.0.0.1'] })
  let issued = 0
  const newToken = (): string => `planted-bmc-token-${++issued}`
  const bmc = await startBmcSimulator({ clientSecret: SECRET, newToken })
  t.teardown(() => bmc.close())
  const right = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: SECRET,
    PNAP_BASE_URL: bmc.url,
    PNAP_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
    KUBECONFIG: await cluster.kubeconfigFile(CONTROLLER),
  }
  const secrets = [SECRET, WEBHOOK_TOKEN, 'planted-bmc-token', KUBE_TOKEN, token]
  const user = (server: string, name = token) => toKubeconfig({ server, user: CONTROLLER, token: name })

  const CASES: readonly Case[] = [
    {
      name: 'wrong client secret',
      environment: { PNAP_CLIENT_SECRET: 'planted-client-secret-of-yesterday' },
      code: 1,
      says: [/BMC_CREDENTIALS_INVALID/, /Correct PNAP_CLIENT_ID and PNAP_CLIENT_SECRET/],
    },
    {
      name: 'a scope is missing',
      before: ({ backend }) => backend.addCredentials('tags-only', SECRET, ['tags']),
      environment: { PNAP_CLIENT_ID: 'tags-only' },
      code: 1,
      says: [/BMC_SCOPE_MISSING/, /the scope bmc\.read is missing/, /Give the credentials the scope/],
    },
    {
      name: 'unreachable BMC',
      environment: { PNAP_BASE_URL: `http://${NOBODY}` },
      code: 1,
      says: [
        /BMC_TOKEN_ENDPOINT_FAILED/,
        /127\.0\.0\.1:1 cannot be reached: ECONNREFUSED/,
        /Check PNAP_TOKEN_URL/,
      ],
    },
    {
      name: 'unreachable API beside a token endpoint that works',
      environment: { PNAP_BASE_URL: `http://${NOBODY}`, PNAP_TOKEN_URL: bmc.tokenUrl },
      code: 1,
      says: [/BMC_UNREACHABLE/, /127\.0\.0\.1:1 cannot be reached/, /Check egress/],
    },
    {
      name: 'a token endpoint that repeats the secret',
      before: ({ faults }) => faults.add({ operation: TOKEN, status: 401, body: { error: `no: ${SECRET}` } }),
      code: 1,
      says: [/BMC_CREDENTIALS_INVALID/],
    },
    {
      name: 'an API that repeats the token',
      before: ({ faults }) =>
        faults.add({ operation: LIST, status: 400, body: `planted-bmc-token-${issued + 1}` }),
      code: 1,
      says: [/BMC_BAD_REQUEST/],
    },
    {
      name: 'no kubeconfig',
      environment: { KUBECONFIG: '/nonexistent/kubeconfig' },
      code: 2,
      says: [/^KUBE_CONFIG_INVALID: .*\/nonexistent\/kubeconfig/m, /^Correct KUBECONFIG/m],
    },
    {
      name: 'no credentials for a cluster at all',
      environment: { KUBECONFIG: undefined },
      code: 2,
      says: [/^KUBE_CONFIG_INVALID: .*neither KUBECONFIG nor KUBE_API_SERVER/m, /^Correct KUBECONFIG/m],
    },
    {
      name: 'a kubeconfig that is no YAML, in the line of the token',
      kubeconfig: user(cluster.url).replace(/token: .*/, `token: "${KUBE_TOKEN}`),
      code: 2,
      says: [/^KUBE_CONFIG_INVALID/m, /^Correct KUBECONFIG/m],
    },
    {
      name: 'a kubeconfig whose lines are mixed up',
      kubeconfig: `${user(cluster.url)}\n  token: ${KUBE_TOKEN}\n : [`,
      code: 2,
      says: [/^KUBE_CONFIG_INVALID/m, /^Correct KUBECONFIG/m],
    },
    {
      name: 'a kubeconfig instead of its path',
      environment: { KUBECONFIG: user(cluster.url, KUBE_TOKEN) },
      code: 2,
      says: [/^KUBE_CONFIG_INVALID/m, /^Correct KUBECONFIG/m],
    },
    {
      name: 'a context that the kubeconfig does not have',
      environment: { KUBE_CONTEXT: 'elsewhere' },
      code: 2,
      says: [/^KUBE_CONFIG_INVALID: .*elsewhere/m, /^Correct KUBECONFIG/m],
    },
    {
      name: 'unreachable API server',
      kubeconfig: user(`https://${NOBODY}`),
      code: 1,
      says: [
        /^KUBE_UNREACHABLE: .*127\.0\.0\.1:1 cannot be reached/m,
        /^Check the address of the API server/m,
      ],
    },
    {
      name: 'an API server with the certificate of somebody else',
      kubeconfig: toKubeconfig({ server: cluster.url, ca: foreignCa, user: CONTROLLER, token }),
      code: 1,
      says: [/^KUBE_UNREACHABLE: .*certificate/m],
    },
    {
      name: 'a token that the cluster does not know',
      kubeconfig: cluster.kubeconfig(CONTROLLER).replace(token, KUBE_TOKEN),
      code: 1,
      says: [/^KUBE_CREDENTIALS_INVALID/m, /^Check the kubeconfig, the service account token/m],
    },
    {
      name: 'a user without the role',
      kubeconfig: cluster.kubeconfig('nobody'),
      code: 1,
      says: [/^KUBE_FORBIDDEN: .*cannot get resource/m, /^Apply the shipped role again/m],
    },
    {
      name: 'several wrong settings',
      args: ['--node-delete-max-share', '7', '--client-secret', 'planted-client-secret', '--bogus'],
      environment: {
        PNAP_BASE_URL: 'ftp://planted-client-secret@example.com',
        PNAP_RESYNC_INTERVAL: 'soon',
        PNAP_CLIENT_ID: '',
      },
      code: 2,
      says: [
        /^CCM_CONFIG_INVALID: .*PNAP_BASE_URL/m,
        /PNAP_RESYNC_INTERVAL: expected a duration/,
        /--node-delete-max-share: expected a number from 0 to 1/,
        /PNAP_CLIENT_ID is missing/,
        /--client-secret is no flag .*--client-secret-file/,
        /--bogus is no flag/,
        /^Correct the settings/m,
      ],
    },
    {
      name: 'a secret file that is neither JSON nor YAML',
      environment: { PNAP_CLOUD_CONFIG: 'secret-file' },
      code: 2,
      says: [/^CCM_CONFIG_INVALID: .*PNAP_CLOUD_CONFIG: the file is neither JSON nor YAML/m],
    },
    {
      name: 'an unknown command',
      args: ['synchronise'],
      code: 2,
      says: [/^CCM_USAGE: 'synchronise' is no command/m],
    },
  ]

  const said: string[] = []
  async function run(name: string, args: readonly string[], environment: Environment) {
    const child = startChild(t, args, environment)
    const { code } = await child.ended
    said.push(`${name}: ${child.said()}`)
    return { code, text: child.said() }
  }

  await writeFile(join(cluster.folder, 'secret-file'), `{"clientID": "a", "clientSecret": "${SECRET}" ]`)
  for (const [index, { name, args, environment, kubeconfig, before, code, says }] of CASES.entries()) {
    t.test(name, async t => {
      const file = join(cluster.folder, `cli-${index}.kubeconfig`)
      if (kubeconfig !== undefined) await writeFile(file, kubeconfig)
      await before?.(bmc)
      const given = {
        ...right,
        ...environment,
        ...(kubeconfig === undefined ? {} : { KUBECONFIG: file }),
        ...(environment?.['PNAP_CLOUD_CONFIG']
          ? { PNAP_CLOUD_CONFIG: join(cluster.folder, 'secret-file') }
          : {}),
      }
      const command = args?.[0]?.startsWith('--') === false ? args : ['resync', ...(args ?? [])]
      const result = await run(name, command, given)
      bmc.faults.clear()
      t.equal(result.code, code, 'exit code')
      for (const expected of says) t.match(result.text, expected)
      t.notMatch(result.text, /\n +at .*\.ts:\d+/, 'no stack')
      for (const secret of secrets) t.notOk(result.text.includes(secret), 'no secret is told')
    })
  }

  t.test('everything right: a plan, its execution, and nothing left to do', async t => {
    await clearCluster(admin)
    const { id } = bmc.backend.addServer({ hostname: 'cli-a' })
    await fakeKubelet(admin, 'cli-a')
    const debug = { ...right, PNAP_LOG_LEVEL: 'debug' }
    t.match(await run('plan', ['resync', '--dry-run'], debug), {
      code: 2,
      text: /^ {2}\+ cli-a {2}initialise: /m,
    })
    t.match(await run('pass', ['resync', '--output', 'json'], debug), {
      code: 0,
      text: /"state": "complete"/,
    })
    await expectInitialised(t, admin, 'cli-a', id)
    t.match(await run('plan', ['resync', '--dry-run'], debug), { code: 0, text: /^No changes pending\.$/m })
    t.match(await run('pass', ['resync'], debug), { code: 0, text: /^Nothing was to be changed\.$/m })
  })

  t.test('no secret is told, logged or stored', async t => {
    const stored: string[] = []
    for (const path of [
      '/api/v1/nodes',
      '/api/v1/events',
      '/api/v1/configmaps',
      '/apis/coordination.k8s.io/v1/leases',
    ]) {
      const { body } = await admin.request<{ items: { binaryData?: Record<string, string> }[] }>({ path })
      const packed = body.items.flatMap(({ binaryData }) => Object.values(binaryData ?? {}))
      stored.push(JSON.stringify(body))
      stored.push(...packed.map(text => gunzipSync(Buffer.from(text, 'base64')).toString()))
    }
    t.ok(
      stored.some(text => text.includes('cli-a')),
      'what is stored was looked through',
    )
    t.ok(bmc.requests.count(TOKEN) > 0, 'tokens were given out')
    for (const secret of secrets) {
      t.same(
        said.filter(text => text.includes(secret)),
        [],
        'told',
      )
      t.same(
        stored.filter(text => text.includes(secret)),
        [],
        'stored',
      )
    }
  })
})
