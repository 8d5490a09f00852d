import t from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import { assignedTo } from '../support/services.ts'
import { addBlocks, startLoadBalancers } from './_load-balancers.ts'
import { expectAddress, GRACE_MS, story } from './_stories.ts'

t.setTimeout(300_000)

const BLOCK = { blocks: ['/29'] }

forEachCluster(t, 'a block whose range cannot be right', {}, async (t, cluster) => {
  story(t, cluster, 'is told, kept and of no use', BLOCK, async (t, lb) => {
    await lb.create('team-b/theirs', { spec: { loadBalancerIP: '8.8.8.8' } })
    await lb.settle()
    const theirs = (await lb.service('team-b/theirs'))?.metadata.resourceVersion
    const [odd] = addBlocks(lb.backend, lb.networkId, lb.uid, ['/29'])
    const cidr = odd?.cidr ?? ''
    lb.backend.updateIpBlock(odd?.id ?? '', { cidr: '0.0.0.0/0' })
    for (let look = 0; look < 3; look++) {
      const { held } = await lb.pass()
      t.match(
        held.filter(note => note.includes('0.0.0.0/0')),
        [/^block .*: BMC says that its range is 0\.0\.0\.0\/0, which is larger than \/20: nobody gets/],
      )
      await lb.timePasses(GRACE_MS)
    }
    for (let count = 1; count <= 4; count++) await lb.create(`team-a/web-${count}`)
    await lb.settle()
    const own = lb.blocks().find(({ id }) => id !== odd?.id)
    for (let count = 1; count <= 4; count++) {
      const [address] = assignedTo(await lb.service(`team-a/web-${count}`))
      t.equal(address?.split('.').slice(0, 3).join('.'), own?.cidr?.split('.').slice(0, 3).join('.'))
    }
    t.equal((await lb.service('team-b/theirs'))?.metadata.resourceVersion, theirs, 'it is still left alone')
    t.ok(lb.blocks().some(({ id }) => id === odd?.id))
    t.equal(lb.purchases(), 0)
    lb.backend.updateIpBlock(odd?.id ?? '', { cidr })
  })

  t.test('keeps the addresses that Services have in it', async t => {
    const lb = await startLoadBalancers(t, cluster, BLOCK)
    await lb.create('team-a/web')
    await lb.settle()
    const address = await expectAddress(t, lb, 'team-a/web')
    const [block] = lb.blocks()
    const version = (await lb.service('team-a/web'))?.metadata.resourceVersion
    lb.backend.updateIpBlock(block?.id ?? '', { cidr: '127.0.0.0/29' })
    for (let look = 0; look < 3; look++) {
      await lb.pass()
      await lb.timePasses(GRACE_MS)
    }
    t.equal(await expectAddress(t, lb, 'team-a/web'), address)
    t.equal((await lb.service('team-a/web'))?.metadata.resourceVersion, version, 'it was not written at all')
    t.equal(lb.purchases(), 0)
    lb.backend.updateIpBlock(block?.id ?? '', { cidr: block?.cidr ?? '' })
    await lb.create('team-a/other')
    await lb.settle()
    await expectAddress(t, lb, 'team-a/other')
    t.equal(lb.purchases(), 0, 'and it is used again once BMC tells its range')
  })
})
