import t, { type Test } from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import { forEachCluster, startTestCluster, type TestCluster } from '../support/cluster.ts'
import { assignedTo } from '../support/services.ts'
import { type LoadBalancers, MINUTE, startLoadBalancers } from './_load-balancers.ts'
import { expectSound, withoutAge } from './_sound.ts'
import { expectEvent, expectServed, expectWaiting, GRACE_MS, manyNames, REST_MS } from './_stories.ts'

t.setTimeout(200_000)

const PARALLEL = 16

/** Both settle at the same time on a cloud that works. */
async function settleBoth(pair: readonly LoadBalancers[]): Promise<void> {
  await Promise.all(pair.map(lb => lb.settle()))
  for (const lb of pair) await lb.settle()
}

const addressesOf = async (lb: LoadBalancers): Promise<string[]> =>
  (await lb.services()).flatMap(service => assignedTo(service))

forEachCluster(t, 'two clusters on one account and one public network', {}, async (t, cluster) => {
  const other = await startTestCluster(t, { kind: 'simulator' })

  async function startBoth(t: Test, clusters: readonly [TestCluster, TestCluster] = [cluster, other]) {
    const one = await startLoadBalancers(t, clusters[0])
    // Bought by nobody's cluster: for servers.
    const { id } = one.backend.addIpBlock({ cidrBlockSize: '/29' })
    const assigned = {
      status: 'assigned',
      assignedResourceId: one.networkId,
      assignedResourceType: 'public network',
    }
    one.backend.updateIpBlock(id, assigned)
    one.backend.updatePublicNetwork(one.networkId, { blockIds: [id] })
    const two = await startLoadBalancers(t, clusters[1], { shared: one })
    t.not(one.uid, two.uid)
    return { one, two, servers: one.backend.ipBlock(id) }
  }

  t.test('each buys, uses and gives back its own blocks only', async t => {
    const { one, two, servers } = await startBoth(t)
    // Of the same names: nothing but the cluster tells them apart.
    const names = manyNames('twin', 15)
    for (const lb of [one, two]) await mapLimit(names, PARALLEL, name => lb.create(name))
    await settleBoth([one, two])
    const all = [...(await addressesOf(one)), ...(await addressesOf(two))]
    t.equal(all.length, 30)
    t.equal(new Set(all).size, 30, 'no address is in both')
    for (const lb of [one, two]) {
      for (const name of names) await expectServed(t, lb, name)
      t.equal(lb.blocks().length, 2, 'each has as many blocks as it needs')
    }

    const kept = withoutAge(two.blocks())
    await mapLimit(names, PARALLEL, name => one.remove(name))
    await one.settle()
    await one.timePasses(REST_MS)
    await settleBoth([one, two])
    await one.timePasses(GRACE_MS)
    await settleBoth([one, two])
    t.strictSame(one.blocks(), [], 'one gives back all of its blocks')
    t.strictSame(withoutAge(two.blocks()), kept, 'and none of the other’s')
    t.strictSame(
      withoutAge([one.backend.ipBlock(servers.id)]),
      withoutAge([servers]),
      'nor the one of nobody',
    )
    for (const lb of [one, two]) await expectSound(t, lb)
  })

  t.test('they share the ten blocks that the network takes', async t => {
    const { one, two } = await startBoth(t)
    await mapLimit(manyNames('more', 110), PARALLEL, name => one.create(name))
    await one.settle()
    t.equal(one.blocks().length, 9, 'nine of them, beside the one of nobody')
    t.equal((await addressesOf(one)).length, 110)
    await two.create('late')
    await two.settle()
    await expectWaiting(t, two, 'late')
    await expectEvent(t, two, 'late', {
      type: 'Warning',
      reason: 'SyncLoadBalancerFailed',
      message: /\b10\b.*blocks?/i,
    })
    t.strictSame(two.blocks(), [], 'and nothing was bought that cannot be assigned')

    await mapLimit(manyNames('more', 110), PARALLEL, name => one.remove(name))
    await one.settle()
    await one.timePasses(REST_MS)
    await one.settle()
    await one.timePasses(GRACE_MS)
    await one.settle()
    await two.timePasses(5 * MINUTE)
    await two.settle()
    await expectServed(t, two, 'late')
    for (const lb of [one, two]) await expectSound(t, lb)
  })
})
