import { rm, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { createKube } from '../../shared/kubernetes/client.ts'
import type { ClusterSettings } from '../../shared/kubernetes/credentials.ts'
import { openClusterAccess } from '../../shared/kubernetes/reload.ts'
import { silentLog } from '../../shared/log.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { type Answer, startApiServer } from './_api-server.ts'

const NODE = '/api/v1/nodes/a'

async function setUp(t: Test) {
  const valid = new Set(['one'])
  const guard: Answer = ({ headers }, response) => {
    const isValid = valid.has((headers.authorization ?? '').replace('Bearer ', ''))
    response.writeHead(isValid ? 200 : 401).end('{}')
  }
  const server = await startApiServer(t, guard)
  const path = `${t.testdir({})}/kubeconfig`
  const write = (token: string, at = server.url): Promise<void> =>
    writeFile(path, toKubeconfig(at, server.certificates.ca, token))
  await write('one')
  const lines: string[] = []
  const log = {
    ...silentLog,
    info: (_fields: object, message: string) => void lines.push(message),
    warn: (_fields: object, message: string) => void lines.push(message),
  }
  const clock = createTurnableClock()
  async function connect(readSettings: (refused: boolean) => Promise<ClusterSettings>) {
    const access = await openClusterAccess({ settings: await readSettings(false), readSettings, clock, log })
    const kube = createKube(access)
    t.teardown(() => kube.close())
    const ask = (method: 'GET' | 'POST' = 'GET') =>
      kube.request({ method, path: NODE, ...(method === 'POST' ? { body: {} } : {}) })
    return { ask }
  }
  const sent = (): unknown[] => server.received.map(({ headers }) => headers.authorization)
  return { valid, server, path, write, lines, clock, connect, sent }
}

const toKubeconfig = (server: string, ca: string, token: string): string =>
  JSON.stringify({
    clusters: [
      {
        name: 'c',
        cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })

const CHANGED = 'cluster credentials changed, taken into use'
const UNUSABLE = 'changed cluster credentials cannot be used, the old ones stay in use'

t.test('a token that was replaced in a kubeconfig is used within 30 s, on the same sockets', async t => {
  const { valid, server, path, write, lines, clock, connect, sent } = await setUp(t)
  const { ask } = await connect(async () => ({ kubeconfig: path }))
  await ask()
  await write('two')
  valid.add('two')
  await clock.turn(29_999)
  await ask()
  await clock.turn(1)
  await Promise.all([ask(), ask()])
  t.strictSame(sent(), ['Bearer one', 'Bearer one', 'Bearer two', 'Bearer two'])
  t.ok(server.received.every(({ connection }) => connection <= 2))
  t.equal(server.received[2]?.connection, 1)
  t.strictSame(lines, [CHANGED])
})

t.test('a token from a file of its own is read again as well', async t => {
  const { valid, server, clock, connect, sent } = await setUp(t)
  let token = 'one'
  const settings = { apiServer: server.url, caData: server.certificates.ca }
  const { ask } = await connect(async () => ({ ...settings, token }))
  await ask()
  token = 'two'
  valid.add('two')
  await clock.turn(30_000)
  await ask()
  t.strictSame(sent(), ['Bearer one', 'Bearer two'])
})

for (const method of ['GET', 'POST'] as const)
  t.test(`a ${method} that is refused is sent again with credentials that are newer`, async t => {
    const { valid, path, write, connect, sent } = await setUp(t)
    const asked: boolean[] = []
    const { ask } = await connect(async refused => {
      asked.push(refused)
      return { kubeconfig: path }
    })
    await ask(method)
    valid.clear()
    await t.rejects(ask(method), { code: 'KUBE_CREDENTIALS_INVALID' })
    t.equal(sent().length, 2, 'not with the same ones')
    await write('two')
    valid.add('two')
    await ask(method)
    t.strictSame(sent().slice(2), ['Bearer one', 'Bearer two'])
    t.strictSame(asked, [false, true, true], 'settings are told of the refusal')
  })

t.test('what cannot be used leaves the old ones, and is told once', async t => {
  const { path, write, lines, clock, connect } = await setUp(t)
  let problem: Error | undefined
  const { ask } = await connect(async () => {
    if (problem) throw problem
    return { kubeconfig: path }
  })
  for (const spoil of [() => writeFile(path, '{"clusters": ['), () => rm(path)]) {
    await spoil()
    await clock.turn(30_000)
    await ask()
  }
  t.strictSame(lines, [UNUSABLE])
  await write('one')
  await clock.turn(30_000)
  await ask()
  problem = new Error('the settings cannot be read')
  await clock.turn(30_000)
  await ask()
  t.strictSame(lines, [UNUSABLE, UNUSABLE], 'and again after it was well meanwhile')
})

t.test('a running process does not follow to another cluster', async t => {
  const { path, write, lines, clock, connect } = await setUp(t)
  const { ask } = await connect(async () => ({ kubeconfig: path }))
  await write('one', 'https://other.test')
  await clock.turn(30_000)
  await ask()
  t.strictSame(lines, [UNUSABLE])
})

t.test('credentials that cannot be read at the start are an error', async t => {
  const { clock } = await setUp(t)
  const settings = { kubeconfig: `${t.testdir({})}/none` }
  const opened = openClusterAccess({ settings, readSettings: async () => settings, clock, log: silentLog })
  await t.rejects(opened, { code: 'KUBE_CONFIG_INVALID' })
})
