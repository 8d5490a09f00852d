import t, { type Test } from 'tap'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { forEachCluster } from '../support/cluster.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { ADDRESSES, KUBE_VIP_IPS } from '../support/services.ts'
import { type LoadBalancers, MINUTE, startLoadBalancers, tagsOf } from './_load-balancers.ts'
import { expectAddress, expectGone, GRACE_MS, REST_MS, story, TYPE_CHANGE_REST_MS } from './_stories.ts'

t.setTimeout(200_000)

const LIST = 'GET /ips/v1/ip-blocks'
const ONE = 'GET /ips/v1/ip-blocks/{ipBlockId}'
const NETWORK = 'GET /networks/v1/public-networks/{publicNetworkId}'
const BLOCK = { blocks: ['/29'] }

/** While `doubt` lasts, passes and rings leave the Service as it is, and nothing is bought. */
async function expectUnmoved(t: Test, lb: LoadBalancers, doubt: (lb: LoadBalancers) => void): Promise<void> {
  await lb.create('live')
  await lb.settle()
  const address = await expectAddress(t, lb, 'live')
  const version = (await lb.service('live'))?.metadata.resourceVersion
  doubt(lb)
  for (let look = 0; look < 3; look++) {
    await lb.pass()
    await lb.reconcile([{ kind: 'Service', namespace: 'default', name: 'live' }])
    await lb.timePasses(GRACE_MS)
  }
  t.equal(await expectAddress(t, lb, 'live'), address)
  t.equal((await lb.service('live'))?.metadata.resourceVersion, version, 'it was not written at all')
  t.match(await lb.claimsOf('live'), [{ address, state: 'active' }])
  t.equal(lb.purchases(), 0)
  lb.bmc.faults.clear()
}

forEachCluster(t, 'doubt about a block', {}, async (t, cluster) => {
  const doubts: Readonly<Record<string, (lb: LoadBalancers) => void>> = {
    'the list is cut': lb => void lb.bmc.faults.add({ operation: LIST, status: 200, body: [] }),
    'the list is cut, and BMC denies the block that the network names': lb => {
      lb.bmc.faults.add({ operation: LIST, status: 200, body: [] })
      lb.bmc.faults.add({ operation: ONE, status: 403 })
    },
    'block and network do not name each other': lb => {
      const [block] = lb.blocks()
      const { memberships: _m, ipBlocks: _b, ...network } = lb.backend.publicNetwork(lb.networkId)
      lb.bmc.faults.add({
        operation: NETWORK,
        status: 200,
        body: { ...network, memberships: null, ipBlocks: null },
      })
      lb.bmc.faults.add({ operation: LIST, status: 200, body: [{ ...block, assignedResourceId: null }] })
    },
    'the network cannot be read': lb => void lb.bmc.faults.add({ operation: NETWORK, status: 500 }),
  }
  for (const [name, doubt] of Object.entries(doubts))
    story(t, cluster, name, BLOCK, async (t, lb) => expectUnmoved(t, lb, doubt))

  story(t, cluster, 'somebody else marks it', BLOCK, async (t, lb) => {
    await lb.create('live')
    await lb.settle()
    const address = await expectAddress(t, lb, 'live')
    const id = lb.blocks()[0]?.id ?? ''
    lb.backend.updateIpBlock(id, { tags: tagsOf(lb.uid, { delete: 'true' }) })
    await lb.pass()
    t.equal(await expectAddress(t, lb, 'live'), address)
    await lb.settle()
    t.notOk(
      lb.backend.ipBlock(id).tags?.some(({ name }) => name === 'delete'),
      'and the mark is taken off',
    )
  })

  t.test('the settings name another network', async t => {
    const lb = await startLoadBalancers(t, cluster, BLOCK)
    await lb.create('live')
    await lb.settle()
    const address = await expectAddress(t, lb, 'live')
    const [block] = lb.blocks()
    const other = lb.backend.addPublicNetwork().id
    const app = await lb.world.another({ PNAP_LOAD_BALANCER: `kube-vip://${other}` })
    for (let pass = 0; pass < 3; pass++) {
      const report = await app.controllers.resync({ deadline: lb.clock.now() + MINUTE })
      t.match(report.held, [/on another network/])
      await lb.timePasses(GRACE_MS)
    }
    t.equal(await expectAddress(t, lb, 'live'), address)
    t.strictSame(
      lb.blocks().map(({ id, status }) => ({ id, status })),
      [{ id: block?.id, status: 'assigned' }],
    )
    t.equal(lb.purchases(), 0)
    await lb.remove('live')
    await lb.reconcile()
    for (let pass = 0; pass < 5; pass++) {
      await lb.timePasses(REST_MS + GRACE_MS)
      await app.controllers.resync({ deadline: lb.clock.now() + MINUTE })
      await lb.cloudWorks()
    }
    t.strictSame(lb.blocks(), [], 'what nobody uses any more is given back from there')
  })

  story(t, cluster, 'the state of its claim was edited', BLOCK, async (t, lb) => {
    await lb.create('live')
    await lb.settle()
    const address = await expectAddress(t, lb, 'live')
    const annotations = { 'phoenixnap.com/state': 'Activ' }
    await lb.admin.request({
      method: 'PATCH',
      patch: 'merge',
      path: `${ADDRESSES}/${address}`,
      body: { metadata: { annotations } },
    })
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'live'), address)
    await lb.admin.request({
      method: 'PATCH',
      patch: 'merge',
      path: `${ADDRESSES}/${address}`,
      body: { metadata: { annotations: { 'phoenixnap.com/state': 'active' } } },
    })
  })
})

forEachCluster(t, 'a name that is used again', {}, async (t, cluster) => {
  const others: Readonly<Record<string, object>> = {
    'by a Service of a class that is not ours': { spec: { loadBalancerClass: 'example.com/other' } },
    'by a Service that somebody else serves': { annotations: { [KUBE_VIP_IPS]: '192.168.7.7' } },
  }
  for (const [name, wish] of Object.entries(others))
    story(t, cluster, name, BLOCK, async (t, lb) => {
      await lb.create('web')
      await lb.settle()
      await lb.remove('web')
      await lb.settle()
      await expectGone(t, lb, 'web')
      await lb.create('web', wish)
      for (let round = 0; round < 3; round++) {
        await lb.timePasses(REST_MS + GRACE_MS)
        await lb.settle()
      }
      t.strictSame(await lb.claimsOf('web'), [], 'the rest of its address has ended')
      t.strictSame(lb.blocks(), [], 'and its block was given back')
    })

  story(t, cluster, 'another type, deleted before anybody looked', BLOCK, async (t, lb) => {
    await lb.create('flip')
    await lb.settle()
    await lb.change('flip', { spec: { type: 'ClusterIP' } })
    await lb.remove('flip')
    await lb.settle()
    await lb.timePasses(TYPE_CHANGE_REST_MS / 2)
    await lb.settle()
    t.match(await lb.claimsOf('flip'), [{ state: 'released' }], 'kube-vip may still have it on an interface')
  })
})

forEachCluster(t, 'nobody waits for somebody else', {}, async (t, cluster) => {
  story(t, cluster, 'a node does not for a cloud that hangs over blocks', BLOCK, async (t, lb) => {
    lb.backend.addServer({ hostname: 'node-doubt' })
    await lb.admin.request({ method: 'POST', path: '/api/v1/nodes', body: createFakeNode('node-doubt') })
    lb.bmc.faults.add({ operation: LIST, hang: true })
    const { failures } = await lb.world.resync({ deadline: lb.clock.now() + 4000 })
    t.match(failures, [{ name: 'blocks' }])
    const { body } = await lb.admin.request<KubeNode>({ path: '/api/v1/nodes/node-doubt' })
    t.match(body.spec?.providerID, /^phoenixnap:/)
    lb.bmc.faults.clear()
    await lb.admin.request({ method: 'DELETE', path: '/api/v1/nodes/node-doubt' })
    await lb.settle()
  })

  story(t, cluster, 'a worker does not for a Service that is never stored', BLOCK, async (t, lb) => {
    const key = { kind: 'Service', namespace: 'default', name: 'never' } as const
    t.match(await lb.reconcile([{ ...key, seen: '' }]), [{ key, result: 'waiting', retryAfterMs: 1000 }])
    t.match(await lb.reconcile([key]), [{ key, result: 'gone' }])
  })
})
