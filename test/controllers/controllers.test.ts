import t, { type Test } from 'tap'
import { createControllers } from '../../shared/controllers/controllers.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { makeInstance } from './_make.ts'
import { SERVICE_SETTINGS } from './_settings.ts'
import { createStage, INTERVAL_MS, type Stage } from './_stage.ts'

const SERVERS = ['a', 'b'].map(id => makeInstance(id, { hostname: `node-${id}` }))

async function setUp(t: Test): Promise<Stage & { controllers: ReturnType<typeof createControllers> }> {
  const stage = await createStage(t, { instances: SERVERS })
  const controllers = createControllers({
    ...stage.context,
    settings: {
      ...SERVICE_SETTINGS,
      resyncIntervalMs: INTERVAL_MS,
      nodeDeleteGraceMs: 0,
      nodeDeleteMaxShare: 0.2,
    },
  })
  return { ...stage, controllers }
}
const key = (name?: string) => ({ kind: 'Node', name }) as const

t.test('each node is worked on once, however often it is named', async t => {
  const stage = await setUp(t)
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  const keys = [key('node-a'), key('node-b'), key('node-a'), key('nobody')]
  const outcomes = await stage.controllers.reconcile(keys, stage.call())
  t.strictSame(
    outcomes.map(({ key, result }) => [key.name, result]),
    [
      ['node-a', 'changed'],
      ['node-b', 'changed'],
      ['nobody', 'gone'],
    ],
  )
  t.equal(stage.cloud.lists, 1, 'with one list for all')
})

t.test('a key without a name is every node', async t => {
  const stage = await setUp(t)
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  const outcomes = await stage.controllers.reconcile([key(), key('node-b')], stage.call())
  t.strictSame(new Set(outcomes.map(({ key }) => key.name)), new Set(['node-a', 'node-b']))
})

t.test('no keys are no work', async t => {
  const stage = await setUp(t)
  t.strictSame(await stage.controllers.reconcile([], stage.call()), [])
  t.equal(stage.simulator.requests.count(), 0)
})

t.test('one key that fails does not stop the others', async t => {
  const stage = await setUp(t)
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  stage.simulator.faults.fail({ resource: 'nodes', name: 'node-a' }, { status: 500 })
  const outcomes = await stage.controllers.reconcile([key('node-a'), key('node-b')], stage.call())
  t.match(outcomes, [{ result: 'retry', code: 'KUBE_SERVER_ERROR' }, { result: 'changed' }])
})

t.test('admission never throws', async t => {
  const stage = await setUp(t)
  stage.simulator.faults.down()
  const answer = await stage.controllers.admitNode(createFakeNode('node-a'), stage.call())
  t.match(answer, { patch: undefined, why: /KUBE_UNREACHABLE/, warnings: [] })
})

t.test('a pass through all of it', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  t.match(await stage.controllers.resync(stage.call()), { state: 'complete', nodes: 1, instances: 2 })
  const { patch } = await stage.controllers.admitNode(createFakeNode('node-b'), stage.call())
  t.ok(patch?.some(({ path }) => path === '/spec/providerID'))
})
