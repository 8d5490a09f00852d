import { applyPatch, type Operation } from 'rfc6902'
import t from 'tap'
import { admitNode } from '../../../shared/controllers/node/admit.ts'
import { resync } from '../../../shared/controllers/resync/resync.ts'
import { CcmError } from '../../../shared/errors.ts'
import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { createFakeNode, type FakeKubeletOptions } from '../../support/fake-kubelet.ts'
import { host, ip, makeInstance, outer } from '../_make.ts'
import { createStage, INTERVAL_MS, type Stage } from '../_stage.ts'

const WEB = makeInstance('a1', {
  hostname: 'Node-A',
  additionalLabels: { 'phoenixnap.com/os': 'ubuntu/jammy' },
})

async function setUp(t: Parameters<typeof createStage>[0], passes = 1): Promise<Stage> {
  const stage = await createStage(t, { instances: [WEB] })
  for (let pass = 0; pass < passes; pass++) await resync(stage.context, stage.call())
  stage.simulator.requests.clear()
  return stage
}

const admit = (stage: Stage, name: string, options?: FakeKubeletOptions) =>
  admitNode(stage.another(), createFakeNode(name, options), stage.call(8000))

t.test('a node that joins is stored initialised', async t => {
  const stage = await setUp(t)
  const before = stage.cloud.lists
  const { patch, warnings } = await admit(stage, 'node-a')
  t.strictSame(warnings, [])
  const node: KubeNode = structuredClone(createFakeNode('node-a'))
  t.strictSame(applyPatch(node, patch as Operation[]).filter(Boolean), [])
  t.strictSame(node.spec, { providerID: 'phoenixnap://a1', taints: [] })
  t.strictSame(node.status?.addresses, [ip('10.0.0.11'), outer('203.0.113.11'), host('node-a')])
  t.match(node.metadata, {
    labels: {
      'kubernetes.io/hostname': 'node-a',
      'node.kubernetes.io/instance-type': 's1.c1.small',
      'topology.kubernetes.io/region': 'PHX',
      'phoenixnap.com/os': 'ubuntu-jammy',
    },
    annotations: { 'phoenixnap.com/initialized': 'admission' },
  })
  t.strictSame(stage.writes(), [], 'reads only, and no event')
  t.equal(stage.cloud.lists, before + 1, 'a server that nobody has joined on is asked for')
})

t.test('a node that joins again is answered from the inventory', async t => {
  const stage = await setUp(t)
  stage.addNode('node-a')
  await resync(stage.context, stage.call())
  stage.simulator.store.delete('nodes', 'node-a')
  const before = stage.cloud.lists
  t.ok((await admit(stage, 'node-a')).patch)
  t.equal(stage.cloud.lists, before)
})

t.test('a burst of joins reads the inventory once', async t => {
  const stage = await setUp(t)
  const context = stage.another()
  const nodes = Array.from({ length: 20 }, () => createFakeNode('node-a'))
  const answers = await Promise.all(nodes.map(node => admitNode(context, node, stage.call(8000))))
  t.ok(answers.every(({ patch }) => patch !== undefined))
  t.ok(stage.simulator.requests.count() <= 2, 'one ConfigMap and one Lease')
})

/** [name, node, options] */
const UNTOUCHED: readonly [string, string, FakeKubeletOptions][] = [
  ['without the taint', 'node-a', { external: false }],
  ['of another cloud', 'node-a', { providerID: 'aws:///eu/i-1' }],
  ['that no server has', 'node-x', {}],
  ['with a provider ID that no server has', 'node-a', { providerID: 'phoenixnap://zz' }],
  ['with a mismatching --node-ip', 'node-a', { nodeIP: '10.9.9.9' }],
]
for (const [name, node, options] of UNTOUCHED) {
  t.test(`lets through untouched a node ${name}`, async t => {
    const stage = await setUp(t)
    const { patch, why } = await admit(stage, node, options)
    t.equal(patch, undefined)
    t.ok(why)
    t.strictSame(stage.writes(), [])
    t.strictSame(stage.events(), [])
  })
}

t.test('a node without a name yet is let through', async t => {
  const stage = await setUp(t)
  const { metadata, ...node } = createFakeNode('node-a')
  const nameless = { ...node, metadata: { ...metadata, name: '' } }
  t.match(await admitNode(stage.context, nameless, stage.call()), { patch: undefined, why: /no name/ })
})

t.test('the cloud gets half of the time, and no more', async t => {
  const stage = await setUp(t)
  await stage.clock.turn(2 * INTERVAL_MS)
  const before = stage.cloud.lists
  stage.cloud.meanwhile = () => new Promise(() => {})
  const answer = admitNode(stage.another(), createFakeNode('node-x'), stage.call(8000))
  while (stage.cloud.lists === before) await stage.clock.turn(0)
  const start = stage.clock.now()
  let answeredAt = 0
  const done = answer.then(() => (answeredAt = stage.clock.now()))
  await stage.clock.turn(3999)
  t.equal(answeredAt, 0)
  await stage.clock.turn(1)
  await done
  t.equal(answeredAt - start, 4000)
  t.equal((await answer).patch, undefined)
})

t.test('a cloud that is known to be down costs no time, and an old inventory answers', async t => {
  const stage = await setUp(t)
  await stage.clock.turn(3 * 3_600_000)
  stage.cloud.listError = new CcmError('BMC_UNREACHABLE', 'down')
  stage.cloud.silentSince = stage.clock.now()
  await resync(stage.context, stage.call())
  const before = stage.cloud.lists
  t.ok((await admit(stage, 'node-a')).patch)
  t.match(await admit(stage, 'node-x'), { patch: undefined, why: /down/ })
  t.equal(stage.cloud.lists, before)
})

t.test('a cluster that does not answer is thrown, for the caller to let the node through', async t => {
  const stage = await setUp(t)
  stage.simulator.faults.fail({ resource: 'leases' }, { status: 500 })
  await t.rejects(admit(stage, 'node-a'), { code: 'KUBE_SERVER_ERROR' })
})
