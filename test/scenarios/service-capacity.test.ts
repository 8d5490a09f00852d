import t from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import { forEachCluster } from '../support/cluster.ts'
import { assignedTo, isWaiting } from '../support/services.ts'
import type { LoadBalancers } from './_load-balancers.ts'
import { toRefusedReview } from './_reviews.ts'
import { expectEvent, expectServed, expectWaiting, manyNames, REST_MS, story } from './_stories.ts'

t.setTimeout(200_000)

const HOUR_MS = 3_600_000
/** So many users at once. */
const PARALLEL = 16
const FIXED = { PNAP_IP_BLOCK_SIZE: '/28' }

const createAll = (lb: LoadBalancers, names: readonly string[]) =>
  mapLimit(names, PARALLEL, name => lb.create(name))

/** Addresses of the blocks that are there now. */
const bought = (lb: LoadBalancers): number =>
  lb.blocks().reduce((sum, { cidr }) => sum + 2 ** (32 - Number(cidr.split('/')[1])), 0)

const servedIn = async (lb: LoadBalancers): Promise<string[]> =>
  (await lb.services()).flatMap(service => assignedTo(service))

forEachCluster(t, 'capacity', {}, async (t, cluster) => {
  story(t, cluster, '12 Services at once on an empty network share one purchase', {}, async (t, lb) => {
    const names = manyNames('twelve', 12)
    await createAll(lb, names)
    await lb.settle()
    for (const name of names) await expectServed(t, lb, name)
    t.equal(lb.purchases(), 1)
    t.equal(bought(lb), 16, 'the smallest block that serves them')
  })

  for (const cloudBehindMs of [2 * HOUR_MS, -2 * HOUR_MS]) {
    const name = `blocks on their way are waited for where BMC's clock is off by ${cloudBehindMs} ms`
    const settings = { blockCreateMs: 5 * 60_000 }
    story(t, cluster, name, { cloudBehindMs, settings }, async (t, lb) => {
      await createAll(lb, manyNames('off', 3))
      while (lb.blocks().every(({ status }) => status === 'creating')) {
        await lb.pass()
        await lb.cloudWorks()
      }
      await lb.settle()
      for (const name of manyNames('off', 3)) await expectServed(t, lb, name)
      t.equal(lb.purchases(), 1)
      t.equal(lb.blocks().length, 1)
    })
  }

  story(t, cluster, '100 Services one by one', {}, async (t, lb) => {
    for (const name of manyNames('queue', 100)) {
      const { service } = await lb.create(name)
      if (isWaiting(service)) await lb.settle()
    }
    const addresses = await servedIn(lb)
    t.equal(new Set(addresses).size, 100)
    t.ok(bought(lb) <= 136, `${bought(lb)} addresses were bought, at most 1.36 for each`)
    t.equal(lb.purchases(), lb.blocks().length)
  })

  const ten = Array.from({ length: 10 }, () => '/28')
  story(t, cluster, '130 fit into ten blocks of /28', { blocks: ten, environment: FIXED }, async (t, lb) => {
    await createAll(lb, manyNames('full', 130))
    await lb.settle()
    t.equal(new Set(await servedIn(lb)).size, 130)
    await lb.create('surplus')
    await lb.settle()
    await expectWaiting(t, lb, 'surplus')
    const said = { type: 'Warning', reason: 'SyncLoadBalancerFailed', message: /\b10\b.*blocks?/i } as const
    await expectEvent(t, lb, 'surplus', said)
    t.equal(lb.purchases(), 0)

    await lb.remove('full-007')
    await lb.settle()
    await expectWaiting(t, lb, 'surplus')
    await lb.timePasses(REST_MS)
    await lb.settle()
    await expectServed(t, lb, 'surplus')
  })

  story(t, cluster, 'where the size is sold out, the next smaller is bought', {}, async (t, lb) => {
    lb.backend.setStock('PHX', '/28', 0)
    await createAll(lb, manyNames('small', 9))
    await lb.settle()
    t.equal(new Set(await servedIn(lb)).size, 9)
    t.strictSame(
      lb.blocks().map(({ cidrBlockSize }) => cidrBlockSize),
      ['/29', '/29'],
    )
  })

  story(t, cluster, 'where nothing is sold, every Service that waits is told', {}, async (t, lb) => {
    for (const size of ['/28', '/29', '/30']) lb.backend.setStock('PHX', size, 0)
    await createAll(lb, ['sold-a', 'sold-b'])
    await lb.settle()
    for (const name of ['sold-a', 'sold-b']) {
      await expectWaiting(t, lb, name)
      await expectEvent(t, lb, name, {
        type: 'Warning',
        reason: 'SyncLoadBalancerFailed',
        message: /BMC_OUT_OF_STOCK/,
      })
    }
    lb.backend.setStock('PHX', '/29', 1)
    await lb.timePasses(5 * 60_000)
    await lb.settle()
    for (const name of ['sold-a', 'sold-b']) await expectServed(t, lb, name)
  })

  story(t, cluster, 'a quota that is used up is named, and its end is noticed', {}, async (t, lb) => {
    lb.backend.setQuota('bmc.public_ips.max_count', 0)
    await lb.create('quota')
    await lb.settle()
    await expectWaiting(t, lb, 'quota')
    await expectEvent(t, lb, 'quota', {
      type: 'Warning',
      reason: 'SyncLoadBalancerFailed',
      message: /quota/i,
    })
    lb.backend.setQuota('bmc.public_ips.max_count', 512)
    await lb.timePasses(5 * 60_000)
    await lb.settle()
    await expectServed(t, lb, 'quota')
  })

  const capped = { PNAP_MAX_BLOCKS: '1' }
  story(t, cluster, 'no more blocks are bought than are allowed', { environment: capped }, async (t, lb) => {
    await createAll(lb, manyNames('cap', 3))
    await lb.settle()
    await createAll(lb, manyNames('late', 4))
    await lb.settle()
    t.equal((await servedIn(lb)).length, 5)
    t.equal(lb.purchases(), 1)
    const waiting = (await lb.services()).filter(isWaiting).map(({ metadata }) => metadata.name)
    t.equal(waiting.length, 2)
    for (const name of waiting) {
      await expectEvent(t, lb, name, {
        type: 'Warning',
        reason: 'SyncLoadBalancerFailed',
        message: /\b1\b.*block/i,
      })
    }
  })

  story(
    t,
    cluster,
    'a flood of refused Services does not drain the pool',
    { blocks: ['/28'] },
    async (t, lb) => {
      const reviews = manyNames('team-a/flood', 30).map(name => toRefusedReview(name))
      const { controllers } = lb.world.app
      const answers = await mapLimit(reviews, PARALLEL, review =>
        controllers.admitService(review, { deadline: lb.clock.now() + 10_000 }),
      )
      t.equal(answers.length, 30)
      const flood = (await lb.claims()).filter(({ service }) => service?.startsWith('team-a/'))
      t.ok(flood.length <= 10, `${flood.length} addresses were taken by it, at most ten of a namespace`)
      t.strictSame(new Set(flood.map(({ state }) => state)), new Set(['unconfirmed']))
      t.notOk(isWaiting((await lb.create('team-b/real')).service), 'another team is served at once')
      await expectServed(t, lb, 'team-b/real')

      await lb.timePasses(4 * 60_000)
      await lb.pass()
      t.equal(
        (await lb.claims()).filter(({ service }) => service?.startsWith('team-a/')).length,
        flood.length,
      )
      await lb.timePasses(65_000)
      await lb.settle()
      t.strictSame(
        (await lb.claims()).map(({ service }) => service),
        ['team-b/real'],
        'after five minutes they are free, without a rest',
      )
      t.equal(lb.purchases(), 0, 'and nothing was bought for them')
    },
  )

  story(t, cluster, 'a dry run claims nothing', { blocks: ['/29'] }, async (t, lb) => {
    const call = { deadline: lb.clock.now() + 10_000 }
    const answer = await lb.world.app.controllers.admitService(toRefusedReview('dry', true), call)
    t.ok((answer.patch ?? []).length > 0, 'it shows what would be stored')
    t.strictSame(answer.ring, [])
    t.strictSame(await lb.claims(), [])
  })
})
