import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { runCli } from '../../functions/cli.ts'
import { COMMANDS } from '../../functions/commands.ts'
import { toAllExits } from '../../functions/terminal/help.ts'
import { systemClock } from '../../shared/clock.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { startKubernetesSimulator } from '../../shared/simulator/kubernetes/server.ts'
import { processInputs } from '../../shared/sources.ts'

/** What test/simulator/demo/main.test.ts shows: a story that comes out wrong. */
const HELD_ELSEWHERE = ['demo 1']
/** Fields that a report has in some cases only. */
const OPTIONAL = ['cost', 'licences', 'commit', 'carriedOut']
const UID = '3f0c9a52-7d1e-4b7a-9c55-0e6a1d2b3c4d'
const NOBODY = 'http://127.0.0.1:1'

t.setTimeout(120_000)

const folder = await mkdtemp(join(tmpdir(), 'exit-codes-'))
const bmc = await startBmcSimulator()
const kubernetes = await startKubernetesSimulator()
const taken = createServer().listen(0, '127.0.0.1')
const { cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
t.teardown(async () => {
  taken.close()
  await Promise.all([bmc.close(), kubernetes.close()])
})

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

const network = bmc.backend.addPublicNetwork()
const KUBECONFIG = await write('kubeconfig', kubernetes.kubeconfig())
const RIGHT = {
  PNAP_CLIENT_ID: 'sim-client',
  PNAP_CLIENT_SECRET: 'sim-secret',
  PNAP_BASE_URL: bmc.url,
  PNAP_WEBHOOK_TOKEN: 'webhook-token-of-a-test',
  PNAP_LOG_LEVEL: 'error',
  KUBECONFIG,
}
const BALANCED = { ...RIGHT, PNAP_LOAD_BALANCER: `kube-vip://${network.id}` }
const SERVING = {
  ...RIGHT,
  PNAP_TLS_CERT: await write('tls.crt', cert),
  PNAP_TLS_KEY: await write('tls.key', key),
}
const NO_CLOUD = { ...RIGHT, PNAP_BASE_URL: NOBODY }
const NO_CLUSTER = {
  ...RIGHT,
  KUBECONFIG: await write('nobody', kubernetes.kubeconfig().replaceAll(kubernetes.url, NOBODY)),
}

const SECRET_AWAY = {
  ...SERVING,
  PNAP_CLIENT_SECRET: '',
  PNAP_CLIENT_SECRET_FILE: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:pnap-AbCdEf',
  AWS_ENDPOINT_URL_SECRETS_MANAGER: NOBODY,
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret-key',
}

type Environment = Readonly<Record<string, string>>
const address = taken.address()
const PORT = String(typeof address === 'object' ? address?.port : 0)

const addNode = () => {
  bmc.backend.addServer({ hostname: 'node-a' })
  const taints = [
    { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' },
  ]
  kubernetes.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' }, spec: { taints } })
}
const leaveBlock = () => {
  const tags = Object.entries({ usage: 'cloud-provider-phoenixnap-auto', cluster: UID })
  bmc.backend.addIpBlock({ tags: tags.map(([name, value]) => ({ name, value })) })
}

/** In this order: each goes on with what those before it left. */
const STORY: readonly (readonly [line: string, code: number, env?: Environment, before?: () => void])[] = [
  ['version', 0],
  ['version --output json', 0],
  ['version --bogus', 2],
  ['completion fish', 0],
  ['completion', 2],
  ['simulate --port 0 --output json', 0],
  [`simulate --port ${PORT}`, 1],
  ['simulate --port far', 2],
  ['demo', 0],
  ['demo --bogus', 2],
  ['serve --listen 127.0.0.1:0', 0, SERVING],
  ['serve', 1, SECRET_AWAY],
  [`serve --listen 127.0.0.1:${PORT}`, 2, SERVING],
  ['serve', 2],
  ['resync --dry-run --output json', 2, BALANCED, addNode],
  ['status --output json', 2, RIGHT],
  ['resync', 0, RIGHT],
  ['resync --dry-run', 0, RIGHT],
  ['resync', 1, NO_CLOUD],
  ['resync --bogus', 2, RIGHT],
  ['status', 0, RIGHT],
  ['status', 1, NO_CLUSTER],
  ['register --url https://ccm.example.com --output json', 0, RIGHT],
  ['register --url https://ccm.example.com', 1, NO_CLUSTER],
  ['register', 2],
  ['doctor --output json', 0, RIGHT],
  ['doctor', 1, NO_CLUSTER],
  ['doctor --timeout soon', 2, RIGHT],
  ['migrate --output json', 0, BALANCED],
  ['migrate', 1, NO_CLUSTER],
  ['migrate --confirm', 2, RIGHT],
  [`cleanup --cluster ${UID}`, 0, RIGHT],
  [`cleanup --cluster ${UID} --output json`, 2, RIGHT, leaveBlock],
  [`cleanup --cluster ${UID}`, 1, NO_CLOUD],
  ['cleanup', 2, RIGHT],
  ['unregister --output json', 2, RIGHT],
  ['unregister', 1, NO_CLUSTER],
  ['unregister --confirm', 0, RIGHT],
  ['unregister --timeout soon', 2, RIGHT],
]

async function run(line: string, env: Environment) {
  let [out, err] = ['', '']
  // Those that go on until they are told to end are told so at once.
  const isEndless = /^(?:serve|simulate|demo)/.test(line)
  const code = await runCli(line.split(' '), {
    ...processInputs,
    env,
    out: text => void (out += text),
    err: text => void (err += text),
    clock: systemClock,
    stop: isEndless ? AbortSignal.abort('test') : new AbortController().signal,
  })
  return { code, out, err }
}

/** The last line of an error; where the command came to a report, what stands there behind an arrow or at its end. */
function toHint({ out, err }: { readonly out: string; readonly err: string }): string | undefined {
  const told = err.split('\n').filter(line => line !== '' && !line.startsWith('{'))
  const [, arrow] = /→ (.*)/.exec(out) ?? []
  return told.at(-1) ?? arrow ?? out.trimEnd().split('\n').at(-1)
}

const seen = new Set(HELD_ELSEWHERE)
const fields = new Map<string, ReadonlySet<string>>()
t.test('each line of the story ends as it should, and says what to do where it does not', async t => {
  for (const [line, code, env = {}, before] of STORY) {
    before?.()
    const [command = ''] = line.split(' ')
    const ran = await run(line, env)
    t.equal(ran.code, code, `${line}: ${ran.err || ran.out.slice(0, 600)}`)
    seen.add(`${command} ${code}`)
    if (code !== 0 && !line.includes('json'))
      t.match(toHint(ran), /^[A-Z].*[.)]$/, `${line}: says what to do`)
    if (line.includes('--output json'))
      fields.set(command, new Set(Object.keys(JSON.parse(ran.out || '{}') as object)))
  }
})

t.test('every exit code that a command says it has was seen, and no other', async t => {
  const documented = COMMANDS.flatMap(({ name, exits }) =>
    Object.keys(toAllExits(exits)).map(code => `${name} ${code}`),
  )
  t.strictSame([...seen].toSorted(), documented.toSorted())
})

t.test('every field of a JSON report is documented, and every documented one is there', async t => {
  for (const { name, json } of COMMANDS) {
    const documented = json?.map(([field]) => field)
    const found = fields.get(name)
    const optional = OPTIONAL.filter(field => documented?.includes(field))
    t.strictSame(found && [...new Set([...found, ...optional])].toSorted(), documented?.toSorted(), name)
  }
})
