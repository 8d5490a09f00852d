import t from 'tap'
import type { LiveInstances } from '../../../shared/controllers/inventory/live.ts'
import { toIndex } from '../../../shared/controllers/node/match.ts'
import { convergeNode, reconcileNode } from '../../../shared/controllers/node/reconcile.ts'
import { resync } from '../../../shared/controllers/resync/resync.ts'
import { CcmError } from '../../../shared/errors.ts'
import { getNode } from '../../../shared/kubernetes/nodes.ts'
import { setReady } from '../../support/fake-kubelet.ts'
import { makeInstance } from '../_make.ts'
import { createStage, INTERVAL_MS, type Stage } from '../_stage.ts'

const WEB = makeInstance('a1', { hostname: 'node-a' })
const SHUTDOWN = 'node.cloudprovider.kubernetes.io/shutdown'

async function setUp(t: Parameters<typeof createStage>[0]): Promise<Stage> {
  const stage = await createStage(t, { instances: [WEB] })
  await resync(stage.context, stage.call())
  stage.simulator.requests.clear()
  return stage
}

const reconcile = (stage: Stage, name = 'node-a', ms = 10_000) =>
  reconcileNode(stage.another(), name, stage.call(ms))
const isTainted = (stage: Stage, name = 'node-a'): boolean =>
  stage.node(name).spec?.taints?.some(({ key }) => key.endsWith('/uninitialized')) ?? false

t.test('initialises a tainted node, with one event', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  t.match(await reconcile(stage), { key: { kind: 'Node', name: 'node-a' }, result: 'changed' })
  t.match(stage.node('node-a'), {
    metadata: { annotations: { 'phoenixnap.com/initialized': 'reconcile' } },
    spec: { providerID: 'phoenixnap://a1' },
  })
  t.notOk(isTainted(stage))
  t.match(stage.events('node-a'), [{ type: 'Normal', reason: 'Synced' }])
  t.match(await reconcile(stage), { result: 'unchanged' }, 'and twice is as good as once')
  t.equal(stage.events('node-a').length, 1)
})

t.test('a node that is not there is gone', async t => {
  const stage = await setUp(t)
  t.match(await reconcile(stage, 'nobody'), { result: 'gone' })
  t.strictSame(stage.writes(), [])
})

t.test('what the user must mend is told once and not tried again', async t => {
  const stage = await setUp(t)
  stage.addNode('node-x')
  stage.addNode('node-a', { nodeIP: '10.9.9.9' })
  for (let round = 0; round < 3; round++) {
    t.match(await reconcile(stage, 'node-x'), { result: 'unchanged', code: 'CCM_INSTANCE_NOT_FOUND' })
    t.match(await reconcile(stage, 'node-a'), { result: 'unchanged', code: 'CCM_NODE_IP_MISMATCH' })
  }
  t.strictSame(
    stage.events('node-x').map(({ reason }) => reason),
    ['InstanceNotFound'],
  )
  t.strictSame(
    stage.events('node-a').map(({ reason }) => reason),
    ['NodeIPMismatch'],
  )
  t.ok(isTainted(stage) && isTainted(stage, 'node-x'))
})

t.test('what could not be found out is tried again, without an event', async t => {
  const stage = await setUp(t)
  stage.addNode('node-x')
  stage.cloud.listError = new CcmError('BMC_SERVER_ERROR', 'down')
  t.match(await reconcile(stage, 'node-x'), { result: 'retry', code: 'BMC_SERVER_ERROR' })
  stage.cloud.listError = undefined
  stage.cloud.meanwhile = () => new Promise(() => {})
  const slow = reconcile(stage, 'node-x', 1000)
  const lists = stage.cloud.lists
  while (stage.cloud.lists === lists) await stage.clock.turn(0)
  await stage.clock.turn(1000)
  t.match(await slow, { result: 'retry', code: 'CCM_DEADLINE' })
  t.strictSame(stage.events(), [])
})

t.test('a list of a moment ago that lacks the server is no reason to tell the user', async t => {
  const stage = await setUp(t)
  stage.addNode('node-x')
  const context = stage.another()
  await context.live.list(stage.clock.now() + 1000)
  await stage.clock.turn(1000)
  t.match(await reconcileNode(context, 'node-x', stage.call()), { result: 'retry' })
  t.strictSame(stage.events(), [])
})

t.test('keeps up the labels of an initialised node from a young inventory, not its addresses', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a', { external: false, providerID: 'phoenixnap://a1', ready: true })
  t.match(await reconcile(stage), { result: 'changed' })
  t.match(stage.node('node-a').metadata.labels, { 'topology.kubernetes.io/region': 'PHX' })
  t.notOk(stage.node('node-a').status?.addresses?.some(({ type }) => type === 'InternalIP'))
  t.equal(stage.cloud.lists, 1, 'the one of the pass')
})

t.test(
  'an old inventory changes nothing on an initialised node, and nor does one that lacks the server',
  async t => {
    const stage = await setUp(t)
    stage.addNode('node-b', { external: false, providerID: 'phoenixnap://zz' })
    t.match(await reconcile(stage, 'node-b'), { result: 'unchanged' })
    stage.addNode('node-a', { external: false, providerID: 'phoenixnap://a1' })
    await stage.clock.turn(2 * INTERVAL_MS)
    t.match(await reconcile(stage), { result: 'unchanged' })
    t.strictSame(stage.writes(), [])
    t.strictSame(stage.events(), [])
  },
)

t.test('a node that is ready again loses the shutdown taint although nothing else is known', async t => {
  const stage = await setUp(t)
  const taints = [{ key: SHUTDOWN, effect: 'NoSchedule' }]
  stage.addNode('node-b', { external: false, providerID: 'phoenixnap://zz', ready: true, taints })
  t.match(await reconcile(stage, 'node-b'), { result: 'changed' })
  t.notOk(stage.node('node-b').spec?.taints?.length)
})

t.test('hands off a node of another cloud', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a', { providerID: 'aws:///eu/i-1' })
  t.match(await reconcile(stage), { result: 'unchanged' })
  t.strictSame(stage.writes(), [])
})

t.test('a server whose holder is gone by now is free', async t => {
  const stage = await setUp(t)
  stage.addNode('node-b', { external: false, providerID: 'phoenixnap://a1', ready: true })
  await resync(stage.context, stage.call())
  stage.addNode('node-a')
  t.match(await reconcile(stage), { result: 'unchanged', code: 'CCM_PROVIDER_ID_TAKEN' })
  t.strictSame(
    stage.events('node-a').map(({ reason }) => reason),
    ['ProviderIDTaken'],
  )
  stage.simulator.store.delete('nodes', 'node-b')
  t.match(await reconcile(stage), { result: 'changed' })
  t.equal(stage.node('node-a').spec?.providerID, 'phoenixnap://a1')
})

t.test('a server whose holder has another one by now is free as well', async t => {
  const stage = await setUp(t)
  stage.addNode('node-b', { external: false, providerID: 'phoenixnap://a1', ready: true })
  await resync(stage.context, stage.call())
  stage.simulator.store.delete('nodes', 'node-b')
  stage.addNode('node-b', { external: false, providerID: 'phoenixnap://b2' })
  stage.addNode('node-a')
  t.match(await reconcile(stage), { result: 'changed' })
})

t.test('a server that is free by now but is being deleted is nobody’s', async t => {
  const stage = await setUp(t)
  stage.addNode('node-b', { external: false, providerID: 'phoenixnap://a1', ready: true })
  await resync(stage.context, stage.call())
  stage.addNode('node-a')
  const context = stage.another()
  stage.cloud.meanwhile = async () => void stage.simulator.store.delete('nodes', 'node-b')
  const entry = { ...WEB, terminating: true }
  const list = stage.context.live.list.bind(stage.context.live)
  let lists = 0
  const live = {
    // The server goes between the list that found it and the look at its holder.
    list: async (...limits: Parameters<typeof list>) => {
      if (lists++ > 0) stage.cloud.instances = [entry]
      return { ...(await list(...limits)), index: toIndex(stage.cloud.instances) }
    },
  }
  t.match(await reconcileNode({ ...context, live }, 'node-a', stage.call()), { result: 'unchanged' })
  t.equal(stage.node('node-a').spec?.providerID, undefined)
  t.ok(isTainted(stage))
})

t.test(
  'a free hostname leads to another server by now: left to the next try, which looks at its holder',
  async t => {
    const stage = await setUp(t)
    stage.addNode('node-b', { external: false, providerID: 'phoenixnap://a1', ready: true })
    await resync(stage.context, stage.call())
    stage.addNode('node-a')
    stage.cloud.meanwhile = async () => void stage.simulator.store.delete('nodes', 'node-b')
    const context = stage.another()
    const index = toIndex([makeInstance('b2', { hostname: 'node-a' })])
    let lists = 0
    const list: LiveInstances['list'] = async (...limits) => {
      const live = await context.live.list(...limits)
      return lists++ === 0 ? live : { ...live, index }
    }
    const outcome = await reconcileNode({ ...context, live: { list } }, 'node-a', stage.call())
    t.match(outcome, { result: 'retry', code: 'CCM_PROVIDER_ID_TAKEN' })
    t.equal(stage.node('node-a').spec?.providerID, undefined)
  },
)

t.test(
  'what was found by hostname is not applied to a node that got another provider ID meanwhile',
  async t => {
    const stage = await setUp(t)
    stage.addNode('node-a')
    stage.cloud.meanwhile = async () =>
      void stage.simulator.store.merge('nodes', 'node-a', { spec: { providerID: 'phoenixnap://b2' } })
    t.match(await reconcile(stage), { result: 'retry', code: 'KUBE_CONFLICT' })
    t.ok(isTainted(stage))
    t.strictSame(stage.events(), [])
    t.match(stage.node('node-a'), { spec: { providerID: 'phoenixnap://b2' } })
    t.notOk(stage.node('node-a').metadata.labels?.['topology.kubernetes.io/region'])
  },
)

t.test('a node that brings the provider ID of another one along is refused', async t => {
  const stage = await setUp(t)
  stage.addNode('node-b', { external: false, providerID: 'phoenixnap://a1', ready: true })
  await resync(stage.context, stage.call())
  stage.addNode('node-a', { providerID: 'phoenixnap://a1' })
  t.match(await reconcile(stage), { result: 'unchanged', code: 'CCM_PROVIDER_ID_TAKEN' })
  t.ok(isTainted(stage))
})

t.test('a write of somebody else in between is decided upon anew', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  stage.simulator.faults.conflict({ verb: 'patch', resource: 'nodes' }, { times: 3 })
  t.match(await reconcile(stage), { result: 'changed' })
  t.notOk(isTainted(stage))
})

t.test('a conflict that does not end is left to the next ring', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  stage.simulator.faults.conflict({ verb: 'patch', resource: 'nodes' })
  t.match(await reconcile(stage), { result: 'retry', code: 'KUBE_CONFLICT' })
  t.equal(stage.simulator.requests.count({ verb: 'patch', resource: 'nodes' }), 4)
})

t.test('what was found of a node is not written to the next one of its name', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  const read = await getNode(stage.kube, 'node-a')
  stage.simulator.store.delete('nodes', 'node-a')
  stage.addNode('node-a')
  const finding = { state: 'found', instance: WEB, by: 'hostname' } as const
  await t.rejects(
    convergeNode(stage.context, read, () => finding, 'reconcile', stage.call()),
    { code: 'KUBE_CONFLICT' },
  )
  t.ok(isTainted(stage))
  t.equal(stage.node('node-a').spec?.providerID, undefined)
})

t.test('a node that is ready in between is not tainted as shut down', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a', { external: false, providerID: 'phoenixnap://a1', ready: false })
  const read = await getNode(stage.kube, 'node-a')
  await setReady(stage.kube, 'node-a', true)
  const off = { ...WEB, shutdown: true }
  const finding = { state: 'found', instance: off, by: 'providerID' } as const
  await convergeNode(stage.context, read, () => finding, 'reconcile', stage.call())
  t.notOk(stage.node('node-a').spec?.taints?.some(({ key }) => key === SHUTDOWN))
})

t.test('an event that cannot be written does not undo what was done', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  stage.simulator.faults.fail({ resource: 'events' }, { status: 403 })
  t.match(await reconcile(stage), { result: 'changed' })
  t.notOk(isTainted(stage))
  t.match(
    stage.lines.filter(({ level }) => level === 'warn'),
    [{ fields: { node: 'node-a' } }],
    'and the operator learns of it',
  )
})

t.test('a cluster that fails is tried again', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  stage.simulator.faults.fail({ verb: 'get', resource: 'nodes' }, { status: 503 })
  t.match(await reconcile(stage), { result: 'retry', code: 'KUBE_SERVER_ERROR' })
})
