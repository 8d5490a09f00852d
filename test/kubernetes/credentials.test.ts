import { chmod, writeFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { delimiter } from 'node:path'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { type ClusterSettings, loadKubeConfig } from '../../shared/kubernetes/credentials.ts'

const SERVER = 'https://cluster.test:6443'

interface Parts {
  readonly name?: string
  readonly server?: string
  readonly cluster?: object
  readonly user?: object
  readonly current?: string | undefined
}

/** A kubeconfig with one cluster, user and context, all of that name. */
function toConfig({
  name = 'main',
  server = SERVER,
  cluster = {},
  user = {},
  current = name,
}: Parts = {}): object {
  return {
    clusters: [{ name, cluster: { server, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': current,
  }
}

/** What a request to the cluster is sent with. */
async function read(
  settings: ClusterSettings,
  root?: string,
): Promise<RequestOptions & { server: string | undefined; authorization: unknown }> {
  const config = await loadKubeConfig(settings, root)
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const headers = options.headers as Record<string, unknown> | undefined
  return { ...options, server: config.getCurrentCluster()?.server, authorization: headers?.['Authorization'] }
}

t.test('a kubeconfig', async t => {
  t.test('says where the cluster is and who we are', async t => {
    const kubeconfig = `${t.testdir({ config: stringify(toConfig({ user: { token: 'secret' } })) })}/config`
    t.match(await read({ kubeconfig }), { server: SERVER, authorization: 'Bearer secret' })
  })
  t.test('goes before KUBE_API_SERVER', async t => {
    const kubeconfig = `${t.testdir({ config: stringify(toConfig()) })}/config`
    t.match(await read({ kubeconfig, apiServer: 'https://other.test' }), { server: SERVER })
  })
  t.test('has contexts', async t => {
    const two = { ...toConfig(), contexts: [{ name: 'other', context: { cluster: 'main', user: 'main' } }] }
    const kubeconfig = `${t.testdir({ config: stringify(two) })}/config`
    t.match(await read({ kubeconfig, context: 'other' }), { server: SERVER })
    await t.rejects(read({ kubeconfig }), { code: 'KUBE_CONFIG_INVALID', message: /no context main/ })
    await t.rejects(read({ kubeconfig, context: 'third' }), {
      code: 'KUBE_CONFIG_INVALID',
      message: /no context third/,
    })
  })
  t.test('may speak http, as kubectl proxy does', async t => {
    const kubeconfig = `${t.testdir({ config: stringify(toConfig({ server: 'http://127.0.0.1:8001' })) })}/config`
    t.match(await read({ kubeconfig }), { server: 'http://127.0.0.1:8001' })
  })
  t.test('names certificates by files beside it, which may be replaced', async t => {
    const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' }
    const config = stringify(toConfig({ cluster: { 'certificate-authority': 'ca.crt' }, user }))
    const folder = t.testdir({ config, 'ca.crt': 'CA', 'client.crt': 'CERT', 'client.key': 'KEY' })
    const loaded = await loadKubeConfig({ kubeconfig: `${folder}/config` })
    const texts = async (): Promise<string[]> => {
      const { ca, cert, key }: RequestOptions = await withOptions(loaded)
      return [ca, cert, key].map(value => (Buffer.isBuffer(value) ? value.toString() : ''))
    }
    t.same(await texts(), ['CA', 'CERT', 'KEY'])
    await writeFile(`${folder}/client.crt`, 'NEWER')
    t.same(await texts(), ['CA', 'NEWER', 'KEY'])
  })
})

const BROKEN: Record<string, { config: string; message: RegExp }> = {
  'that is empty': { config: '', message: /no current context/ },
  'that is no YAML': { config: 'a: [', message: /config cannot be used/ },
  'that is something else': { config: 'hello', message: /no current context/ },
  'without a current context': {
    config: stringify({ ...toConfig(), 'current-context': undefined }),
    message: /no current context/,
  },
  'whose context names no cluster of it': {
    config: stringify({ ...toConfig(), clusters: [] }),
    message: /no cluster main/,
  },
  'whose context names no user of it': {
    config: stringify({ ...toConfig(), users: [] }),
    message: /no user main/,
  },
  'whose cluster has no server': {
    config: stringify(toConfig({ server: '' })),
    message: /server is missing/,
  },
}
for (const [name, { config, message }] of Object.entries(BROKEN))
  t.test(`a kubeconfig ${name}`, async t => {
    const kubeconfig = `${t.testdir({ config })}/config`
    await t.rejects(read({ kubeconfig }), { code: 'KUBE_CONFIG_INVALID', message })
    await t.rejects(read({ kubeconfig }), { message: RegExp(kubeconfig) })
  })
t.test('a kubeconfig that does not exist', async t => {
  const kubeconfig = `${t.testdir({})}/none`
  await t.rejects(read({ kubeconfig }), { code: 'KUBE_CONFIG_INVALID', message: /ENOENT/ })
})

t.test('several kubeconfigs: the first one counts', async t => {
  const folder = t.testdir({
    a: stringify({
      ...toConfig({ name: 'a', server: 'https://a.test', user: { token: 'a' } }),
      'current-context': undefined,
    }),
    b: stringify(toConfig({ name: 'b', server: 'https://b.test', user: { token: 'b' } })),
    c: stringify(toConfig({ name: 'a', server: 'https://c.test', user: { token: 'c' } })),
  })
  const join = (...names: string[]): string => names.map(name => `${folder}/${name}`).join(delimiter)
  t.match(await read({ kubeconfig: join('a', 'b', 'c') }), {
    server: 'https://b.test',
    authorization: 'Bearer b',
  })
  t.match(await read({ kubeconfig: join('a', 'b', 'c'), context: 'a' }), {
    server: 'https://a.test',
    authorization: 'Bearer a',
  })
  t.match(await read({ kubeconfig: join('none', 'c') }), { server: 'https://c.test' })
  await t.rejects(read({ kubeconfig: join('none', 'nothing') }), { code: 'KUBE_CONFIG_INVALID' })
})

t.test('a token file', async t => {
  for (const [format, encode] of Object.entries({ YAML: stringify, JSON: JSON.stringify }))
    t.test(`in ${format}: relative, trimmed by the client, before a token`, async t => {
      const user = { token: 'old', tokenFile: 'token' }
      const folder = t.testdir({ config: encode(toConfig({ user })), token: 'from-file' })
      t.match(await read({ kubeconfig: `${folder}/config` }), { authorization: 'Bearer from-file' })
    })
  t.test('is read again after a minute', async t => {
    mock.timers.enable({ apis: ['Date'], now: Date.UTC(2026, 0, 1) })
    t.teardown(() => mock.timers.reset())
    const folder = t.testdir({ config: stringify(toConfig({ user: { tokenFile: 'token' } })), token: 'one' })
    const config = await loadKubeConfig({ kubeconfig: `${folder}/config` })
    const authorization = async (): Promise<unknown> => (await withOptions(config)).headers
    t.match(await authorization(), { Authorization: 'Bearer one' })
    await writeFile(`${folder}/token`, 'two')
    t.match(await authorization(), { Authorization: 'Bearer one' })
    mock.timers.setTime(Date.UTC(2026, 0, 1, 0, 1, 1))
    t.match(await authorization(), { Authorization: 'Bearer two' })
  })
})

/** Prints what it was told about the cluster as the token. */
const TELLING = `#!/bin/sh
info=$(printf %s "$KUBERNETES_EXEC_INFO" | base64 | tr -d '\\n')
printf '{"status":{"token":"%s %s"}}' "$1$EXTRA" "$info"
`
async function runPlugin(t: Test, exec: object): Promise<{ words: string[]; info: unknown }> {
  const cluster = { 'certificate-authority': 'ca.crt', 'tls-server-name': 'inside.test' }
  const config = stringify(
    toConfig({ cluster, user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', ...exec } } }),
  )
  const folder = t.testdir({ config, 'plugin.sh': TELLING, 'ca.crt': 'CA' })
  await chmod(`${folder}/plugin.sh`, 0o755)
  const words = String((await read({ kubeconfig: `${folder}/config` })).authorization).split(' ')
  return { words, info: JSON.parse(Buffer.from(words.pop() ?? '', 'base64').toString()) }
}

t.test('a plugin', async t => {
  t.test('lies beside the kubeconfig, and is told that nobody can be asked', async t => {
    const exec = { command: './plugin.sh', args: ['arg'], env: [{ name: 'EXTRA', value: '-extra' }] }
    t.same(await runPlugin(t, exec), {
      words: ['Bearer', 'arg-extra'],
      info: {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        spec: { interactive: false },
      },
    })
  })
  t.test('is told about the cluster if it wants to', async t => {
    const { info } = await runPlugin(t, { command: './plugin.sh', provideClusterInfo: true })
    t.match(info, {
      spec: {
        cluster: {
          server: SERVER,
          'certificate-authority-data': Buffer.from('CA').toString('base64'),
          'tls-server-name': 'inside.test',
        },
      },
    })
  })
  t.test('may give a certificate', async t => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'printf',
      args: ['{"status":{"clientCertificateData":"CERT","clientKeyData":"KEY"}}'],
    }
    const kubeconfig = `${t.testdir({ config: stringify(toConfig({ user: { exec } })) })}/config`
    t.match(await read({ kubeconfig }), { cert: 'CERT', key: 'KEY', authorization: undefined })
  })
})

t.test('KUBE_API_SERVER and its fellows', async t => {
  const pem = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n'
  const expected = { server: SERVER, authorization: 'Bearer secret', ca: Buffer.from(pem) }
  const given = { apiServer: SERVER, token: ' secret\n' }
  t.match(await read({ ...given, caData: pem }), expected)
  t.match(await read({ ...given, caData: Buffer.from(pem).toString('base64') }), expected)
  const { ca, authorization } = await read({ apiServer: SERVER })
  t.same([ca, authorization], [undefined, undefined])
  t.match(await read({ apiServer: 'http://127.0.0.1:8001' }), { server: 'http://127.0.0.1:8001' })
})

t.test('a pod', async t => {
  const root = t.testdir({
    var: {
      run: {
        secrets: {
          'kubernetes.io': {
            serviceaccount: { token: 'of-the-pod\n', 'ca.crt': 'CA', namespace: 'kube-system' },
          },
        },
      },
    },
  })
  const service = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  t.test('has a service account', async t => {
    setEnvironment(t, service)
    t.match(await read({}, root), {
      server: 'https://[fd00::1]:443',
      authorization: /^Bearer of-the-pod/,
      ca: Buffer.from('CA'),
    })
  })
  t.test('is told where the cluster is', async t => {
    setEnvironment(t, { KUBERNETES_SERVICE_HOST: undefined, KUBERNETES_SERVICE_PORT: undefined })
    await t.rejects(read({}, root), { code: 'KUBE_CONFIG_INVALID', message: /KUBERNETES_SERVICE_HOST/ })
  })
  t.test('is none: then something has to be set', async t => {
    await t.rejects(read({}, t.testdir({})), {
      code: 'KUBE_CONFIG_INVALID',
      message: /neither KUBECONFIG nor KUBE_API_SERVER is set/,
    })
  })
})

async function withOptions(config: Awaited<ReturnType<typeof loadKubeConfig>>): Promise<RequestOptions> {
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  return options
}

/** The library reads the environment itself. */
function setEnvironment(t: Test, values: Readonly<Record<string, string | undefined>>): void {
  const before = Object.fromEntries(Object.keys(values).map(name => [name, process.env[name]]))
  t.teardown(() => change(before))
  change(values)
}

function change(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}
