import t from 'tap'
import { TRAPS } from '../../torture/histories/network-faults.ts'
import { createPicks } from '../../torture/histories/picks.ts'
import type { Call, World } from '../../torture/world/contract.ts'
import { createWorld } from '../../torture/world/world.ts'

const HOUR = 3_600_000
const SERVICES = '/api/v1/namespaces/default/services'

async function begin(): Promise<World> {
  const world = await createWorld({ seed: 1, blocks: ['/29', '/30'] })
  for (const hostname of ['node-a', 'node-b', 'node-c']) world.cloud.backend.addServer({ hostname })
  return world
}

const serve = (world: World, name: string) =>
  world.request('admin', {
    method: 'POST',
    path: SERVICES,
    body: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    },
  })

/** Reads of the controllers on a side. */
const readsOf = ({ history, processes }: World, to: Call['to']): readonly Call[] =>
  history.entries.flatMap(entry => {
    const isOurs = entry.kind === 'request' && processes.some(({ name }) => name === entry.by)
    return isOurs && entry.call.to === to && !entry.call.isWrite ? entry.call : []
  })

t.test('a list of the cloud may be cut', async t => {
  const world = await begin()
  const process = world.start({ host: 'none' })
  const count = () => process.command(async ({ cloud }) => (await cloud.instancesV2?.listInstances())?.length)
  const counts = [await count()]
  world.network.add({
    to: 'cloud',
    matches: ({ path }) => path.endsWith('/servers'),
    trouble: { kind: 'cut', keep: 1 },
  })
  counts.push(await count())
  world.network.clear()
  t.strictSame([...counts, await count()], [3, 1, 3])
})

t.test('a list of the cluster comes in pages as short as the API server likes, or expires', async t => {
  const world = await begin()
  const process = world.start({ host: 'none' })
  for (const name of ['web', 'api', 'db']) await serve(world, name)
  const isOurs = ({ from, query }: Call): boolean => from === process.name && query.includes('limit=')
  const pages = world.network.add({
    to: 'cluster',
    matches: isOurs,
    trouble: { kind: 'short pages', limit: 1 },
  })
  const report = await process.pass()
  t.equal(report?.state, 'complete')
  t.ok(pages.hits > 10, 'a request for each object')
  const [expired] = TRAPS.filter(({ name }) => name === 'cluster: 410')
  const trouble = expired?.toTrouble(createPicks([]))
  t.match(trouble, { kind: 'status', status: 410 })
})

t.test('no list of a controller may be an old one', async t => {
  const world = await begin()
  const process = world.start({ host: 'serve' })
  await serve(world, 'web')
  await world.advance(HOUR / 10)
  process.kill()
  const reads = readsOf(world, 'cluster')
  t.ok(reads.length > 50)
  t.strictSame(
    reads.filter(({ query }) => query.includes('resourceVersion')),
    [],
  )
})

t.test('whatever time the cloud tells, its work gets on', async t => {
  const world = await createWorld({ seed: 1 })
  const { backend } = world.cloud
  const look = (): string =>
    backend
      .ipBlocks()
      .map(({ status }) => status)
      .join()
  const process = world.start({ host: 'serve' })
  world.clock.skew('cloud', 3 * HOUR)
  await world.advance(1000)
  await serve(world, 'web')
  const states = [look()]
  for (let moment = 0; moment < 300; moment++) {
    await world.advance(100)
    if (look() === states.at(-1)) continue
    states.push(look())
    if (look() === 'assigning') world.clock.skew('cloud', 0)
  }
  process.kill()
  t.strictSame(states, ['', 'creating', 'unassigned', 'assigning', 'assigned'])
})

t.test('a process that ends takes no more reviews', async t => {
  const world = await begin()
  const old = world.start({ host: 'serve' })
  await world.advance(1000)
  await old.end()
  const { body } = await serve(world, 'web')
  t.strictSame([old.isAlive(), body.metadata.finalizers], [true, undefined], 'nobody is there to answer')
  const process = world.start({ host: 'serve' })
  await world.advance(1000)
  for (const name of ['api', 'db', 'mail']) {
    const { body: service } = await serve(world, name)
    t.strictSame(service.metadata.finalizers, ['phoenixnap.com/load-balancer'])
  }
  process.kill()
})
