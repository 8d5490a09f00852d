import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { ResyncReport } from '../../../shared/controllers/contract.ts'
import { readInventory } from '../../../shared/controllers/inventory/store.ts'
import { acquireLease, readLease } from '../../../shared/controllers/resync/lease.ts'
import { resync } from '../../../shared/controllers/resync/resync.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'
import { setReady } from '../../support/fake-kubelet.ts'
import { makeInstance } from '../_make.ts'
import { createStage, GRACE_MS, INTERVAL_MS } from '../_stage.ts'
import { LEASE, pass, SERVERS, SHUTDOWN, setUp } from './_pass.ts'

const actions = ({ changes }: ResyncReport): string[] =>
  changes.map(({ action, name }) => `${action} ${name}`)

t.test('the first pass brings up everything and writes the inventory', async t => {
  const stage = await createStage(t, { instances: SERVERS })
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  const report = await pass(stage)
  t.match(report, {
    state: 'complete',
    nodes: 3,
    instances: 3,
    failures: [],
    held: [],
    requests: { list: 1 },
  })
  t.strictSame(
    actions(report).toSorted((a, b) => a.localeCompare(b)),
    ['createInventory inventory', 'initialise node-a', 'initialise node-b', 'initialise node-c'],
  )
  const inventory = await readInventory(stage.kube)
  t.strictSame(
    inventory?.entries.map(({ id, node }) => [id, node]),
    SERVERS.map(({ id, hostname }) => [id, hostname]),
    'which holds the nodes that this pass initialised',
  )
  t.match(await readLease(stage.kube), { generation: inventory?.generation, renewedAt: stage.clock.now() })
})

t.test('the second pass writes nothing but its Lease', async t => {
  const stage = await setUp(t)
  t.match(await pass(stage), { state: 'complete', changes: [] })
  t.strictSame(stage.writes(), [`patch ${LEASE}`, `patch ${LEASE}`])
})

t.test('of two passes at once one works and one ends', async t => {
  const stage = await setUp(t)
  const states = (await Promise.all([pass(stage), pass(stage)])).map(({ state }) => state)
  t.strictSame(new Set(states), new Set(['complete', 'busy']))
})

t.test('while another pass is at work nothing is done', async t => {
  const stage = await setUp(t)
  await acquireLease(stage.kube, 'somebody', 30_000)
  stage.simulator.requests.clear()
  const before = stage.cloud.lists
  t.match(await pass(stage), { state: 'busy', changes: [], nodes: 0 })
  t.strictSame(stage.writes(), [])
  t.equal(stage.cloud.lists, before)
  await stage.clock.turn(30_000)
  t.equal((await pass(stage)).state, 'complete', 'and when it is over its limit it is taken over')
})

t.test('a dry run takes no Lease, waits for nobody and writes nothing at all', async t => {
  const stage = await setUp(t)
  await acquireLease(stage.kube, 'somebody', 30_000)
  stage.addNode('node-x')
  stage.simulator.store.merge('nodes', 'node-a', { spec: { taints: [SHUTDOWN] } })
  stage.cloud.instances = SERVERS.slice(0, 2)
  await setReady(stage.kube, 'node-c', false)
  stage.simulator.requests.clear()
  const report = await pass(stage, true)
  t.strictSame(stage.writes(), [])
  t.strictSame(stage.events('node-x'), [])
  t.strictSame(actions(report), ['untaintShutdown node-a', 'updateInventory inventory', 'markMissing node-c'])
})

t.test('the plan of a dry run is what a pass then does', async t => {
  const stage = await setUp(t)
  stage.simulator.store.merge('nodes', 'node-b', {
    metadata: { labels: { 'topology.kubernetes.io/region': 'X' } },
  })
  stage.cloud.instances = SERVERS.map(server => ({ ...server, publicAddresses: [] }))
  const plan = await pass(stage, true)
  t.ok(plan.changes.length > 3)
  t.strictSame(new Set(actions(await pass(stage))), new Set(actions(plan)))
})

t.test('a server that is gone: marked, then deleted after the grace time', async t => {
  const stage = await setUp(t)
  stage.cloud.instances = SERVERS.slice(1)
  await setReady(stage.kube, 'node-a', false)
  t.strictSame(actions(await pass(stage)), ['updateInventory inventory', 'markMissing node-a'])
  await stage.clock.turn(GRACE_MS - 1000)
  t.strictSame(actions(await pass(stage)), [])
  await stage.clock.turn(1000)
  const deleted = await pass(stage)
  t.strictSame(actions(deleted), ['deleteNode node-a'])
  t.equal(deleted.nodes, 2)
  t.ok(stage.events('node-a').some(({ reason }) => reason === 'DeletingNode'))
})

t.test('a server that is there again takes the mark away, and the time begins anew', async t => {
  const stage = await setUp(t)
  await setReady(stage.kube, 'node-a', false)
  const turns: readonly (readonly [readonly (typeof SERVERS)[number][], string])[] = [
    [SERVERS.slice(1), 'markMissing node-a'],
    [SERVERS, 'unmarkMissing node-a'],
    [SERVERS.slice(1), 'markMissing node-a'],
  ]
  for (const [instances, action] of turns) {
    stage.cloud.instances = instances
    t.strictSame(
      actions(await pass(stage)).filter(did => did !== 'updateInventory inventory'),
      [action],
    )
    await stage.clock.turn(GRACE_MS)
  }
})

t.test('powered off: tainted; ready again: free', async t => {
  const stage = await setUp(t)
  stage.cloud.instances = SERVERS.map(server => (server.id === 'a' ? { ...server, shutdown: true } : server))
  await setReady(stage.kube, 'node-a', false)
  t.strictSame(actions(await pass(stage)), ['taintShutdown node-a', 'updateInventory inventory'])
  t.strictSame(actions(await pass(stage)), [])
  stage.cloud.instances = SERVERS
  await setReady(stage.kube, 'node-a', true)
  t.strictSame(actions(await pass(stage)), ['untaintShutdown node-a', 'updateInventory inventory'])
})

t.test('changes by hand are repaired, and a differing label of somebody else’s node is not', async t => {
  const stage = await setUp(t)
  const labels = { 'topology.kubernetes.io/region': 'ASH', 'node.kubernetes.io/instance-type': null }
  stage.simulator.store.merge('nodes', 'node-a', { metadata: { labels } })
  stage.addNode('node-z', {
    external: false,
    ready: true,
    providerID: 'phoenixnap://z',
    labels: { 'topology.kubernetes.io/region': 'ASH' },
  })
  stage.cloud.instances = [...SERVERS, makeInstance('z')]
  await pass(stage)
  t.match(stage.node('node-a').metadata.labels, {
    'topology.kubernetes.io/region': 'PHX',
    'node.kubernetes.io/instance-type': 's1.c1.small',
  })
  t.match(stage.node('node-z').metadata.labels, {
    'topology.kubernetes.io/region': 'ASH',
    'node.kubernetes.io/instance-type': 's1.c1.small',
  })
  for (let round = 0; round < 2; round++) t.strictSame(actions(await pass(stage)), [])
  t.strictSame(
    stage.events('node-z').map(({ reason }) => reason),
    ['LabelsKept'],
  )
})

t.test('a node whose server is unknown gets one event, however often it is looked for', async t => {
  const stage = await setUp(t)
  for (const name of ['x', 'y']) stage.addNode(name)
  const before = stage.cloud.lists
  for (let round = 0; round < 3; round++) await pass(stage)
  t.equal(stage.cloud.lists - before, 3, 'one list a pass')
  for (const name of ['x', 'y'])
    t.strictSame(
      stage.events(name).map(({ reason }) => reason),
      ['InstanceNotFound'],
    )
})

t.test('one node that cannot be written leaves the pass incomplete and the others done', async t => {
  const stage = await setUp(t)
  stage.addNode('node-x')
  stage.addNode('node-y')
  stage.cloud.instances = [
    ...SERVERS,
    makeInstance('x', { hostname: 'node-x' }),
    makeInstance('y', { hostname: 'node-y' }),
  ]
  stage.simulator.faults.conflict({ verb: 'patch', resource: 'nodes', name: 'node-x' })
  t.match(await pass(stage), { state: 'incomplete', failures: [{ name: 'node-x', code: 'KUBE_CONFLICT' }] })
  t.equal(stage.node('node-y').spec?.providerID, 'phoenixnap://y')
  t.equal((await readInventory(stage.kube))?.entries.length, 5)
  stage.simulator.faults.clear()
  t.match(await pass(stage), { state: 'complete' })
  t.equal(stage.node('node-x').spec?.providerID, 'phoenixnap://x')
})

t.test('nodes of another cloud are never written', async t => {
  const stage = await setUp(t)
  stage.addNode('foreign', { providerID: 'aws:///eu/i-1', taints: [SHUTDOWN], ready: true })
  stage.addNode('stranger', { external: false, taints: [SHUTDOWN], ready: true })
  stage.simulator.requests.clear()
  t.match(await pass(stage), { state: 'complete', changes: [] })
  t.strictSame(stage.writes(), [`patch ${LEASE}`, `patch ${LEASE}`])
})

t.test('an inventory that was edited is not believed, and written anew', async t => {
  const stage = await setUp(t)
  const inventory = await readInventory(stage.kube)
  const entries = inventory?.entries.map(entry => ({ ...entry, providerID: 'phoenixnap://evil' }))
  const packed = gzipSync(JSON.stringify({ ...inventory, entries })).toString('base64')
  const binaryData = { 'inventory.json.gz': packed }
  stage.simulator.store.merge('configmaps', 'cloud-provider-phoenixnap', { binaryData }, 'kube-system')
  await t.rejects(readInventory(stage.kube), { code: 'CCM_INVENTORY_INVALID' })
  const report = await pass(stage)
  t.strictSame([report.state, actions(report)], ['complete', ['createInventory inventory']])
  const { generation, account, families } = (await readInventory(stage.kube)) ?? {}
  t.strictSame({ account, families }, { account: inventory?.account, families: inventory?.families })
  t.equal((await readLease(stage.kube)).generation, generation, 'and vouched for')
})

t.test('the inventory is written although the deletions take all the time', async t => {
  const stage = await setUp(t)
  stage.cloud.instances = SERVERS.slice(1)
  await setReady(stage.kube, 'node-a', false)
  await pass(stage)
  await stage.clock.turn(GRACE_MS)
  stage.cloud.instances = SERVERS.slice(1).map(server => ({ ...server, region: 'ASH' }))
  stage.simulator.faults.fail({ verb: 'delete', resource: 'nodes' }, { status: 500 })
  t.match(await pass(stage), { state: 'incomplete', failures: [{ name: 'node-a' }] })
  const inventory = await readInventory(stage.kube)
  t.strictSame(
    inventory?.entries.map(({ region }) => region),
    ['ASH', 'ASH'],
  )
  const { generation, renewedAt } = await readLease(stage.kube)
  t.strictSame([generation, renewedAt], [inventory?.generation, stage.clock.now()], 'and vouched for')
})

t.test(
  'nodes that would take all the time leave some to the inventory, and the rest to the next pass',
  async t => {
    const instances = Array.from({ length: 40 }, (_, index) =>
      makeInstance(`${index}`, { hostname: `node-${index}` }),
    )
    const stage = await createStage(t, { instances })
    for (const { hostname } of instances) stage.addNode(hostname)
    const { deadline } = stage.call()
    const end = new AbortController()
    const request: Kube['request'] = async call => {
      if (call.path.endsWith('/status')) await stage.clock.turn(1000)
      if (stage.clock.now() >= deadline) end.abort()
      return stage.kube.request(call)
    }
    const context = { ...stage.context, kube: { ...stage.kube, request } }
    const report = await resync(context, { deadline, signal: end.signal })
    t.match(report, { state: 'incomplete', failures: [{ code: 'CCM_DEADLINE' }] })
    t.equal((await readInventory(stage.kube))?.entries.length, 40, 'the inventory is written')
    const { generation } = await readLease(stage.kube)
    t.equal(generation, (await readInventory(stage.kube))?.generation, 'and vouched for')
    t.match(await pass(stage), { state: 'complete' }, 'the next pass does the rest')
    t.equal(
      stage.writes().filter(write => write.startsWith('patch nodes/status')).length,
      40,
      'and none of them twice',
    )
  },
)

t.test('a pass that fails gives the Lease back and vouches for nothing', async t => {
  const stage = await setUp(t)
  await stage.clock.turn(INTERVAL_MS)
  const { renewedAt } = await readLease(stage.kube)
  stage.simulator.faults.fail({ verb: 'list', resource: 'nodes' }, { status: 500 })
  await t.rejects(pass(stage), { code: 'KUBE_SERVER_ERROR' })
  t.match(await readLease(stage.kube), { holder: undefined, renewedAt })
})

t.test(
  'a pass that can neither go on nor give the Lease back keeps no later one of its process waiting',
  async t => {
    const stage = await setUp(t)
    stage.cloud.meanwhile = async () => {
      stage.cloud.meanwhile = undefined
      stage.simulator.faults.down()
    }
    await t.rejects(pass(stage), { code: 'KUBE_UNREACHABLE' })
    stage.simulator.faults.up()
    t.match(await readLease(stage.kube), { holder: /^pass-/ })
    const elsewhere = { ...stage, context: { ...stage.context, endedPasses: new Set<string>() } }
    t.match(await pass(elsewhere), { state: 'busy' }, 'that of another process waits')
    t.match(await pass(stage), { state: 'complete' })
  },
)

t.test('a pass that was taken over says so', async t => {
  const stage = await setUp(t)
  stage.cloud.meanwhile = async () => {
    stage.cloud.meanwhile = undefined
    await stage.clock.turn(60_000)
    t.ok(await acquireLease(stage.kube, 'next', 1000))
  }
  await t.rejects(pass(stage), { code: 'KUBE_CONFLICT' })
  t.equal((await readLease(stage.kube)).holder, 'next')
})
