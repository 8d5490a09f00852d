import t from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import { forEachCluster } from '../support/cluster.ts'
import { assignedTo, isHeld } from '../support/services.ts'
import { type LoadBalancers, MINUTE, startLoadBalancers } from './_load-balancers.ts'
import { expectSound } from './_sound.ts'
import {
  expectAddress,
  expectEvent,
  expectGone,
  expectNothingLeft,
  expectServed,
  GRACE_MS,
  lookAround,
  manyNames,
  REST_MS,
  soon,
  story,
  untilConfirmed,
} from './_stories.ts'

t.setTimeout(200_000)

const ONE = { blocks: ['/29'] } as const
const PARALLEL = 16
const TAGGING = 'PUT /ips/v1/ip-blocks/{ipBlockId}/tags'
const BUYING = 'POST /ips/v1/ip-blocks'

const removeAll = (lb: LoadBalancers, names: readonly string[]) =>
  mapLimit(names, PARALLEL, name => lb.remove(name))

/** Every rest and every grace passes. */
async function waitItOut(lb: LoadBalancers): Promise<void> {
  await lb.settle()
  await lb.timePasses(REST_MS)
  await lb.settle()
  await lb.timePasses(GRACE_MS)
  await lb.settle()
}

forEachCluster(t, 'a Service is deleted', {}, async (t, cluster) => {
  story(t, cluster, 'and nothing of ours remains when its time is over', {}, async (t, lb) => {
    const before = await lookAround(lb)
    const names = manyNames('twelve', 12)
    await mapLimit(names, PARALLEL, name => lb.create(name))
    await lb.settle()
    for (const name of names) await expectServed(t, lb, name)
    await removeAll(lb, names)
    await lb.settle()
    await expectGone(t, lb, ...names)
    t.strictSame(new Set((await lb.claims()).map(({ state }) => state)), new Set(['released']))
    t.equal(lb.blocks().length, 1, 'the block is kept as long as addresses of it rest')

    await lb.timePasses(REST_MS)
    await lb.settle()
    t.strictSame(await lb.claims(), [], 'the rest is over')
    t.equal(lb.blocks().length, 1, 'and the grace begins')
    t.match(await lb.gates(), [{ state: 'open', unusedSince: /^\d/ }])
    await lb.timePasses(GRACE_MS)
    await lb.settle()
    await expectNothingLeft(t, lb, before)
  })

  const dedicated = { environment: { PNAP_IP_ALLOCATION: 'dedicated' } }
  story(t, cluster, 'eight of them, with a block each, within one grace time', dedicated, async (t, lb) => {
    const before = await lookAround(lb)
    const names = manyNames('own', 8)
    await mapLimit(names, PARALLEL, name => lb.create(name))
    await lb.settle()
    for (const name of names) await expectServed(t, lb, name)
    t.equal(lb.purchases(), 8)
    await removeAll(lb, names)
    await lb.settle()
    await lb.timePasses(REST_MS)
    await lb.settle()
    await lb.timePasses(GRACE_MS)
    const from = lb.clock.now()
    await lb.settle()
    t.ok(lb.clock.now() - from <= 12 * MINUTE, 'eight steps of a minute each that a network takes one by one')
    await expectNothingLeft(t, lb, before)
  })

  story(t, cluster, 'and made again within the rest: the same address', ONE, async (t, lb) => {
    await lb.create('again')
    await lb.settle()
    const address = await expectAddress(t, lb, 'again')
    await lb.remove('again')
    await lb.settle()
    await expectGone(t, lb, 'again')
    const others = manyNames('other', 4)
    for (const name of others) await lb.create(name)
    await lb.settle()
    for (const name of others)
      t.not(await expectAddress(t, lb, name), address, 'nobody else has it meanwhile')
    await lb.timePasses(5 * MINUTE)
    const { service } = await lb.create('again')
    t.strictSame(assignedTo(service), [address], 'it comes back at once')
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'again'), address)
    t.match(await lb.claimsOf('again'), [{ state: 'active', serviceUid: service.metadata.uid }])
  })

  const retained = { 'phoenixnap.com/retain-ip': 'true' }
  story(t, cluster, 'that keeps its address for good', ONE, async (t, lb) => {
    await lb.create('kept', { annotations: retained })
    await lb.settle()
    const address = await expectAddress(t, lb, 'kept')
    await lb.remove('kept')
    await waitItOut(lb)
    await lb.timePasses(365 * 24 * 60 * MINUTE)
    await lb.settle()
    await expectGone(t, lb, 'kept')
    t.match(await lb.claimsOf('kept'), [{ address, state: 'retained' }])
    t.equal(lb.blocks().length, 1)
    await lb.create('kept')
    await lb.settle()
    t.equal(await expectAddress(t, lb, 'kept'), address)
  })

  story(
    t,
    cluster,
    'without a rest or a grace',
    { environment: { PNAP_RELEASE_QUARANTINE: '0s', PNAP_BLOCK_GRACE: '0s' } },
    async (t, lb) => {
      const before = await lookAround(lb)
      await lb.create('quick')
      await lb.settle()
      await expectServed(t, lb, 'quick')
      await lb.remove('quick')
      await lb.settle()
      // Time is counted in whole seconds.
      await lb.timePasses(1000)
      await lb.settle()
      await lb.timePasses(1000)
      await lb.settle()
      await expectNothingLeft(t, lb, before)
    },
  )

  story(t, cluster, 'before it has an address', {}, async (t, lb) => {
    const before = await lookAround(lb)
    await lb.create('hasty')
    await lb.pass()
    t.equal(lb.purchases(), 1, 'its block is on its way')
    await lb.remove('hasty')
    await lb.reconcile()
    await expectGone(t, lb, 'hasty')
    await waitItOut(lb)
    await expectNothingLeft(t, lb, before)
    t.equal(lb.purchases(), 1)
  })

  const LOST = {
    'the answer to the purchase was lost': { operation: BUYING, reset: 'after', times: 1 },
    'the purchase was never made': { operation: BUYING, reset: 'before', times: 1 },
    'a proxy gave up on the purchase': { operation: BUYING, status: 504, afterEffect: true, times: 1 },
    'the assignment was lost': {
      operation: 'POST /networks/v1/public-networks/{publicNetworkId}/ip-blocks',
      reset: 'after',
      times: 1,
    },
  } as const
  for (const [what, fault] of Object.entries(LOST)) {
    story(t, cluster, `before it has an address, and ${what}`, {}, async (t, lb) => {
      const before = await lookAround(lb)
      lb.bmc.faults.add(fault)
      await lb.create('hasty')
      for (let step = 0; step < 4; step++) {
        await lb.pass()
        await lb.cloudWorks()
        if (step === 2) await lb.remove('hasty')
      }
      t.ok(lb.purchases() > 0, 'there was a purchase')
      t.ok(lb.blocks().length <= 1, 'and none twice')
      await waitItOut(lb)
      await expectGone(t, lb, 'hasty')
      await expectNothingLeft(t, lb, before)
    })
  }

  story(t, cluster, 'before it has an address, and the process was killed', {}, async (t, lb) => {
    const before = await lookAround(lb)
    const dying = await lb.world.another()
    await lb.create('orphan')
    // The block is bought, and whoever bought it never hears of it.
    lb.bmc.faults.add({ operation: BUYING, hang: true, afterEffect: true, times: 1 })
    const stop = new AbortController()
    const work = dying.controllers.resync({ deadline: lb.clock.now() + MINUTE, signal: stop.signal })
    await soon('its block is bought', () => lb.blocks().length > 0)
    dying.close()
    stop.abort('killed')
    await work.catch(() => {})
    await lb.remove('orphan')
    // Until nobody holds the Leases any more that it died with.
    await lb.timePasses(10 * MINUTE)
    await waitItOut(lb)
    await expectGone(t, lb, 'orphan')
    await expectNothingLeft(t, lb, before)
  })

  story(t, cluster, 'and the cloud fails to tag its block', {}, async (t, lb) => {
    const before = await lookAround(lb)
    await lb.create('tagged')
    await lb.settle()
    await expectServed(t, lb, 'tagged')
    await lb.remove('tagged')
    await lb.settle()
    await lb.timePasses(REST_MS)
    await lb.settle()
    await lb.timePasses(GRACE_MS)
    const failing = lb.bmc.faults.add({ operation: TAGGING, status: 500 })
    await lb.pass()
    await lb.cloudWorks()
    await lb.pass()
    t.equal(lb.blocks().length, 1)
    failing.remove()
    await lb.settle()
    await expectNothingLeft(t, lb, before)
  })

  story(t, cluster, 'and the cloud fails to take its block off the network', {}, async (t, lb) => {
    const before = await lookAround(lb)
    await lb.create('stuck')
    await lb.settle()
    await expectServed(t, lb, 'stuck')
    await lb.remove('stuck')
    lb.bmc.faults.failUnassignments(2)
    await waitItOut(lb)
    await expectNothingLeft(t, lb, before)
  })

  story(t, cluster, 'and another comes while its block is given back', {}, async (t, lb) => {
    await lb.create('goes')
    await lb.settle()
    await lb.remove('goes')
    await lb.settle()
    await lb.timePasses(REST_MS)
    await lb.settle()
    await lb.timePasses(GRACE_MS)
    await lb.pass()
    await lb.create('comes')
    await lb.settle()
    await expectServed(t, lb, 'comes')
    t.ok(lb.blocks().length === 1, 'it is served, from that block or from a new one, and only one is kept')
  })

  story(t, cluster, 'while BMC is down', ONE, async (t, lb) => {
    const before = await lookAround(lb)
    await lb.create('offline')
    await lb.settle()
    const address = await expectAddress(t, lb, 'offline')
    lb.bmc.faults.down()
    await lb.remove('offline')
    await lb.reconcile()
    await lb.pass()
    // Its address rests, so that nothing is to be given back yet: it does not wait for the cloud.
    await expectGone(t, lb, 'offline')
    t.match(await lb.claimsOf('offline'), [{ address, state: 'released' }])
    await lb.timePasses(REST_MS)
    await lb.pass()
    await lb.timePasses(GRACE_MS)
    await lb.pass()
    t.equal(lb.blocks().length, 1, 'the block waits for the cloud')
    lb.bmc.faults.up()
    await waitItOut(lb)
    await expectNothingLeft(t, lb, before)
  })

  story(t, cluster, 'while it waits and BMC is down', {}, async (t, lb) => {
    lb.bmc.faults.down()
    await lb.create('dark')
    await lb.reconcile()
    await lb.pass()
    t.ok(isHeld(await lb.service('dark')))
    await expectEvent(t, lb, 'dark', { type: 'Warning', reason: 'SyncLoadBalancerFailed', message: /BMC/ })
    await lb.remove('dark')
    await lb.reconcile()
    await expectGone(t, lb, 'dark')
    lb.bmc.faults.up()
    await lb.settle()
    t.strictSame(lb.blocks(), [])
  })

  t.test('with kubectl, behind the webhook: it is gone in a moment, and no audit is needed', async t => {
    const lb = await startLoadBalancers(t, cluster, { by: 'webhook', ...ONE })
    await lb.create('prompt')
    await untilConfirmed(lb, 'prompt')
    const address = await expectAddress(t, lb, 'prompt')
    const asked = lb.requests()
    await lb.remove('prompt')
    await soon('it is gone', async () => (await lb.service('prompt')) === undefined)
    t.match(await lb.claimsOf('prompt'), [{ address, state: 'released' }])
    t.equal(lb.requests(), asked, 'the cloud is not asked')
    await expectEvent(t, lb, 'prompt', { type: 'Normal', reason: 'DeletedLoadBalancer' })
    await expectSound(t, lb)
  })
})
