import t from 'tap'
import { forEachCluster } from '../support/cluster.ts'
import { tagsOf } from './_load-balancers.ts'
import { expectServed, expectWaiting, GRACE_MS, REST_MS, story } from './_stories.ts'

t.setTimeout(200_000)

const HOUR_MS = 3_600_000
const ONE_OF_ITS_OWN = { environment: { PNAP_IP_ALLOCATION: 'dedicated', PNAP_MAX_BLOCKS: '1' } }

forEachCluster(t, 'as many blocks as there may be', {}, async (t, cluster) => {
  const name = 'a block that was for another Service alone makes room for the next'
  story(t, cluster, name, ONE_OF_ITS_OWN, async (t, lb) => {
    await lb.create('first')
    await lb.settle()
    await expectServed(t, lb, 'first')
    const [before] = lb.blocks()
    await lb.create('second')
    await lb.settle()
    await expectWaiting(t, lb, 'second')

    await lb.remove('first')
    await lb.settle()
    await lb.timePasses(REST_MS)
    await lb.settle()
    await lb.timePasses(GRACE_MS)
    await lb.settle()
    await expectServed(t, lb, 'second')
    t.equal(lb.blocks().length, 1)
    t.not(lb.blocks()[0]?.id, before?.id, 'the block of the first one was given back')
  })

  const shared = 'a shared block makes room for a block of its own'
  const options = { blocks: ['/29'], ...ONE_OF_ITS_OWN }
  story(t, cluster, shared, options, async (t, lb) => {
    await lb.create('second')
    await lb.settle()
    await expectWaiting(t, lb, 'second')
    await lb.timePasses(GRACE_MS)
    await lb.settle()
    await expectServed(t, lb, 'second')
    t.equal(lb.blocks().length, 1)
  })

  const one = { environment: { PNAP_MAX_BLOCKS: '1' } }
  story(t, cluster, 'a block that nobody waits for any more makes room for another', one, async (t, lb) => {
    const createdOn = new Date(Date.now() - HOUR_MS).toISOString()
    const { id } = lb.backend.addIpBlock({ tags: tagsOf(lb.uid), status: 'error assigning', createdOn })
    lb.backend.updatePublicNetwork(lb.networkId, { blockIds: [id] })
    await lb.create('web')
    await lb.settle()
    await expectServed(t, lb, 'web')
    t.equal(lb.blocks().length, 1)
    t.not(lb.blocks()[0]?.id, id, 'the one that had failed was given back')
  })
})
