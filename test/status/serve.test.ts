import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import t from 'tap'
import { runCli } from '../../functions/cli.ts'
import { startFromSettings } from '../../functions/serve.ts'
import { systemClock } from '../../shared/clock.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { startStage } from './_stage.ts'

const STATUS_TOKEN = 'status-token-of-a-test'
const WEBHOOK_TOKEN = 'webhook-token-of-a-test'

function createIo(env: Readonly<Record<string, string>>, ending = new AbortController()) {
  const said = { out: '', err: '' }
  const io = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    env,
    readFile: (path: string) => readFile(path, 'utf8'),
    clock: systemClock,
    stop: ending.signal,
  }
  return { io, said }
}

t.test('serve shows people what waits, and its token to nobody', async t => {
  const stage = await startStage({ nodes: 3, services: 2, blocks: ['/29'], troubles: true })
  t.teardown(() => stage.close())
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const folder = t.testdir({ cert, key, token: STATUS_TOKEN })
  const { io, said } = createIo({
    ...stage.env,
    PNAP_LISTEN: '127.0.0.1:0',
    PNAP_TLS_CERT: `${folder}/cert`,
    PNAP_TLS_KEY: `${folder}/key`,
    PNAP_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
    PNAP_STATUS_TOKEN_FILE: `${folder}/token`,
  })
  const serving = await startFromSettings({ env: io.env, readFile: io.readFile }, io)
  t.teardown(() => serving.close())
  const agent = new Agent({ ca })
  const get = (path: string, token: string): Promise<{ status: number | undefined; body: string }> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: serving.port, path, agent, auth: `me:${token}` }
      const sent = request(options, answer => {
        let body = ''
        answer.setEncoding('utf8').on('data', (text: string) => void (body += text))
        answer.on('end', () => resolve({ status: answer.statusCode, body }))
      })
      sent.on('error', reject).end()
    })
  t.equal((await get('/status', WEBHOOK_TOKEN)).status, 401, 'who calls the webhooks is no person')
  const overview = await get('/status', STATUS_TOKEN)
  t.equal(overview.status, 200)
  t.match(overview.body, '1 node waits to be initialised')
  const nodes = await get('/status/nodes?q=joining', STATUS_TOKEN)
  t.match(nodes.body, /joining-0.*CCM_INSTANCE_NOT_FOUND/s)
  const decisions = await get('/status/decisions', STATUS_TOKEN)
  t.match(decisions.body, /Node joining-0/, 'what its first pass decided')
  const shown = [overview, nodes, decisions].map(({ body }) => body).join('') + said.err
  for (const secret of [STATUS_TOKEN, WEBHOOK_TOKEN, 'sim-secret']) t.notOk(shown.includes(secret), secret)
})

t.test('the command says with its exit code how it is', async t => {
  const stage = await startStage({ nodes: 1, services: 0, blocks: [] })
  t.teardown(() => stage.close())
  const run = async (...argv: string[]) => {
    const { io, said } = createIo(stage.env)
    return { code: await runCli(['status', ...argv], io), ...said }
  }
  t.match(await run(), { code: 0, out: /^All is well\.\n/, err: '' })
  stage.bmc.backend.removeServer(stage.bmc.backend.servers()[0]?.id ?? '')
  const attention = await run('--output', 'json')
  t.equal(attention.code, 2)
  t.match(JSON.parse(attention.out), {
    verdict: 'attention',
    nodes: { counts: { missing: 1 }, rows: [{ name: 'node-0', state: 'missing' }] },
  })
  stage.bmc.backend.withdrawCredentials()
  t.match(await run(), {
    code: 1,
    out: /^It cannot be found out whether all is well\.\n- BMC fails: BMC_CREDENTIALS_INVALID/,
  })
  const { code, err } = await run('--v', '6')
  t.equal(code, 1)
  const lines = err
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  t.match(
    lines.find(({ msg }) => msg === 'Kubernetes request'),
    { path: /^\/api/, correlationId: /^[\da-f-]{36}$/ },
    'each request where somebody asks for it',
  )
  t.equal(new Set(lines.map(({ correlationId }) => correlationId)).size, 1, 'all of one look')
  t.match(await run('--wrong'), { code: 2, out: '', err: /CCM_USAGE/ })
  await stage.kubernetes.close()
  t.match(await run(), { code: 1, out: '', err: /KUBE_UNREACHABLE/ })
})

t.test('who ends a command is not told that somebody else does not answer', async t => {
  const stage = await startStage({ nodes: 1, services: 0, blocks: [] })
  t.teardown(() => stage.close())
  for (const argv of [['status'], ['resync'], ['resync', '--dry-run'], ['doctor']]) {
    const ending = new AbortController()
    const { io, said } = createIo(stage.env, ending)
    const end = (): boolean => {
      ending.abort('SIGINT')
      return true
    }
    // In the middle of it, while BMC is waited for.
    const hanging = stage.bmc.faults.add({ operation: end, hang: true })
    t.equal(await runCli(argv, io), 1)
    t.match(said.err, /^CCM_INTERRUPTED: SIGINT ended it before it was done\nRun it again: /m, argv.join(' '))
    t.notMatch(said.out, /No changes pending|does not answer|Correct PNAP/)
    hanging.remove()
  }
  for (const command of ['status', 'resync']) {
    const ending = new AbortController()
    const { io, said } = createIo(stage.env, ending)
    ending.abort('SIGINT')
    t.equal(await runCli([command], io), 1)
    t.match(said.err, /^CCM_INTERRUPTED: SIGINT ended it before it was done\nRun it again: /m, command)
    t.notMatch(said.err, /KUBE_/)
  }
})
