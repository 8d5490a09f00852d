import t from 'tap'
import { deleteNode, getNode, listNodes, patchNode, patchNodeStatus } from '../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { createStage } from '../controllers/_stage.ts'
import { createFakeKube } from './_fake-kube.ts'

const MACHINE = { machineID: 'machine-1', systemUUID: 'uuid-1' }

t.test('a node is cut down to what is read of it, and nothing of that is lost', async t => {
  const stage = await createStage(t)
  const stored = stage.addNode('node-a', {
    ...MACHINE,
    providerID: 'phoenixnap://a1',
    nodeIP: '10.0.0.1',
    ready: true,
  })
  const [node] = await listNodes(stage.kube)
  t.strictSame(Object.keys(node?.status ?? {}), ['addresses', 'conditions', 'nodeInfo'])
  t.match(node, {
    metadata: {
      name: 'node-a',
      uid: stored.metadata.uid,
      resourceVersion: stored.metadata.resourceVersion,
      creationTimestamp: stored.metadata.creationTimestamp,
      labels: stored.metadata.labels ?? {},
      annotations: stored.metadata.annotations ?? {},
    },
    spec: { providerID: 'phoenixnap://a1', taints: stored.spec?.taints ?? [] },
    status: { addresses: stored.status?.addresses ?? [], nodeInfo: MACHINE },
  })
  t.strictSame(node?.status?.conditions, [{ type: 'Ready', status: 'True' }])
  t.strictSame(await getNode(stage.kube, 'node-a'), node)
})

t.test('a node with nothing but a name', async t => {
  const stage = await createStage(t)
  stage.simulator.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'bare' } })
  const node = await getNode(stage.kube, 'bare')
  t.match(node, {
    spec: {},
    status: { addresses: [], conditions: [], nodeInfo: { machineID: '', systemUUID: '' } },
  })
  t.notOk('providerID' in (node.spec ?? {}))
})

t.test('a node that is being deleted shows it', async t => {
  const stage = await createStage(t)
  stage.addNode('node-a')
  stage.simulator.store.merge('nodes', 'node-a', { metadata: { finalizers: ['example.org/wait'] } })
  await deleteNode(stage.kube, await getNode(stage.kube, 'node-a'))
  t.ok((await getNode(stage.kube, 'node-a')).metadata.deletionTimestamp)
})

t.test('patches node and status, each only in its own part', async t => {
  const stage = await createStage(t)
  stage.addNode('node-a')
  const addresses = [{ type: 'InternalIP', address: '10.0.0.9' }]
  const both = { metadata: { labels: { a: 'b' } }, status: { addresses } }
  const labelled = await patchNode(stage.kube, 'node-a', both)
  t.equal(labelled.metadata.labels?.['a'], 'b')
  t.notMatch(labelled.status?.addresses, addresses)
  const addressed = await patchNodeStatus(stage.kube, 'node-a', { status: { addresses } })
  t.strictSame(addressed.status?.addresses, addresses, 'the whole list')
  t.equal(addressed.metadata.resourceVersion, stage.node('node-a').metadata.resourceVersion)
})

t.test('an old resourceVersion is a conflict', async t => {
  const stage = await createStage(t)
  const { resourceVersion } = stage.addNode('node-a').metadata
  stage.simulator.store.merge('nodes', 'node-a', { metadata: { labels: { a: 'b' } } })
  const body = { metadata: { resourceVersion, labels: { c: 'd' } } }
  await t.rejects(patchNode(stage.kube, 'node-a', body), { code: 'KUBE_CONFLICT' })
  await t.rejects(patchNodeStatus(stage.kube, 'node-a', body), { code: 'KUBE_CONFLICT' })
})

/** What came after the node was read → is it deleted all the same? */
const SINCE: readonly [name: string, change: 'nothing' | 'written' | 'replaced' | 'gone', code?: string][] = [
  ['nothing', 'nothing'],
  ['a write', 'written', 'KUBE_CONFLICT'],
  ['another node of its name', 'replaced', 'KUBE_CONFLICT'],
  ['its deletion', 'gone', 'KUBE_NOT_FOUND'],
]
for (const [name, change, code] of SINCE) {
  t.test(`a node is deleted only as it was read; since then: ${name}`, async t => {
    const stage = await createStage(t)
    stage.addNode('node-a')
    const read: KubeNode = await getNode(stage.kube, 'node-a')
    const { store } = stage.simulator
    if (change === 'written') store.merge('nodes', 'node-a', { metadata: { labels: { a: 'b' } } })
    if (change === 'replaced' || change === 'gone') store.delete('nodes', 'node-a')
    if (change === 'replaced') stage.addNode('node-a')
    if (code) await t.rejects(deleteNode(stage.kube, read), { code })
    else await deleteNode(stage.kube, read)
    const isThere = store.get('nodes', 'node-a') !== undefined
    t.equal(isThere, change === 'written' || change === 'replaced')
  })
}

t.test('a node that does not exist', async t => {
  const { kube } = await createStage(t)
  await t.rejects(getNode(kube, 'nobody'), { code: 'KUBE_NOT_FOUND' })
  await t.rejects(patchNode(kube, 'nobody', {}), { code: 'KUBE_NOT_FOUND' })
})

t.test('an answer that is no node is an error', async t => {
  const bodies = [
    undefined,
    'node-a',
    {},
    { metadata: {} },
    { metadata: { name: 'a' }, status: { conditions: {} } },
  ]
  for (const body of bodies)
    await t.rejects(
      getNode(
        createFakeKube(() => body),
        'a',
      ),
      { code: 'KUBE_SERVER_ERROR' },
      JSON.stringify(body),
    )
})

t.test('a name that no object can have asks for nothing', async t => {
  const kube = createFakeKube(() => ({ metadata: { name: 'other' } }))
  for (const name of ['', '.', '..', 'a\ud800', 'a'.repeat(254)])
    await t.rejects(getNode(kube, name), { code: 'KUBE_NOT_FOUND' }, JSON.stringify(name))
  t.strictSame(kube.requests, [])
})
