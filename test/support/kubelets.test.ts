import { networkInterfaces } from 'node:os'
import t from 'tap'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { forEachCluster, startTestCluster } from './cluster.ts'
import { createFakeNode, fakeKubelet, setReady } from './fake-kubelet.ts'
import { kubeletsMissing, startKubelets } from './kubelets.ts'

/** One of the labels that a kubelet repairs when it starts; most others stay as they are. */
const REGION = 'topology.kubernetes.io/region'

t.test('why kubelets are missing', async t => {
  const empty = t.testdir({})
  const full = t.testdir({ 'hollow-kubelet': '' })
  t.match(kubeletsMissing('', {}), 'KUBEBUILDER_ASSETS')
  t.match(kubeletsMissing(`${empty}/none`, {}), 'needs hollow-kubelet in KUBEBUILDER_ASSETS')
  t.equal(kubeletsMissing(`${empty}/none`, { CCM_REQUIRE_KUBELETS: '1' }), false)
  t.equal(kubeletsMissing(full, {}), false)
})

forEachCluster(t, 'a fake kubelet', { everyKind: true }, async (t, cluster) => {
  const kubelet = await cluster.kube('system:node:fake-1')
  const stored = await fakeKubelet(kubelet, 'fake-1', { nodeIP: '10.0.0.11', labels: { disk: 'ssd' } })
  t.match(stored, {
    metadata: {
      labels: { disk: 'ssd', 'kubernetes.io/hostname': 'fake-1' },
      annotations: { 'alpha.kubernetes.io/provided-node-ip': '10.0.0.11' },
    },
    spec: { taints: [{ key: 'node.cloudprovider.kubernetes.io/uninitialized' }, {}] },
  })
  await t.rejects(fakeKubelet(kubelet, 'fake-1'), { code: 'KUBE_ALREADY_EXISTS' })
  for (const ready of [true, false]) {
    const node = await setReady(kubelet, 'fake-1', ready)
    t.same(
      node.status?.conditions?.map(({ type, status }) => [type, status]),
      [['Ready', ready ? 'True' : 'False']],
    )
  }
})

t.test('real kubelets', { skip: kubeletsMissing() }, async t => {
  const cluster = await startTestCluster(t, { kind: 'apiserver' })
  const kube = await cluster.kube()
  const nodeIP = Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address
  const name = 'real-1'
  const read = async (): Promise<KubeNode> =>
    (await kube.request<KubeNode>({ path: `/api/v1/nodes/${name}` })).body
  const kubelets = await startKubelets(t, cluster, [
    { name, labels: { disk: 'ssd' }, ...(nodeIP ? { nodeIP } : {}) },
  ])
  await kubelets.untilReady()

  await t.test('register as the fake one does', async t => {
    const { metadata, spec, status } = await read()
    const fake = createFakeNode(name, { labels: { disk: 'ssd' }, ...(nodeIP ? { nodeIP } : {}), ready: true })
    t.same(metadata.labels, fake.metadata.labels)
    t.same(metadata.annotations, fake.metadata.annotations)
    t.same(
      spec?.taints?.filter(({ key }) => key !== 'node.kubernetes.io/not-ready'),
      fake.spec?.taints,
    )
    t.same(status?.addresses, fake.status?.addresses)
    t.match(status?.conditions, [{}, {}, {}, fake.status?.conditions?.[0]])
  })
  await t.test('can be stopped and started again with other labels', async t => {
    await kubelets.stop()
    await kubelets.start([{ name, labels: { [REGION]: 'PHX' } }])
    await kubelets.untilReady()
    t.equal((await read()).metadata.labels?.[REGION], 'PHX')
  })
})
