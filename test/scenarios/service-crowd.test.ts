import t from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import { forEachCluster } from '../support/cluster.ts'
import { assignedTo, splitName } from '../support/services.ts'
import type { LoadBalancers } from './_load-balancers.ts'
import { manyNames, story } from './_stories.ts'

t.setTimeout(200_000)

/** So many users at once. */
const PARALLEL = 16

const createAll = (lb: LoadBalancers, names: readonly string[]) =>
  mapLimit(names, PARALLEL, name => lb.create(name))

/** Addresses of the blocks that are there now. */
const bought = (lb: LoadBalancers): number =>
  lb.blocks().reduce((sum, { cidr }) => sum + 2 ** (32 - Number(cidr.split('/')[1])), 0)

const servedIn = async (lb: LoadBalancers): Promise<string[]> =>
  (await lb.services()).flatMap(service => assignedTo(service))

/** So many in a row, as if after the last came the first. */
const slice = (names: readonly string[], from: number, count: number): string[] =>
  [...names, ...names, ...names].slice(from, from + count)

const keysOf = (names: readonly string[]) =>
  names.map(name => ({ kind: 'Service' as const, ...splitName(name) }))

forEachCluster(t, 'a crowd', {}, async (t, cluster) => {
  story(t, cluster, '100 Services at once', {}, async (t, lb) => {
    const names = manyNames('crowd', 100)
    await createAll(lb, names)
    await lb.settle()
    const addresses = await servedIn(lb)
    t.equal(addresses.length, 100)
    t.equal(new Set(addresses).size, 100, 'each has one of its own')
    t.ok(bought(lb) <= 128, `${bought(lb)} addresses were bought, at most 1.28 for each`)
    t.equal(lb.purchases(), lb.blocks().length, 'no block was bought that is not needed')
  })

  story(t, cluster, '50 Services, ten reconcilers on two hosts', {}, async (t, lb) => {
    const names = manyNames('busy', 50)
    await createAll(lb, names)
    const apps = await Promise.all(Array.from({ length: 10 }, () => lb.world.another()))
    await Promise.all(apps.map(app => lb.reconcile(keysOf(names), app)))
    for (let round = 0; round < 12; round++) {
      // Each key is in two hands, and a pass goes on beside them.
      const hands = apps.map((app, index) => lb.reconcile(keysOf(slice(names, index * 5 + round, 10)), app))
      await Promise.all([...hands, lb.pass()])
      await lb.cloudWorks()
    }
    const addresses = await servedIn(lb)
    t.equal(addresses.length, 50)
    t.equal(new Set(addresses).size, 50, 'no address twice')
    t.equal(lb.purchases(), 4, 'and no block more than they need')
    t.ok(bought(lb) <= 64)
  })
})
