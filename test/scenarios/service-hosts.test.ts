import t from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import { CONTROLLER, forEachCluster, startTestCluster } from '../support/cluster.ts'
import { assignedTo, splitName } from '../support/services.ts'
import { type LoadBalancers, startLoadBalancers } from './_load-balancers.ts'
import { expectServed, manyNames, story } from './_stories.ts'

t.setTimeout(200_000)

/** So many users at once. */
const PARALLEL = 16
/** So many Services does one invocation work on at once. */
const HANDS = 8

const createAll = (lb: LoadBalancers, names: readonly string[]) =>
  mapLimit(names, PARALLEL, name => lb.create(name))

const keysOf = (names: readonly string[]) =>
  names.map(name => ({ kind: 'Service' as const, ...splitName(name) }))

const servedIn = async (lb: LoadBalancers): Promise<string[]> =>
  (await lb.services()).flatMap(service => assignedTo(service))

forEachCluster(t, 'two hosts', {}, async (t, cluster) => {
  story(t, cluster, 'five reconcilers in each, and everybody works on all 50 Services', {}, async (t, lb) => {
    const names = manyNames('host', 50)
    await createAll(lb, names)
    const hosts = [lb.world.app, await lb.world.another()]
    const reconcilers = hosts.flatMap(host => Array.from({ length: 5 }, () => host))
    for (let round = 0; (await servedIn(lb)).length < names.length; round++) {
      if (round === 12) throw new Error('they are not served after 12 steps of the cloud')
      // Each begins with another one, so that at any moment several are in many hands.
      const works = reconcilers.map((host, index) => {
        const from = (index % 5) * 10
        return lb.reconcile(keysOf([...names.slice(from), ...names.slice(0, from)]), host)
      })
      await Promise.all([...works, lb.pass()])
      await lb.cloudWorks()
    }
    t.equal(new Set(await servedIn(lb)).size, 50, 'no address twice')
    t.equal(lb.purchases(), 4, 'no block more than they need')
    t.equal(lb.blocks().length, 4)
  })

  story(t, cluster, 'share one purchase and one assignment for 12 Services at once', {}, async (t, lb) => {
    const names = manyNames('dozen', 12)
    await createAll(lb, names)
    const hosts = [lb.world.app, await lb.world.another()]
    for (let step = 0; step < 4; step++) {
      await Promise.all([...hosts.map(host => lb.reconcile(keysOf(names), host)), lb.pass()])
      await lb.cloudWorks()
    }
    for (const name of names) await expectServed(t, lb, name)
    t.equal(lb.purchases(), 1)
    t.equal(lb.bmc.requests.count('POST /networks/v1/public-networks/{publicNetworkId}/ip-blocks'), 1)
  })
})

t.test('what Services cost that wait', async t => {
  const cluster = await startTestCluster(t, { kind: 'simulator', plain: true })
  const lb = await startLoadBalancers(t, cluster)
  const names = manyNames('wait', 40)
  await createAll(lb, names)
  const requests = (verb: string, resource: string): number =>
    cluster.simulator?.requests.count({ user: CONTROLLER, verb, resource }) ?? 0

  await t.test('one look at each, and one round for all that are worked on together', async t => {
    cluster.simulator?.requests.clear()
    await lb.reconcile(keysOf(names))
    const rounds = requests('list', 'services')
    t.ok(rounds > 0 && rounds <= names.length / HANDS, `${rounds} rounds`)
    t.equal(requests('get', 'services'), names.length)
    t.equal(requests('list', 'ipaddresses'), names.length + rounds)
    const writes = cluster.simulator?.requests.writes(CONTROLLER) ?? []
    const others = writes.filter(({ resource }) => !['events', 'leases'].includes(resource))
    t.strictSame(others, [], 'nothing is written but events')
  })

  await t.test('a round that has just ended is good for the next ones, and not for long', async t => {
    cluster.simulator?.requests.clear()
    for (const name of names) await lb.reconcile(keysOf([name]))
    t.ok(requests('list', 'services') < names.length, `${requests('list', 'services')} rounds`)
    cluster.simulator?.requests.clear()
    lb.clock.forward(1000)
    await lb.reconcile(keysOf(['wait-000']))
    t.equal(requests('list', 'services'), 1)
  })
})
