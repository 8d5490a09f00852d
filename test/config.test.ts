import t from 'tap'
import {
  type Config,
  readConfig,
  SETTINGS,
  type SettingName,
  type Sources,
  toFileFlag,
  toFlag,
} from '../shared/config.ts'
import type { Setting } from '../shared/settings.ts'
import { readSources, type SourceInputs } from '../shared/sources.ts'

/** What it takes to serve; each is also where its problem is to be named. */
const SERVED = ['clientID', 'clientSecret', 'webhookToken', 'tlsCert', 'tlsKey'] as const
const NAMES = Object.keys(SETTINGS) as SettingName[]

/** upstream's deploy/template/secret.yaml, as it is mounted: with the comma that JSON does not allow. */
const UPSTREAM_SECRET = `{
    "clientID": "client-1",
    "clientSecret": "secret-1",
    "location": "PHX",
    "loadbalancer": "kube-vip:///network-1",
    "apiServerPort": 6443,
}
`

const read = async (inputs: SourceInputs, required: readonly SettingName[] = []) =>
  readConfig(await readSources({ env: {}, readFile: noFiles, ...inputs }), required)

const noFiles = () => Promise.reject(Object.assign(new Error('secret-path'), { code: 'ENOENT' }))
const files =
  (texts: Record<string, string>) =>
  async (path: string): Promise<string> =>
    texts[path] ?? noFiles()

t.test('default deployment', async t => {
  const { config, notices } = await read(
    {
      flags: { 'cloud-config': '/etc/cloud-sa/cloud-sa.json', 'tls-cert': 'tls.crt', 'tls-key': 'tls.key' },
      env: { PNAP_WEBHOOK_TOKEN_FILE: '/etc/webhook/token', PNAP_LOCATION: '', PATH: '/bin' },
      readFile: files({
        '/etc/cloud-sa/cloud-sa.json': UPSTREAM_SECRET,
        '/etc/webhook/token': 'sixteen-characters\n',
      }),
    },
    SERVED,
  )
  t.match(config, {
    clientID: 'client-1',
    clientSecret: 'secret-1',
    location: 'PHX',
    loadBalancer: { announcer: 'kube-vip', publicNetworkId: 'network-1' },
    webhookToken: 'sixteen-characters',
    listen: { host: '0.0.0.0', port: 8443 },
    baseUrl: 'https://api.phoenixnap.com',
    tokenUrl: 'https://auth.phoenixnap.com/auth/realms/BMC/protocol/openid-connect/token',
    resyncInterval: 60_000,
    nodeDeleteGrace: 60_000,
    nodeDeleteMaxShare: 0.2,
    providerIDFormat: 'phoenixnap',
    ipAllocation: 'packed',
    ipBlockSize: 'auto',
    releaseQuarantine: 600_000,
    typeChangeQuarantine: 86_400_000,
    annotationIPLocation: 'phoenixnap.com/ip-location',
    metallbNamespace: 'metallb-system',
  } satisfies Partial<Config>)
  t.strictSame(notices, ['apiServerPort in the secret file is accepted for compatibility and has no effect'])
})

const PLACES: readonly [name: string, sources: Sources, location: string | undefined][] = [
  ['nothing', {}, undefined],
  ['file', { file: { location: 'FILE' } }, 'FILE'],
  ['environment over file', { env: { PNAP_LOCATION: 'ENV' }, file: { location: 'FILE' } }, 'ENV'],
  [
    'flag over all',
    { flags: { location: 'FLAG' }, env: { PNAP_LOCATION: 'ENV' }, file: { location: 'FILE' } },
    'FLAG',
  ],
  ['an empty variable is none', { env: { PNAP_LOCATION: '' }, file: { location: 'FILE' } }, 'FILE'],
  ['an empty field is none', { file: { location: '' } }, undefined],
  ['spaces around it', { env: { PNAP_LOCATION: ' ENV\n' } }, 'ENV'],
]
for (const [name, sources, location] of PLACES) {
  t.test(`order of places: ${name}`, async t => t.equal(readConfig(sources).config.location, location))
}

const SECRETS: readonly [name: string, inputs: SourceInputs, token: string][] = [
  ['variable', { env: { PNAP_WEBHOOK_TOKEN: 'token-of-variable' } }, 'token-of-variable'],
  ['file of a variable', { env: { PNAP_WEBHOOK_TOKEN_FILE: 'a' } }, 'token-of-file-a-1'],
  ['file of a flag', { flags: { 'webhook-token-file': 'b' } }, 'token-of-file-b-1'],
  [
    'flag over file of a variable',
    { flags: { 'webhook-token-file': 'b' }, env: { PNAP_WEBHOOK_TOKEN_FILE: 'a' } },
    'token-of-file-b-1',
  ],
  [
    'flag over variable',
    { flags: { 'webhook-token-file': 'b' }, env: { PNAP_WEBHOOK_TOKEN: 'token-of-variable' } },
    'token-of-file-b-1',
  ],
  [
    'variable over secret file',
    { env: { PNAP_WEBHOOK_TOKEN: 'token-of-variable', PNAP_CLOUD_CONFIG: 'c' } },
    'token-of-variable',
  ],
  ['secret file', { env: { PNAP_CLOUD_CONFIG: 'c' } }, 'token-of-file-c-1'],
  [
    'secret file of a flag',
    { flags: { 'cloud-config': 'c' }, env: { PNAP_CLOUD_CONFIG: 'missing' } },
    'token-of-file-c-1',
  ],
]
for (const [name, inputs, token] of SECRETS) {
  t.test(`a secret from its ${name}`, async t => {
    const readFile = files({
      a: 'token-of-file-a-1\n',
      b: '  token-of-file-b-1\r\n',
      c: 'webhookToken: token-of-file-c-1',
    })
    t.equal((await read({ ...inputs, readFile })).config.webhookToken, token)
  })
}

const SECRET_FILES: readonly [name: string, text: string, fields: Record<string, unknown>][] = [
  ['JSON', '{"clientID":"a","apiServerPort":6443}', { clientID: 'a', apiServerPort: '6443' }],
  ['JSON with a trailing comma', UPSTREAM_SECRET, { clientID: 'client-1' }],
  ['YAML', 'clientID: a\nclientSecret: "b: c"\n', { clientID: 'a', clientSecret: 'b: c' }],
  [
    'digits that are no number',
    'clientID: 0123\nclientSecret: 1e5',
    { clientID: '0123', clientSecret: '1e5' },
  ],
  ['null', '{"location":null,"clientID":"a"}', { clientID: 'a' }],
]
for (const [name, text, fields] of SECRET_FILES) {
  t.test(`a secret file: ${name}`, async t => {
    const { file, problems } = await readSources({
      env: { PNAP_CLOUD_CONFIG: 'c' },
      readFile: files({ c: text }),
    })
    t.match(file, fields)
    t.notOk(Object.hasOwn(file ?? {}, 'location') && name === 'null')
    t.strictSame(problems, [])
  })
}

const BAD_FILES: readonly [name: string, text: string | undefined, problem: string][] = [
  ['missing', undefined, 'PNAP_CLOUD_CONFIG: the file cannot be read (ENOENT)'],
  ['empty', ' \n', 'PNAP_CLOUD_CONFIG: the file is empty'],
  ['a word', 'hunter22', 'PNAP_CLOUD_CONFIG: the file holds no fields such as clientID'],
  ['a list', '- hunter22', 'PNAP_CLOUD_CONFIG: the file holds no fields such as clientID'],
  [
    'broken',
    'a: b\n"clientSecret": "hunter22',
    'PNAP_CLOUD_CONFIG: the file is neither JSON nor YAML (line 2)',
  ],
]
for (const [name, text, problem] of BAD_FILES) {
  t.test(`a secret file that is ${name}`, async t => {
    const readFile = text === undefined ? noFiles : files({ c: text })
    const { problems } = await readSources({ env: { PNAP_CLOUD_CONFIG: 'c' }, readFile })
    t.strictSame(problems, [problem])
  })
}

t.test('every problem is told at once, and no value', async t => {
  const error = await failure({
    flags: { listen: 'hunter22', 'client-id-file': 'hunter22' },
    env: {
      PNAP_RESYNC_INTERVAL: 'hunter22',
      PNAP_NODE_DELETE_MAX_SHARE: '20%',
      PNAP_WEBHOOK_TOKEN: 'hunter22',
      PNAP_WEBHOOK_TOKEN_PREVIOUS: 'hunter22',
      PNAP_WEBHOOK_TOKEN_PREVIOUS_FILE: 'hunter22',
      PNAP_CLOUD_CONFIG: 'c',
    },
    readFile: files({
      c: '{"loadbalancer":"hunter22","clientSecret":{"value":"hunter22"},"location":["PHX"]}',
    }),
    problems: ['--colour is no flag of serve'],
  })
  const problems = error.fields.problems
  t.strictSame(problems.toSorted(), [
    '--client-id-file: the file cannot be read (ENOENT)',
    '--colour is no flag of serve',
    '--listen: expected host:port such as 0.0.0.0:8443',
    'PNAP_CLIENT_ID is missing (give PNAP_CLIENT_ID or --client-id-file or clientID in the secret file)',
    'PNAP_NODE_DELETE_MAX_SHARE: expected a number from 0 to 1',
    'PNAP_RESYNC_INTERVAL: expected a duration such as 90s, 10m or 1h',
    'PNAP_TLS_CERT is missing (give PNAP_TLS_CERT or --tls-cert)',
    'PNAP_TLS_KEY is missing (give PNAP_TLS_KEY or --tls-key)',
    'PNAP_WEBHOOK_TOKEN: expected at least 16 characters',
    'PNAP_WEBHOOK_TOKEN_PREVIOUS and PNAP_WEBHOOK_TOKEN_PREVIOUS_FILE exclude each other',
    'PNAP_WEBHOOK_TOKEN_PREVIOUS: expected at least 16 characters',
    'clientSecret in the secret file: expected a text or a number',
    'loadbalancer in the secret file: expected <announcer>://<public network id> with one of kube-vip, metallb, cilium, purelb, direct',
    'location in the secret file: expected a text or a number',
  ])
  t.equal(error.code, 'CCM_CONFIG_INVALID')
  t.ok(problems.every(problem => error.message.includes(problem)))
  t.notOk(JSON.stringify([error.message, error.fields]).includes('hunter22'))
})

async function failure(
  inputs: SourceInputs,
): Promise<{ code: string; message: string; fields: { problems: string[] } }> {
  try {
    await read(inputs, SERVED)
  } catch (error) {
    return error as Awaited<ReturnType<typeof failure>>
  }
  throw new Error('the configuration was read')
}

t.test('pairs are given together', async t => {
  for (const [one, other] of [
    ['PNAP_TLS_CERT', 'PNAP_TLS_KEY'],
    ['PNAP_CLIENT_SECRET', 'PNAP_CLIENT_ID'],
  ] as const) {
    t.throws(() => readConfig({ env: { [one]: 'x' } }), {
      code: 'CCM_CONFIG_INVALID',
      message: /must be given together/,
    })
    t.doesNotThrow(() => readConfig({ env: { [one]: 'x', [other]: 'y' } }))
  }
})

t.test('the token endpoint follows a base URL of one’s own', async t => {
  const env = { PNAP_BASE_URL: 'http://127.0.0.1:8080/' }
  t.match(readConfig({ env }).config, {
    baseUrl: 'http://127.0.0.1:8080',
    tokenUrl: 'http://127.0.0.1:8080/auth/realms/BMC/protocol/openid-connect/token',
  })
  const tokenUrl = 'https://auth.test/token'
  t.equal(readConfig({ env: { ...env, PNAP_TOKEN_URL: tokenUrl } }).config.tokenUrl, tokenUrl)
})

t.test('what has no effect is told by its name', async t => {
  const env = {
    PNAP_CLIENT_SECRT: 'hunter22',
    PNAP_API_SERVER_PORT: '6443',
    PNAP_CLOUD_CONFIG: 'c',
    PNAP_WEBHOOK_TOKEN_FILE: 'd',
  }
  const { notices } = readConfig({ env, file: { clientid: 'hunter22' } })
  t.strictSame(notices, [
    'PNAP_CLIENT_SECRT is no setting and has no effect',
    'clientid in the secret file is no setting and has no effect',
    'PNAP_API_SERVER_PORT is accepted for compatibility and has no effect',
  ])
})

t.test('the table: names are distinct, defaults can be read, secrets are no flags', async t => {
  const rows: readonly Setting<unknown>[] = NAMES.map(name => SETTINGS[name])
  for (const key of ['env', 'field'] as const) {
    const given = rows.map(row => row[key]).filter(value => value !== undefined)
    t.equal(new Set(given).size, given.length, key)
  }
  for (const name of NAMES) {
    const { secret, fallback, parse, doc }: Setting<unknown> = SETTINGS[name]
    t.equal(toFlag(name) === undefined, secret === true, name)
    t.equal(toFileFlag(name) !== undefined, secret === true, name)
    if (fallback !== undefined) t.doesNotThrow(() => parse(fallback), name)
    t.match(doc, /^[A-Z].*\.$/s, `${name} is told in a sentence`)
  }
})

t.test('names that other programs and deployments rely on', async t => {
  t.match(
    Object.fromEntries(NAMES.map(name => [SETTINGS[name].env, (SETTINGS[name] as Setting<unknown>).field])),
    {
      PNAP_CLIENT_ID: 'clientID',
      PNAP_CLIENT_SECRET: 'clientSecret',
      PNAP_LOCATION: 'location',
      PNAP_LOAD_BALANCER: 'loadbalancer',
      PNAP_ANNOTATION_IP_LOCATION: 'annotationIPLocation',
      PNAP_API_SERVER_PORT: 'apiServerPort',
      PNAP_SERVICE_NODE_SELECTOR: 'serviceNodeSelector',
      PNAP_BASE_URL: 'base-url',
      PNAP_TOKEN_URL: 'tokenUrl',
      PNAP_WEBHOOK_TOKEN: 'webhookToken',
    },
  )
  for (const flag of ['listen', 'tls-cert', 'tls-key', 'tls-client-ca', 'resync-interval']) {
    t.ok(
      NAMES.some(name => toFlag(name) === flag),
      flag,
    )
  }
})
