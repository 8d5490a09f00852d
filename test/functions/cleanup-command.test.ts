import t from 'tap'
import { toCleanupCommand } from '../../functions/cleanup-command.ts'
import { runCli } from '../../functions/cli.ts'
import type { CleanupReport } from '../../shared/controllers/cleanup/contract.ts'
import { CcmError } from '../../shared/errors.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { startTestCluster } from '../support/cluster.ts'
import { createLeftbehind, leaveBlocks, OTHER_UID, OTHERS, toKube, toOthers, UID } from './_cleanup.ts'

const PUT_TAGS = 'PUT /ips/v1/ip-blocks/{ipBlockId}/tags'

t.test('shows a plan, and changes nothing', async t => {
  const left = await createLeftbehind(t)
  leaveBlocks(left)
  const before = left.backend.ipBlocks()
  const { code, out, err } = await left.run()
  t.equal(code, 2)
  t.equal(err, '')
  t.strictSame(
    out
      .replaceAll(/\S+\/29/g, 'RANGE')
      .trimEnd()
      .split('\n'),
    [
      `cluster ${UID} is taken for gone: no cluster is configured`,
      '',
      'IP blocks',
      '  - RANGE (a, assigned)  give back: its cluster has gone',
      '        public network  one',
      '        steps           mark, unassign, wait, delete',
      '  - RANGE (b, error assigning)  give back: its cluster has gone',
      '        public network  two',
      '        steps           mark, unassign, wait, delete',
      '  - RANGE (c, unassigned)  give back: its cluster has gone',
      '        steps  mark, delete',
      '  - RANGE (d, assigned)  give back: its cluster has gone',
      '        public network  two',
      '        steps           unassign, wait, delete',
      '',
      '4 of 4 IP blocks can be given back.',
      '3 BMC requests, 0.0 s.',
      'Nothing was changed: --confirm gives them back.',
    ],
  )
  t.strictSame(left.backend.ipBlocks(), before)
  t.ok(left.bmc.requests.entries.every(({ method, path }) => method === 'GET' || path.includes('token')))
})

t.test('with --confirm it gives back every block of the cluster, and no other', async t => {
  const left = await createLeftbehind(t)
  leaveBlocks(left)
  const others = toOthers(left)
  const { code, report } = await left.cleanUp()
  t.equal(code, 0)
  t.match(report, { state: 'clean', blocks: 4, failures: [], cluster: UID, lookedAt: { state: 'none' } })
  t.strictSame(
    report.changes.filter(({ action }) => action === 'delete').map(({ name }) => name),
    ['c', 'a', 'b', 'd'],
  )
  t.equal(report.requests['DELETE /ips/v1/ip-blocks/{ipBlockId}'], 4)
  t.strictSame(left.ids(), OTHERS)
  t.strictSame(toOthers(left), others)
  t.strictSame(
    left.backend.publicNetworks().map(({ ipBlocks }) => ipBlocks.map(({ id }) => id)),
    [['other'], ['foreign']],
  )
  const again = await left.run({ confirm: true })
  t.equal(again.code, 0)
  t.match(again.out, `no IP block bears the tags of cluster ${UID}.`)
  t.equal((await left.run()).code, 0)
})

t.test('two runs at once give everything back', async t => {
  const left = await createLeftbehind(t)
  leaveBlocks(left)
  const runs = await Promise.all([left.cleanUp(), left.cleanUp()])
  t.strictSame(left.ids(), OTHERS)
  for (const { code, report } of runs) t.equal(code, 0, JSON.stringify(report.failures))
})

t.test('one block that fails stops no other', async t => {
  const left = await createLeftbehind(t)
  for (const id of ['a', 'b', 'c']) left.addBlock(id)
  left.bmc.faults.add({
    operation: ({ operation, path }) => operation === PUT_TAGS && path.includes('/a/'),
    status: 400,
  })
  const { code, report } = await left.cleanUp()
  t.equal(code, 1)
  t.match(report, { state: 'left', blocks: 3, failures: [{ name: 'a', code: 'CCM_BLOCK_FAILED' }] })
  t.strictSame(left.ids(), ['a'])
  t.ok(report.durationMs < 120_000, 'and is not waited for')
})

t.test('a block in which servers have addresses stays as it is, and they are named', async t => {
  const left = await createLeftbehind(t)
  const { cidr } = left.addBlock('a')
  left.addBlock('b')
  const address = cidr.replace(/\d+\/\d+$/, digits => String(Number.parseInt(digits, 10) + 2))
  left.backend.addMembership('one', { resourceId: 'server-7', ips: ['no address', address] })
  const before = left.backend.ipBlock('a')
  const plan = await left.run()
  t.equal(plan.code, 1)
  t.match(plan.out, /1 of 2 IP blocks can be given back/)
  const { code, out } = await left.run({ confirm: true })
  t.equal(code, 1)
  t.match(out, /^ {2}! a: CCM_BLOCK_FAILED: block a .* addresses in it belong to server server-7$/m)
  t.match(out, /^1 of 2 IP blocks were given back\.$/m)
  t.strictSame(left.backend.ipBlocks(), [before])
})

t.test('trouble of the API passes', async t => {
  const left = await createLeftbehind(t)
  leaveBlocks(left)
  left.bmc.faults.failUnassignments(2)
  left.bmc.faults.add({ operation: PUT_TAGS, status: 500, times: 2 })
  left.bmc.faults.add({ operation: /^DELETE/, reset: 'after', times: 2 })
  left.bmc.faults.add({
    operation: 'GET /networks/v1/public-networks/{publicNetworkId}',
    status: 503,
    times: 6,
  })
  const life = left.cleanUp()
  const timer = setInterval(() => void left.clock.turn(1_000), 20)
  t.teardown(() => clearInterval(timer))
  const { code, report } = await life
  t.equal(code, 0, JSON.stringify(report.failures))
  t.strictSame(left.ids(), OTHERS)
})

t.test('it ends with the time, says what is left, and goes on when it is run again', async t => {
  const left = await createLeftbehind(t)
  for (const id of ['a', 'b', 'c']) left.addBlock(id)
  const { code, report } = await left.cleanUp({ timeoutMs: 12_000 })
  t.equal(code, 1)
  t.equal(report.state, 'left')
  t.ok(report.durationMs <= 15_000, `${report.durationMs}`)
  t.match(
    report.failures.map(({ name, code }) => [name, code]),
    left.ids().map(id => [id, 'CCM_DEADLINE']),
  )
  t.equal((await left.cleanUp()).code, 0)
  t.strictSame(left.ids(), [])
})

t.test('told to end, it ends with its report', async t => {
  const left = await createLeftbehind(t)
  for (const id of ['a', 'b', 'c']) left.addBlock(id)
  const stop = new AbortController()
  const kube = toKube(() => {
    if (left.backend.ipBlock('a').status !== 'unassigning') return OTHER_UID
    stop.abort('SIGINT')
    throw new CcmError('KUBE_TIMEOUT', 'given up')
  })
  const { code, report } = await left.cleanUp({ kube, stop: stop.signal })
  t.equal(code, 1)
  t.strictSame(
    report.failures.map(({ name, code }) => [name, code]),
    ['a', 'b', 'c'].map(id => [id, 'CCM_DEADLINE']),
  )
  t.equal((await left.cleanUp()).code, 0)
})

t.test('tells a terminal what happens, and no other', async t => {
  const left = await createLeftbehind(t)
  left.addBlock('a')
  const { err } = await left.run({ confirm: true, terminal: true })
  t.strictSame(err.trimEnd().split('\n'), [
    'block a: mark, because nobody uses it',
    'block a: unassign, because it is assigned',
    'block a: block a is leaving public network one',
    'block a: block a is unassigning',
    'block a: delete, because it is unassigned',
  ])
  left.addBlock('b')
  t.equal((await left.run({ confirm: true })).err, '')
})

t.test('a living cluster keeps its blocks', async t => {
  const left = await createLeftbehind(t)
  leaveBlocks(left)
  const before = left.backend.ipBlocks()
  for (const confirm of [false, true]) {
    await t.rejects(left.run({ kube: toKube(UID), confirm }), {
      code: 'CCM_CLUSTER_ALIVE',
      message: /is alive at https:\/\/cluster\.example:6443/,
    })
  }
  t.strictSame(left.backend.ipBlocks(), before)
  t.strictSame(left.bmc.requests.entries, [], 'BMC was not even asked')
})

t.test('a cluster that comes back while the work goes on keeps what is left', async t => {
  const left = await createLeftbehind(t)
  for (const id of ['a', 'b', 'c']) left.addBlock(id)
  const kube = toKube(() => (left.backend.ipBlocks().length === 3 ? OTHER_UID : UID))
  const { code, report } = await left.cleanUp({ kube })
  t.equal(code, 1)
  t.match(report.failures[0], { name: 'cluster', code: 'CCM_CLUSTER_ALIVE' })
  t.strictSame(left.ids(), ['b', 'c'])
})

t.test('flags', async t => {
  const line = { argv: [], flags: {}, switches: new Set<string>(), problems: [] }
  const command = { cluster: UID, confirm: false, timeoutMs: 900_000, output: 'text', problems: [] }
  t.strictSame(toCleanupCommand({ ...line, flags: { cluster: UID } }), command)
  t.strictSame(
    toCleanupCommand({
      ...line,
      flags: { cluster: UID, timeout: '1h', output: 'json' },
      switches: new Set(['confirm']),
    }),
    { ...command, confirm: true, timeoutMs: 3_600_000, output: 'json' },
  )
  const REFUSED: readonly [flags: Record<string, string>, problem: RegExp][] = [
    [{}, /^--cluster is missing/],
    [{ cluster: '' }, /^--cluster: expected a UID/],
    [{ cluster: 'prod' }, /^--cluster: expected a UID/],
    [{ cluster: UID.toUpperCase() }, /in small letters$/],
    [{ cluster: `${UID} ` }, /^--cluster: expected a UID/],
    [{ cluster: UID, timeout: '0s' }, /^--timeout: expected a duration from 1s to 24h$/],
    [{ cluster: UID, timeout: 'soon' }, /^--timeout: expected a duration/],
    [{ cluster: UID, output: 'yaml' }, /^--output: expected one of text, json$/],
  ]
  for (const [flags, problem] of REFUSED) {
    t.match(toCleanupCommand({ ...line, flags }).problems, [problem], JSON.stringify(flags))
  }
  const problems = ['--cluster needs a value']
  t.strictSame(toCleanupCommand({ ...line, problems }).problems, problems, 'told once')
})

t.test('the command, with and without a cluster', async t => {
  const left = await createLeftbehind(t)
  left.addBlock('c', { status: 'unassigned' })
  const credentials = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: 'sim-secret',
    PNAP_BASE_URL: left.bmc.url,
  }
  async function run(argv: readonly string[], env: Record<string, string> = {}) {
    let [out, err] = ['', '']
    const code = await runCli(['cleanup', ...argv], {
      out: text => void (out += text),
      err: text => void (err += text),
      env: { ...credentials, ...env },
      readFile: path => Promise.reject(Object.assign(new Error(path), { code: 'ENOENT' })),
      clock: createTurnableClock(),
      stop: new AbortController().signal,
    })
    return { code, out, err }
  }
  const cluster = await startTestCluster(t, { kind: 'simulator' })
  const KUBECONFIG = await cluster.kubeconfigFile()
  const { body } = await (await cluster.kube()).request<{ metadata: { uid: string } }>({
    path: '/api/v1/namespaces/kube-system',
  })
  const { uid } = body.metadata
  left.addBlock('alive', { cluster: uid, status: 'unassigned' })

  for (const argv of [[], ['--cluster'], ['--cluster', 'prod', '--confirm']]) {
    const { code, out, err } = await run(argv)
    t.equal(code, 2)
    t.equal(out, '')
    t.match(err, /^CCM_CONFIG_INVALID: --cluster/)
  }
  const alive = await run(['--cluster', uid, '--confirm'], { KUBECONFIG })
  t.equal(alive.code, 1)
  t.equal(alive.out, '')
  t.match(alive.err, `CCM_CLUSTER_ALIVE: cluster ${uid} is alive at ${cluster.url}`)

  const stranger = await run(['--cluster', uid, '--confirm'], {
    KUBECONFIG: await cluster.kubeconfigFile('nobody-in-particular'),
  })
  t.equal(stranger.code, 1)
  t.match(stranger.err, /^CCM_CLUSTER_ALIVE: a cluster answers at .* cannot be found out: .*forbidden/)

  const missing = await run(['--cluster', UID], { KUBECONFIG: '/does/not/exist' })
  t.equal(missing.code, 2)
  t.match(missing.err, /^KUBE_CONFIG_INVALID: /)

  t.equal((await run(['--cluster', UID])).code, 2)
  const plan = await run(['--cluster', UID, '--output', 'json'], { KUBECONFIG })
  t.equal(plan.code, 2)
  const report = JSON.parse(plan.out) as CleanupReport
  t.match(report, { state: 'planned', lookedAt: { state: 'other' }, changes: [{ name: 'c' }] })
  t.equal(report.requests['GET /ips/v1/ip-blocks'], 1)

  t.equal((await run(['--cluster', UID, '--confirm'], { KUBECONFIG })).code, 0)
  t.strictSame(left.ids(), ['alive'])
})
