import t from 'tap'
import { watchWorld } from '../../torture/invariants/of-world.ts'
import { tellStory } from '../../torture/mutations/stage.ts'
import type { Call } from '../../torture/world/contract.ts'
import { createWorld } from '../../torture/world/world.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import type { ServiceWish } from '../support/services.ts'
import { createManifest, pathOf } from '../support/services.ts'

t.setTimeout(120_000)

const SECOND = 1000
const isRead = (pattern: RegExp) => (call: Call) => !call.isWrite && pattern.test(call.path)
const COLLECTION = pathOf('web').slice(0, pathOf('web').lastIndexOf('/'))

t.test('a pass that saw a block before it was assigned buys no other one for what is free in it', async t => {
  const world = await createWorld({
    seed: 1,
    webhook: false,
    audit: false,
    latencyMs: [1, 5],
    environment: { PNAP_IP_BLOCK_SIZE: '/29' },
  })
  const { violations } = watchWorld(world)
  const create = (name: string) =>
    world.request('admin', { method: 'POST', path: COLLECTION, body: createManifest(name) })
  const seen = () => world.cloud.backend.ipBlocks().map(({ status }) => status)
  const slow = world.start({ host: 'none', name: 'slow' })
  const quick = world.start({ host: 'none', name: 'quick' })
  await world.run(async () => slow.pass())
  await create('web')
  await world.run(async () => slow.pass())
  for (let second = 0; second < 60 && !seen().includes('unassigned'); second++) await world.advance(SECOND)
  await world.run(async () => slow.pass())
  t.strictSame(seen(), ['assigning'])
  await world.advance(3 * SECOND)
  world.cloud.backend.addServer({ hostname: 'node-a' })
  const node = createFakeNode('node-a', { ready: true, machineID: 'machine-of-node-a' })
  await world.request('system:node:node-a', { method: 'POST', path: '/api/v1/nodes', body: node })
  const delay = world.network.add({
    to: 'cluster',
    trouble: { kind: 'delay before', ms: 8 * SECOND },
    times: 1,
    matches: ({ from, method, path }) => from === 'slow' && method === 'PATCH' && path.includes('/nodes/'),
  })
  await world.run(async () => {
    const pass = slow.pass()
    for (let step = 0; step < 100 && delay.hits === 0; step++) await world.clock.sleep(50)
    for (let step = 0; step < 100 && !seen().includes('assigned'); step++) await world.clock.sleep(100)
    await quick.work([{ kind: 'Service', namespace: 'default', name: 'web' }])
    await create('api')
    await pass
  })
  t.strictSame(seen(), ['assigned'])
  await world.run(async () => quick.pass())
  const served = ['web', 'api'].map(
    name =>
      world.cluster.store.get('services', name, 'default')?.metadata.annotations?.[
        'phoenixnap.com/assigned-ips'
      ],
  )
  for (const process of world.processes) process.kill()
  t.equal(new Set(served.filter(address => address !== undefined)).size, 2)
  t.strictSame(violations, [])
})

t.test('a block that its network names is bought once, whatever else BMC says of it', async t => {
  const world = await createWorld({ seed: 1, webhook: false, audit: false })
  const { violations } = watchWorld(world)
  const process = world.start({ host: 'none' })
  const pass = () => world.run(async () => void (await process.pass()))
  const seen = () => world.cloud.backend.ipBlocks().map(({ status }) => status)
  world.network.add({ to: 'cloud', trouble: { kind: 'cut', keep: 0 }, matches: isRead(/\/ip-blocks$/) })
  await world.request('admin', { method: 'POST', path: COLLECTION, body: createManifest('web') })
  await pass()
  await world.advance(60 * SECOND)
  await pass()
  t.strictSame(seen(), ['assigning'])
  world.network.add({
    to: 'cloud',
    trouble: { kind: 'status', status: 404 },
    matches: isRead(/\/ip-blocks\/[^/]+$/),
  })
  for (let minute = 0; minute < 5; minute++) {
    await world.advance(60 * SECOND)
    await pass()
  }
  t.strictSame(seen(), ['assigned'])
  world.network.clear()
  await pass()
  process.kill()
  const service = world.cluster.store.get('services', 'web', 'default')
  t.ok(service?.metadata.annotations?.['phoenixnap.com/assigned-ips'], 'it is served from that one')
  t.strictSame(violations, [])
})

const SPARES = { PNAP_BLOCK_GRACE: '5m', PNAP_RELEASE_QUARANTINE: '5m' }
const KEPT: readonly [name: string, environment: Record<string, string>, wish: ServiceWish, cidrs: number][] =
  [
    ['an IPv6 block', { PNAP_MIN_FREE_ADDRESSES: '2' }, { spec: { ipFamilyPolicy: 'RequireDualStack' } }, 1],
    ['a block of one Service', { PNAP_MIN_FREE_ADDRESSES: '4', PNAP_IP_ALLOCATION: 'dedicated' }, {}, 0],
  ]
for (const [name, environment, wish, left] of KEPT)
  t.test(`${name} is given back although spare addresses are to be kept`, async t => {
    const seen: (readonly string[])[] = []
    const { violations } = await tellStory(
      {
        name,
        options: {
          blocks: left === 0 ? [] : ['/29'],
          dualStack: true,
          environment: { ...SPARES, ...environment },
        },
        async tell({ world, create, remove, minutes }) {
          await create('web', wish)
          await minutes(10)
          const look = () =>
            seen.push(world.cloud.backend.ipBlocks().map(({ cidrBlockSize }) => cidrBlockSize))
          look()
          await remove('web')
          await minutes(30)
          look()
        },
      },
      1,
    )
    t.strictSame(seen, left === 0 ? [['/29'], []] : [['/29', '/64'], ['/29']])
    t.strictSame(violations, [])
  })

t.test('the address of a block that is one Service’s alone is no spare one: the others stay', async t => {
  const environment = { ...SPARES, PNAP_MIN_FREE_ADDRESSES: '5', PNAP_IP_BLOCK_SIZE: '/29' }
  const seen: string[] = []
  const { violations } = await tellStory(
    {
      name: 'a Service has a block of its own',
      options: { blocks: [], environment },
      async tell({ world, create, remove, minutes }) {
        const look = () =>
          seen.push(
            world.cloud.backend
              .ipBlocks()
              .map(({ cidr }) => cidr)
              .join(),
          )
        await minutes(5)
        look()
        await create('web', { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } })
        await minutes(5)
        look()
        await remove('web')
        await minutes(30)
        look()
      },
    },
    1,
  )
  t.strictSame(seen, ['198.19.0.16/29', '198.19.0.16/29,198.19.0.32/29', '198.19.0.16/29'])
  t.strictSame(violations, [])
})
