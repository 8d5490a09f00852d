import { createHash } from 'node:crypto'
import t from 'tap'
import type { ProcessOptions, World } from '../../torture/world/contract.ts'
import { createWorld } from '../../torture/world/world.ts'

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a' },
  spec: {
    taints: [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }],
  },
}
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
}
const SERVICES = '/api/v1/namespaces/default/services'

async function begin(seed: number, host: NonNullable<ProcessOptions['host']>): Promise<World> {
  const world = await createWorld({ seed, blocks: ['/29'] })
  world.cloud.backend.addServer({ hostname: 'node-a' })
  world.start({ host })
  await world.advance(5_000)
  return world
}

const join = (world: World) =>
  world.request('system:node:node-a', { method: 'POST', path: '/api/v1/nodes', body: NODE })
const serve = (world: World) => world.request('admin', { method: 'POST', path: SERVICES, body: SERVICE })

/** The whole history as one short text. */
async function tell(seed: number, host: NonNullable<ProcessOptions['host']>): Promise<string> {
  const world = await begin(seed, host)
  await serve(world)
  await world.advance(180_000)
  return createHash('sha256').update(JSON.stringify(world.history.entries)).digest('hex')
}

for (const host of ['serve', 'functions'] as const) {
  t.test(`with ${host}, a node and a Service are answered in review`, async t => {
    const world = await begin(1, host)
    const [node, service] = await world.run(() => Promise.all([join(world), serve(world)]))
    t.equal(node.status, 201)
    t.match(node.body.spec, { providerID: /^phoenixnap:/ })
    t.match(service.body.metadata.annotations, { 'phoenixnap.com/assigned-ips': /\./ })
    await world.advance(120_000)
    t.match(world.cluster.store.list('ipaddresses'), [{}, {}], 'gate and claim')
  })

  t.test(`with ${host}, a seed tells the same history again`, async t => {
    t.equal(await tell(7, host), await tell(7, host))
    t.not(await tell(7, host), await tell(8, host))
  })
}

t.test('killed at its first effect, a process does nothing more, and another goes on', async t => {
  const world = await createWorld({ seed: 3 })
  world.cloud.backend.addServer({ hostname: 'node-a' })
  const mortal = world.start({ host: 'none', fate: () => 'killed before' })
  t.equal(await mortal.pass(), undefined)
  t.notOk(mortal.isAlive())
  t.equal(mortal.effects.length, 1)
  t.strictSame(world.cluster.store.list('leases'), [])
  t.match(await world.start({ host: 'none' }).pass(), { state: 'complete' })
})

t.test('killed after an effect, it has happened', async t => {
  const world = await createWorld({ seed: 3 })
  await world.start({ host: 'none', fate: () => 'killed after' }).pass()
  t.equal(world.cluster.store.list('leases').length, 1)
})

t.test('an answer that is lost, and one that never comes', async t => {
  const world = await createWorld({ seed: 4 })
  const { network } = world
  const process = world.start({ host: 'none' })
  const lost = network.add({ to: 'cloud', trouble: { kind: 'hang before' } })
  t.match(await process.pass(), { state: 'incomplete' })
  t.ok(lost.hits > 0)
  network.clear()
  const reset = network.add({ to: 'cluster', times: 1, trouble: { kind: 'reset after' } })
  t.match(await process.pass(), { state: /complete|incomplete/ })
  t.equal(reset.hits, 1)
  await world.advance(120_000)
  t.match(await process.pass(), { state: 'complete' })
})

t.test('without a process nobody answers the webhook, and users go on', async t => {
  const world = await createWorld({ seed: 5 })
  t.equal((await serve(world)).status, 201)
})

t.test('the history tells who stored what', async t => {
  const world = await begin(6, 'serve')
  await serve(world)
  await world.advance(60_000)
  const stored = world.history.entries.filter(entry => entry.kind === 'stored')
  const authors = new Set(stored.filter(({ resource }) => resource === 'services').map(({ by }) => by))
  t.ok(authors.has('admin'))
  t.ok(
    [...new Set(stored.filter(({ resource }) => resource === 'ipaddresses').map(({ by }) => by))].includes(
      'process-0',
    ),
  )
})

for (const trouble of [undefined, { kind: 'reset before' }] as const)
  t.test(`the history tells for whose request a review was made: ${trouble?.kind ?? 'heard'}`, async t => {
    const world = await begin(9, 'serve')
    if (trouble) world.network.add({ to: 'admission', trouble })
    await world.run(() => Promise.all([join(world), serve(world)]))
    const { entries } = world.history
    const requests = ['nodes', 'services'].map(resource =>
      entries.flatMap(entry =>
        entry.kind === 'stored' && entry.resource === resource && entry.by !== 'process-0'
          ? entry.request
          : [],
      ),
    )
    const reviews = ['nodes', 'services'].map(resource =>
      entries.flatMap(entry =>
        entry.kind === 'request' &&
        entry.call.to === 'admission' &&
        entry.call.body.includes(`"resource":"${resource}"`)
          ? entry.within
          : [],
      ),
    )
    t.strictSame(reviews, requests)
    t.not(requests[0]?.[0], requests[1]?.[0])
    t.type(requests[0]?.[0], 'number')
  })
