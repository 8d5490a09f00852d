import t from 'tap'
import { lookAtStatus } from '../../functions/status-look.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import type { Status } from '../../shared/status/contract.ts'
import { findGoProgram } from '../../shared/status/go-program.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { type Stage, startStage } from './_stage.ts'

const look = (stage: Stage): Promise<Status> =>
  lookAtStatus(stage.app, { deadline: Date.now() + 60_000 }, async () => ({ state: 'absent', what: 'none' }))

const rowsOf = ({ nodes, services }: Status) => ({
  nodes: nodes.rows.map(({ name, state, code, why }) => [name, state, code, why]),
  services: services.rows.map(({ name, state, addresses, why, problems }) => [
    name,
    state,
    addresses.length,
    why,
    problems.map(({ code }) => code),
  ]),
})

t.test('a cluster in which nothing waits is well', async t => {
  const stage = await startStage({ nodes: 2, services: 1, blocks: ['/29'] })
  t.teardown(() => stage.close())
  stage.kubernetes.requests.clear()
  const before = stage.bmc.requests.count(/./)
  const status = await look(stage)
  t.match(status, { verdict: 'well', reasons: [], held: [], failures: [], pending: [] })
  t.match(status.pass, { isLate: false, intervalMs: 60_000, deleted: 0, holder: undefined })
  t.match(status.bmc, { state: 'answers', servers: 2, failure: undefined })
  t.strictSame(rowsOf(status), {
    nodes: [
      ['node-0', 'ready', undefined, ''],
      ['node-1', 'ready', undefined, ''],
    ],
    services: [['default/web-0', 'served', 1, '', []]],
  })
  t.strictSame(stage.kubernetes.requests.writes(), [], 'it writes nothing')
  t.ok(stage.bmc.requests.count(/./) - before <= 4, 'BMC is asked for no more than by one pass')
  stage.bmc.backend.addServer({ hostname: 'joining' })
  stage.kubernetes.store.create({ ...createFakeNode('joining') })
  stage.kubernetes.requests.clear()
  t.match(await look(stage), {
    reasons: ['1 node waits to be initialised'],
    nodes: {
      rows: [{ name: 'joining', why: /^the next pass initialises it: server \w+ found by hostname$/ }],
    },
    pending: [
      { kind: 'Node', name: 'joining', action: 'initialise' },
      { kind: 'ConfigMap', name: 'inventory', action: 'updateInventory' },
    ],
  })
  const planned = await stage.app.controllers.resync({ deadline: Date.now() + 60_000, dryRun: true })
  t.strictSame(
    (await look(stage)).pending,
    planned.changes.map(({ kind, name, action, why }) => ({ kind, name, action, why })),
    'all that a dry run plans',
  )
  t.strictSame(stage.kubernetes.requests.writes(), [], 'nor where a pass would')
})

t.test('a node that the next pass deletes is among what it changes', async t => {
  const stage = await startStage({ nodes: 3, services: 0, blocks: [] }, { PNAP_NODE_DELETE_GRACE: '0s' })
  t.teardown(() => stage.close())
  const server = stage.bmc.backend.servers().find(({ hostname }) => hostname === 'node-0')
  stage.bmc.backend.removeServer(server?.id ?? '')
  const down = { conditions: [{ type: 'Ready', status: 'False' }] }
  stage.kubernetes.store.merge('nodes', 'node-0', { status: down })
  const compare = async (...actions: readonly string[]): Promise<void> => {
    const plan = await stage.app.controllers.resync({ deadline: Date.now() + 60_000, dryRun: true })
    const [planned, shown] = [plan.changes, (await look(stage)).pending].map(changes =>
      changes.map(({ action, name, why }) => `${action} ${name}: ${why}`).toSorted(),
    )
    t.strictSame(shown, planned)
    t.strictSame(
      shown?.map(change => change.split(' ', 1)[0]),
      actions,
    )
  }
  await compare('markMissing', 'updateInventory')
  await stage.pass()
  await compare('deleteNode')
})

t.test('what waits is shown with its reason, and who has which address', async t => {
  const stage = await startStage({ nodes: 3, services: 4, blocks: ['/29'], troubles: true })
  t.teardown(() => stage.close())
  const status = await look(stage)
  t.equal(status.verdict, 'attention')
  t.strictSame(status.reasons, [
    '1 node waits to be initialised',
    '1 node has no server any more',
    '4 Services wait for addresses',
    '1 decision is held back',
  ])
  t.strictSame(rowsOf(status).nodes, [
    [
      'joining-0',
      'waiting',
      'CCM_INSTANCE_NOT_FOUND',
      'No BMC server of this account has the hostname joining-0 (compared without case): the node stays uninitialised until one has.',
    ],
    ['node-1', 'missing', undefined, 'its server has not been missing for the grace time yet'],
    ['node-0', 'shutdown', undefined, ''],
    ['node-2', 'ready', undefined, ''],
  ])
  t.strictSame(rowsOf(status).services.slice(0, 2), [
    ['default/asks', 'waiting', 0, 'IPv4: what it asks for cannot be had', ['CCM_ADDRESS_OUTSIDE']],
    ['default/late-0', 'waiting', 0, 'IPv4: no address is free', []],
  ])
  t.match(status.held, [/^blocks: CCM_BLOCK_LIMIT /])
  const [block] = status.addresses.blocks
  t.match(block, { cidr: '198.19.0.16/29', state: 'assigned', gate: 'open', isSeen: true })
  t.strictSame(block?.counts, { network: 1, gateway: 1, used: 3, resting: 1, reserved: 1, broadcast: 1 })
  const holders = block?.runs.flatMap(({ kind, service }) => (kind === 'used' ? service : []))
  t.strictSame(holders?.toSorted(), ['default/web-0', 'default/web-1', 'default/web-2'])
})

t.test('an address that rests says until when, and one that is free counts as free', async t => {
  const stage = await startStage({ nodes: 0, services: 2, blocks: ['/29'] })
  t.teardown(() => stage.close())
  const { store } = stage.kubernetes
  store.merge('services', 'web-1', { metadata: { finalizers: null } }, 'default')
  store.delete('services', 'web-1', 'default')
  await stage.pass()
  const { addresses, at } = await look(stage)
  const resting = addresses.blocks.flatMap(({ runs }) => runs.filter(({ kind }) => kind === 'resting'))
  t.match(resting, [{ service: 'default/web-1', why: 'its Service has gone', count: 1 }])
  const leftMs = (resting[0]?.until ?? 0) - at
  t.ok(leftMs > 8 * 60_000 && leftMs <= 10 * 60_000, `${leftMs}`)
  t.strictSame(addresses.free, { IPv4: 2, IPv6: 0 })
  t.strictSame(addresses.blocks[0]?.counts, {
    network: 1,
    gateway: 1,
    used: 1,
    free: 2,
    reserved: 1,
    resting: 1,
    broadcast: 1,
  })
})

t.test('without BMC nobody can tell, and what is remembered is shown as such', async t => {
  const stage = await startStage({ nodes: 1, services: 1, blocks: ['/29'] })
  t.teardown(() => stage.close())
  await stage.bmc.close()
  const status = await lookAtStatus(stage.app, { deadline: Date.now() + 500 }, async () => ({
    state: 'unknown',
    what: '',
  }))
  t.equal(status.verdict, 'unknown')
  t.match(status.bmc, { state: 'unreachable', servers: undefined })
  t.match(status.reasons[0], /^BMC does not answer: /)
  t.match(rowsOf(status), { nodes: [['node-0', 'ready']], services: [['default/web-0', 'served', 1]] })
  t.match(status.addresses.blocks, [{ isSeen: false, counts: { used: 1 } }])
})

t.test('the Go program is found by what makes its Pods, and is urgent', async t => {
  const stage = await startStage({ nodes: 1, services: 0, blocks: [] })
  t.teardown(() => stage.close())
  const asHandler = await lookAtStatus(stage.app, { deadline: Date.now() + 60_000 })
  t.match(asHandler, { verdict: 'well', goProgram: { state: 'unknown', what: /administrator/ } })
  const found = await lookAtStatus(stage.app, { deadline: Date.now() + 60_000 }, () =>
    findGoProgram(withGoProgram),
  )
  t.match(found, {
    verdict: 'attention',
    reasons: ['the Go program still runs: Deployment kube-system/ccm'],
  })
  t.match(await findGoProgram(withNothing), { state: 'absent' })
})

const toList = (items: readonly object[]) => ({ body: { items }, date: 0, status: 200 })
const containers = [{ name: 'ccm', image: 'phoenixnap/k8s-cloud-provider-bmc:v1.0.0' }]
const goProgram = {
  metadata: { name: 'ccm', namespace: 'kube-system' },
  spec: { replicas: 1, template: { spec: { containers } } },
}
const withNothing = { request: async () => toList([]) } as unknown as Kube
const withGoProgram = {
  request: async ({ path }: { path: string }) => toList(path.endsWith('/deployments') ? [goProgram] : []),
} as unknown as Kube
