import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createBmc, type Fetch } from '../../shared/bmc/client.ts'
import { systemClock } from '../../shared/clock.ts'
import { readConfig } from '../../shared/config.ts'
import { hasCode } from '../../shared/errors.ts'
import type { Kube, KubeRequest } from '../../shared/kubernetes/client.ts'
import { recordEvent } from '../../shared/kubernetes/events.ts'
import { getIPAddress } from '../../shared/kubernetes/ip-addresses.ts'
import { getNode } from '../../shared/kubernetes/nodes.ts'
import { getService, listServices, patchService } from '../../shared/kubernetes/services.ts'
import { silentLog } from '../../shared/log.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Every module that opens a connection, with what decides where to. Tenants' objects are nowhere among them. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  'functions/lambda-send.ts': 'the AWS client of the function that reconciles',
  'shared/bmc/transport.ts': 'PNAP_BASE_URL and PNAP_TOKEN_URL',
  'shared/doctor/tls-look.ts': 'the webhook configuration, for doctor alone',
  'shared/kubernetes/measure.ts':
    'shared/kubernetes/client.ts alone: the kubeconfig, KUBE_API_SERVER or the service account',
  'shared/secret-request.ts': 'AWS_ENDPOINT_URL or the region in the ARN of a secret',
}
const OPENS =
  /\bfetch\(|\brequest\(url|https?\.request\(|\bconnect\(|new LambdaClient|\bdgram\b|\bWebSocket\b/

t.test('every module that opens a connection is known', async t => {
  const found: string[] = []
  for (const folder of ['functions', 'shared'])
    for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
      const path = join(folder, name)
      if (!name.endsWith('.ts') || path.includes('/simulator/')) continue
      const text = (await readFile(join(ROOT, path), 'utf8')).replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, '')
      if (OPENS.test(text)) found.push(path)
    }
  t.strictSame(found.toSorted(), Object.keys(WAYS_OUT).toSorted())
})

t.test('no redirect is followed', async t => {
  for (const path of ['shared/bmc/transport.ts', 'shared/kubernetes/client.ts'])
    t.match(await readFile(join(ROOT, path), 'utf8'), /redirect: '(?:manual|error)'/, path)
  t.match(
    await readFile(join(ROOT, 'shared/secret-request.ts'), 'utf8'),
    /from 'node:http'/,
    'node:http follows none',
  )
})

/** Ids and names as somebody would send them who wants another path, host or query. */
const HOSTILE = [
  '..',
  '.',
  '',
  '../../../api/v1/secrets',
  '..%2f..%2fsecrets',
  'a/b',
  'a?b=c',
  'a#b',
  'a\\b',
  '//evil.example',
  '@evil.example',
  'evil.example:443/',
  'a\r\nHost: evil.example',
  '%2e%2e',
  ' ',
  '\u0000',
  'ſ/．．/',
  'x'.repeat(5000),
]

/** The path that a server would see: one segment more than the folder, or no request at all. */
function isInside(url: string, origin: string, folder: string): boolean {
  const { pathname, origin: host, hash } = new URL(url)
  const rest = pathname.slice(folder.length)
  return host === origin && hash === '' && pathname.startsWith(folder) && rest.split('/').length <= 2
}

t.test('an id in an answer of BMC, or in a tag, leads to no other path', async t => {
  const sent: string[] = []
  const fetch = (async (url: string) => {
    sent.push(url)
    return new Response(url.endsWith('/token') ? '{"access_token":"a","expires_in":900}' : '{}', {
      status: 200,
    })
  }) as unknown as Fetch
  const bmc = createBmc({
    baseUrl: 'https://bmc.example',
    tokenUrl: 'https://bmc.example/token',
    credentials: async () => ({ clientId: 'a', clientSecret: 'b' }),
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    fetch,
  })
  t.teardown(() => bmc.close())
  const calls: readonly [folder: string, call: (id: string) => Promise<unknown>][] = [
    ['/bmc/v1/servers/', id => bmc.getServer(id)],
    ['/ips/v1/ip-blocks/', id => bmc.getIpBlock(id)],
    ['/ips/v1/ip-blocks/', id => bmc.deleteIpBlock(id)],
    ['/ips/v1/ip-blocks/', id => bmc.putIpBlockTags(id, [{ name: 'a', value: id }])],
    ['/ips/v1/ip-blocks', id => bmc.listIpBlocks({ tags: [{ name: 'a', value: id }] })],
    ['/networks/v1/public-networks/', id => bmc.getPublicNetwork(id)],
  ]
  for (const id of HOSTILE)
    for (const [folder, call] of calls) {
      sent.length = 0
      await call(id).catch((error: unknown) => {
        if (!hasCode(error)) throw error
      })
      const others = sent.filter(url => !url.endsWith('/token'))
      t.ok(
        others.every(url => isInside(url, 'https://bmc.example', folder)),
        `${folder} ${JSON.stringify(id.slice(0, 40))}`,
      )
    }
})

const toMeta = (name: string) => ({ metadata: { name, namespace: 'default' } })

t.test('a name in a review, a batch or a claim leads to no other path', async t => {
  const sent: string[] = []
  const kube: Kube = {
    server: 'https://kube.example',
    request: async ({ path }: KubeRequest) => {
      sent.push(`https://kube.example${path}`)
      return { body: {} as never, date: 0 }
    },
    close: () => {},
    end: () => {},
  }
  const event = { type: 'Warning', reason: 'A', message: 'b', component: 'c' } as const
  const calls: readonly [folder: string, call: (name: string) => Promise<unknown>][] = [
    ['/api/v1/nodes/', name => getNode(kube, name)],
    ['/apis/networking.k8s.io/v1/ipaddresses/', name => getIPAddress(kube, name)],
    ['/api/v1/namespaces/default/services/', name => getService(kube, { namespace: 'default', name })],
    [
      '/api/v1/namespaces/default/services/',
      name => patchService(kube, toMeta(name), {}, { subresource: 'status' }),
    ],
    ['/api/v1/namespaces/', namespace => listServices(kube, () => true, { namespace })],
    [
      '/api/v1/namespaces/default/events',
      name =>
        recordEvent(
          kube,
          { apiVersion: 'v1', kind: 'Service', namespace: 'default', name, uid: 'u' },
          event,
          0,
        ),
    ],
    [
      '/api/v1/namespaces/',
      namespace =>
        recordEvent(
          kube,
          { apiVersion: 'v1', kind: 'Service', namespace, name: 'a', uid: 'u' },
          event,
          0,
        ).catch(() => {}),
    ],
  ]
  for (const [folder, call] of calls) {
    sent.length = 0
    await call('harmless').catch(() => {})
    t.ok(sent.length > 0, `${folder} is asked for what may have that name`)
  }
  for (const name of HOSTILE)
    for (const [folder, call] of calls) {
      sent.length = 0
      await call(name).catch(() => {})
      for (const url of sent)
        t.ok(
          isInside(url, 'https://kube.example', folder) ||
            /\/namespaces\/[^/]+\/events(\/[^/]+)?$/.test(new URL(url).pathname),
          `${folder} ${JSON.stringify(name.slice(0, 40))}: ${url.slice(0, 100)}`,
        )
    }
})

const take = (env: Record<string, string>) => () => readConfig({ env })

t.test('secrets go nowhere in plain text', async t => {
  for (const name of ['PNAP_BASE_URL', 'PNAP_TOKEN_URL', 'KUBE_API_SERVER']) {
    for (const url of ['https://a.example', 'http://127.0.0.1:8080', 'http://[::1]:1/x', 'http://localhost'])
      t.doesNotThrow(take({ [name]: url }), `${name} ${url}`)
    const refused = [
      'http://a.example',
      'http://10.0.0.5:8080',
      'http://127.0.0.1.evil.example',
      'http://localhost.evil.example',
      'http://127.0.0.1@evil.example',
      'http://0.0.0.0',
      'http://[::2]',
      'file:///etc/passwd',
      'gopher://a.example',
      'a.example',
    ]
    for (const url of refused)
      t.throws(take({ [name]: url }), { code: 'CCM_CONFIG_INVALID' }, `${name} ${url}`)
  }
  t.throws(take({ PNAP_METALLB_NAMESPACE: '../../api/v1/secrets' }), { code: 'CCM_CONFIG_INVALID' })
})
