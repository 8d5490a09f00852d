import { inspect } from 'node:util'
import t from 'tap'
import { stringify } from 'yaml'
import { createKube, type Fetch } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'

const toConfig = (user: object, cluster: object = {}): string =>
  stringify({
    clusters: [{ name: 'main', cluster: { server: 'https://cluster.test', ...cluster } }],
    users: [{ name: 'main', user }],
    contexts: [{ name: 'main', context: { cluster: 'main', user: 'main' } }],
    'current-context': 'main',
  })

const toPlugin = (script: string): object => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] },
})

/** What a request answers, or the loading before it. */
async function fail(config: string, answer = '{}'): Promise<unknown> {
  const kubeconfig = `${t.testdir({ config })}/config`
  const fetch = (async () => new Response(answer)) as unknown as Fetch
  const work = async () => {
    const kube = createKube({ config: await loadKubeConfig({ kubeconfig }), fetch })
    return kube.request({ path: '/api/v1/nodes/node-a' })
  }
  return work().then(
    () => t.fail('it did not fail'),
    (thrown: unknown) => thrown,
  )
}

const UNREADABLE: Readonly<Record<string, [user: object, why: RegExp]>> = {
  'a plugin prints a token alone': [
    toPlugin('echo planted-0123456789'),
    /read: what the plugin prints is no JSON$/,
  ],
  'a plugin prints no ExecCredential': [toPlugin('echo \'{"planted": "x"}\''), /read: the plugin failed/],
  'a plugin fails': [
    toPlugin('echo planted >&2; exit 3'),
    /read: the plugin failed \(Error\): run it by hand/,
  ],
  'a plugin is not there': [{ exec: { command: '/planted/plugin' } }, /read: the plugin failed \(ENOENT\)/],
  'a variable of a plugin cannot be set': [
    { exec: { command: 'sh', env: [{ name: 'A', value: 'planted\u0000' }] } },
    /read: the plugin failed \(ERR_INVALID_ARG_VALUE\)/,
  ],
  'a plugin of the older form fails': [
    {
      'auth-provider': {
        name: 'exec',
        config: { exec: { command: 'sh', args: ['-c', 'echo planted; exit 0'] } },
      },
    },
    /read: what the plugin prints is no JSON$/,
  ],
  'a token stands in the place of its file': [{ tokenFile: 'planted' }, /read: the token file \(ENOENT\)$/],
  'a key stands in the place of its file': [
    { 'client-key': 'planted' },
    /read: a file of its user or cluster \(ENOENT\)$/,
  ],
  'a plugin answers a key that is no text': [
    toPlugin('echo \'{"status": {"clientCertificateData": "x", "clientKeyData": 7012345}}\''),
    /read: its key is no text$/,
  ],
}
for (const [what, [user, why]] of Object.entries(UNREADABLE))
  t.test(`credentials are told nobody where ${what}`, async t => {
    const error = await fail(toConfig(user))
    t.match(error, { code: 'KUBE_CREDENTIALS_INVALID', message: why })
    t.notMatch(inspect(error, { depth: 9 }).replaceAll(/^ +at .*$/gm, ''), /plant|7012345/)
  })

const UNUSABLE: Readonly<Record<string, [config: string, why: RegExp]>> = {
  'an alias names no anchor': [
    toConfig({ token: 'X' }).replace('X', '*planted'),
    /config cannot be used: it is no YAML \(line 8, column 15\)$/,
  ],
  'a tag is not known': [
    toConfig({ token: 'X' }).replace('X', '!planted x'),
    /config cannot be used: it is no YAML \(line 8, column \d+\)$/,
  ],
  'a token file is no text': [
    toConfig({ tokenFile: 7012345 }),
    /config cannot be used: a value in it is of a wrong type$/,
  ],
  'a certificate stands in the place of its file': [
    toConfig({ exec: { command: 'sh', provideClusterInfo: true } }, { 'certificate-authority': 'planted' }),
    /config cannot be used: ENOENT$/,
  ],
  'a server has a query': [
    toConfig({}, { server: 'https://cluster.test/?token=planted' }),
    /cluster main is a URL with user, password, query or fragment; expected one without/,
  ],
  'a server has a fragment': [
    toConfig({}, { server: 'https://cluster.test#planted' }),
    /is a URL with user, password, query or fragment/,
  ],
  'a server with a query is no URL': [
    toConfig({}, { server: 'https://cluster.test:port?planted' }),
    /is a URL with user, password, query or fragment/,
  ],
  'a user has a command of auth-provider gcp': [
    toConfig({
      'auth-provider': {
        name: 'gcp',
        config: { 'access-token': 'planted', expiry: '2001-01-01', 'cmd-path': 'sh', 'cmd-args': 'planted' },
      },
    }),
    /user main has the auth-provider gcp, which kubectl no longer knows either; expected exec$/,
  ],
  'a user has a command of auth-provider azure': [
    toConfig({ 'auth-provider': { name: 'azure', config: { 'cmd-path': 'planted' } } }),
    /user main has the auth-provider azure/,
  ],
}
for (const [what, [config, why]] of Object.entries(UNUSABLE))
  t.test(`what a kubeconfig holds is told nobody where ${what}`, async t => {
    const error = await fail(config)
    t.match(error, { code: 'KUBE_CONFIG_INVALID', message: why })
    t.notMatch(inspect(error, { depth: 9 }).replaceAll(/^ +at .*$/gm, ''), /plant|7012345/)
  })

t.test('what the parsers warn of is told nobody', async t => {
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(String(warning))
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const kubeconfig = `${t.testdir({ config: `%PLANTED planted\n---\n${toConfig({ tokenFile: 'token' })}` })}/config`
  await loadKubeConfig({ kubeconfig })
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(warnings, [])
})

t.test('a kubeconfig in the place of its path is told nobody', async t => {
  const text = JSON.stringify({ users: [{ name: 'main', user: { token: 'planted' } }] })
  for (const kubeconfig of [
    text,
    toConfig({ token: 'planted' }),
    Buffer.from(text.repeat(9)).toString('base64'),
  ]) {
    const error = await loadKubeConfig({ kubeconfig }).catch((thrown: unknown) => thrown)
    t.match(error, {
      code: 'KUBE_CONFIG_INVALID',
      message:
        'cluster credentials from KUBECONFIG cannot be used: it holds a kubeconfig instead of the path of one',
    })
    t.notMatch(inspect(error, { depth: 9 }), /planted|cGxhbnRlZ/)
  }
})

t.test('an answer that is no JSON is told nobody: it may hold a Secret', async t => {
  const error = await fail(toConfig({}), '{"data": planted')
  t.match(error, { code: 'KUBE_SERVER_ERROR', message: /the answer is no JSON$/ })
  t.notMatch(inspect(error, { depth: 9 }), /plant/)
})
