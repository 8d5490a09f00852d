import t from 'tap'
import { readConfig } from '../shared/config.ts'

const BOUNDS: readonly [Record<string, string>, string | undefined][] = [
  [
    { PNAP_WEBHOOK_TOKEN: 'a token with spaces' },
    'PNAP_WEBHOOK_TOKEN: expected ASCII letters, digits and signs, without spaces',
  ],
  [
    { PNAP_WEBHOOK_TOKEN: 'ein-schlüssel-mit-umlaut' },
    'PNAP_WEBHOOK_TOKEN: expected ASCII letters, digits and signs, without spaces',
  ],
  [{ PNAP_RESYNC_INTERVAL: '24h' }, undefined],
  [
    { KUBE_API_SERVER: 'https://cluster.test/?token=planted' },
    'KUBE_API_SERVER: expected a URL without query and fragment',
  ],
  [
    { KUBE_API_SERVER: 'https://cluster.test#planted' },
    'KUBE_API_SERVER: expected a URL without query and fragment',
  ],
  [{ PNAP_RESYNC_INTERVAL: '24h1s' }, 'PNAP_RESYNC_INTERVAL: expected a duration from 5s to 24h'],
  [{ PNAP_RESYNC_INTERVAL: '4s' }, 'PNAP_RESYNC_INTERVAL: expected a duration from 5s to 24h'],
  [{ PNAP_BLOCK_GRACE: '8760h' }, undefined],
  [{ PNAP_IP_BLOCK_SIZE: '/30' }, undefined],
  // It leaves no address to a Service.
  [{ PNAP_IP_BLOCK_SIZE: '/31' }, 'PNAP_IP_BLOCK_SIZE: expected one of auto, /30, /29, /28'],
  [{ PNAP_RESERVED_ADDRESSES: '203.0.113.4, 203.0.113.6-203.0.113.9,2001:db8::/64' }, undefined],
  [
    { PNAP_RESERVED_ADDRESSES: '203.0.113.4,203.0.113.300' },
    'PNAP_RESERVED_ADDRESSES: expected addresses, ranges such as 203.0.113.4-203.0.113.6, or blocks in canonical form',
  ],
  [{ PNAP_WEBHOOK_SERVICE: 'kube-system/ccm' }, undefined],
  [{ PNAP_WEBHOOK_SERVICE: 'kube-system/ccm:8443' }, undefined],
  ...['ccm', 'a/b/c', 'a/b:0', 'a/b:65536', 'A/b', 'a/b.c', 'a/-b'].map(
    (name): [Record<string, string>, string] => [
      { PNAP_WEBHOOK_SERVICE: name },
      'PNAP_WEBHOOK_SERVICE: expected NAMESPACE/NAME or NAMESPACE/NAME:PORT of a Service',
    ],
  ),
  [{ PNAP_WEBHOOK_URL: 'https://10.0.0.5:8443' }, undefined],
  [
    { PNAP_WEBHOOK_URL: 'http://10.0.0.5:8443' },
    'PNAP_WEBHOOK_URL: an API server calls webhooks by https only',
  ],
  [
    { PNAP_WEBHOOK_URL: 'https://ccm', PNAP_WEBHOOK_SERVICE: 'a/b' },
    'PNAP_WEBHOOK_SERVICE and PNAP_WEBHOOK_URL exclude each other',
  ],
  [{ PNAP_SERVING_SECRET: 'kube-system/ccm.serving', PNAP_WEBHOOK_URL: 'https://ccm' }, undefined],
  [{ PNAP_SERVING_SECRET: 'a/b', PNAP_TLS_CERT: 'tls.crt', PNAP_TLS_KEY: 'tls.key' }, undefined],
  [
    { PNAP_SERVING_SECRET: 'ccm', PNAP_WEBHOOK_SERVICE: 'a/b' },
    'PNAP_SERVING_SECRET: expected NAMESPACE/NAME such as kube-system/name',
  ],
  [
    { PNAP_SERVING_SECRET: 'a/b' },
    'PNAP_SERVING_SECRET needs PNAP_WEBHOOK_SERVICE or PNAP_WEBHOOK_URL (the certificate is made for its name), or PNAP_TLS_CERT and PNAP_TLS_KEY',
  ],
  [{ PNAP_SHUTDOWN_GRACE: '8761h' }, 'PNAP_SHUTDOWN_GRACE: expected a duration from 0s to 8760h'],
]
for (const [env, problem] of BOUNDS)
  t.test(`${JSON.stringify(env)} is ${problem === undefined ? 'taken' : 'refused'}`, async t => {
    if (problem === undefined) t.doesNotThrow(() => readConfig({ env }))
    else t.throws(() => readConfig({ env }), { code: 'CCM_CONFIG_INVALID', fields: { problems: [problem] } })
  })

const read = (flags: Record<string, string>) => readConfig({ flags, env: {} }).config

t.test('a Service is called at port 443 unless it says otherwise, and nothing given is nothing', async t => {
  t.match(read({ 'webhook-service': 'a/b' }), { webhookService: { namespace: 'a', name: 'b', port: 443 } })
  t.match(read({ 'webhook-service': 'a/b:8443' }), { webhookService: { port: 8443 } })
  t.match(read({ 'webhook-url': 'https://ccm:8443/' }), { webhookUrl: 'https://ccm:8443' })
  const off = read({ 'webhook-service': '', 'webhook-url': '', 'serving-secret': '' })
  t.same([off.webhookService, off.webhookUrl, off.servingSecret], [undefined, undefined, undefined])
})
