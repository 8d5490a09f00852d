import t from 'tap'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { startServed } from '../support/served.ts'
import { watchNodes } from '../support/watch.ts'
import { events } from './_deletion.ts'

t.setTimeout(300_000)

const isTainted = ({ spec }: KubeNode): boolean =>
  spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT) ?? false

forEachCluster(t, 'a joining node', {}, async (t, cluster) => {
  const served = await startServed(t, cluster)
  const admin = await cluster.kube()

  t.test('is initialised before anybody sees it, by the one write of its kubelet', async t => {
    const { id } = served.bmc.backend.addServer({
      hostname: 'join-a',
      type: 's1.c1.small',
      location: 'PHX',
      os: 'ubuntu/jammy',
      privateIpAddresses: ['10.0.0.11', '10.0.0.111'],
      publicIpAddresses: ['203.0.113.10'],
    })
    const watch = await watchNodes(cluster)
    t.teardown(() => watch.close())
    await fakeKubelet(await cluster.kube('system:node:join-a'), 'join-a', { labels: { custom: '1' } })
    const first = await watch.until(({ object }) => object.metadata.name === 'join-a')
    t.match(first, {
      type: 'ADDED',
      object: {
        metadata: {
          labels: {
            custom: '1',
            'node.kubernetes.io/instance-type': 's1.c1.small',
            'beta.kubernetes.io/instance-type': 's1.c1.small',
            'topology.kubernetes.io/region': 'PHX',
            'failure-domain.beta.kubernetes.io/region': 'PHX',
            'phoenixnap.com/os': 'ubuntu-jammy',
          },
          annotations: { 'phoenixnap.com/initialized': 'admission' },
        },
        spec: { providerID: `phoenixnap://${id}` },
      },
    })
    t.same(first.object.status?.addresses, [
      { type: 'InternalIP', address: '10.0.0.11' },
      { type: 'InternalIP', address: '10.0.0.111' },
      { type: 'ExternalIP', address: '203.0.113.10' },
      { type: 'Hostname', address: 'join-a' },
    ])
    t.notOk(
      watch.events.some(({ object }) => isTainted(object)),
      'no client ever sees the taint',
    )

    // A second node through the same queue: by the time it is there, any write for the first would be too.
    served.bmc.backend.addServer({ hostname: 'join-b' })
    await fakeKubelet(await cluster.kube('system:node:join-b'), 'join-b')
    await watch.until(({ object }) => object.metadata.name === 'join-b')
    t.equal(
      watch.events.filter(({ object }) => object.metadata.name === 'join-a').length,
      1,
      'no write follows',
    )
    t.same(await events(admin, 'join-a'), [], 'and no event')
  })
})
