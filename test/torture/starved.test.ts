import t from 'tap'
import type { IPAddress, KubeNode } from '../../shared/kubernetes/types.ts'
import type { World } from '../../torture/world/contract.ts'
import { createWorld } from '../../torture/world/world.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { create, MINUTE, SERVICES } from './_worlds.ts'

t.setTimeout(120_000)

const BLOCKS = ['/28', '/28', '/28', '/28', '/28', '/28']
/** More than fit into a pass, eight at once, with the whole limit for each. */
const MANY = 40

/** In every list in front of those that are well. */
const HANGING = Array.from({ length: MANY }, (_, index) => `a${100 + index}`)

const remove = (world: World, name: string) =>
  world.request('admin', { method: 'DELETE', path: `${SERVICES}/${name}` })

async function join(world: World, name: string): Promise<string> {
  const { id } = world.cloud.backend.addServer({ hostname: name })
  const body = createFakeNode(name, { ready: true, machineID: name })
  await world.request(`system:node:${name}`, { method: 'POST', path: '/api/v1/nodes', body })
  return id
}

/** No write of ours to one of these comes back. */
function hang(world: World, kind: 'services' | 'nodes'): void {
  const isHanging = new RegExp(`/${kind}/a\\d+`)
  world.network.add({
    to: 'cluster',
    trouble: { kind: 'hang before' },
    matches: ({ from, isWrite, path }) => from.startsWith('process') && isWrite && isHanging.test(path),
  })
}

const assigned = (world: World, name: string): string | undefined =>
  world.cluster.store.get('services', name, 'default')?.metadata.annotations?.['phoenixnap.com/assigned-ips']

t.test('a Service is served however many hang in front of it', async t => {
  const world = await createWorld({ seed: 3, blocks: BLOCKS, webhook: false, audit: false })
  hang(world, 'services')
  world.start({ host: 'serve' })
  await world.advance(MINUTE)
  for (const name of [...HANGING, 'web']) await create(world, name)
  await world.advance(15 * MINUTE)
  for (const process of world.processes) process.kill()
  t.ok(assigned(world, 'web'))
})

t.test('a node is initialised however many hang in front of it', async t => {
  const world = await createWorld({ seed: 3, blocks: BLOCKS, webhook: false, audit: false })
  hang(world, 'nodes')
  world.start({ host: 'serve' })
  await world.advance(MINUTE)
  for (const name of [...HANGING, 'node-z']) await join(world, name)
  await world.advance(15 * MINUTE)
  for (const process of world.processes) process.kill()
  t.ok(world.cluster.store.get<KubeNode>('nodes', 'node-z')?.spec?.providerID)
})

t.test('nodes, claims and blocks of all others are worked on while Services and nodes hang', async t => {
  const environment = { PNAP_RELEASE_QUARANTINE: '2m', PNAP_BLOCK_GRACE: '2m' }
  const world = await createWorld({ seed: 3, blocks: BLOCKS, environment })
  world.start({ host: 'serve' })
  await world.advance(MINUTE)
  const ids = []
  for (const name of ['node-a', 'node-b', 'node-c']) ids.push(await join(world, name))
  for (const name of [...HANGING, 'web']) await create(world, name)
  await world.advance(5 * MINUTE)
  t.ok(HANGING.every(name => assigned(world, name)))
  hang(world, 'services')
  hang(world, 'nodes')
  for (const name of HANGING) await join(world, name)
  for (const name of [...HANGING, 'web']) await remove(world, name)
  world.cloud.backend.removeServer(ids[0] ?? '')
  world.cluster.store.merge('nodes', 'node-a', {
    status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
  })
  // Nothing that a process remembers is needed.
  for (let minute = 0; minute < 40; minute += 2) {
    for (const process of world.processes) process.kill()
    world.start({ host: 'serve' })
    await world.advance(2 * MINUTE)
  }
  for (const process of world.processes) process.kill()
  t.equal(world.cluster.store.get('nodes', 'node-a'), undefined, 'its server has gone')
  t.ok(world.cluster.store.get('nodes', 'node-b'))
  const claims = world.cluster.store
    .list<IPAddress>('ipaddresses')
    .filter(({ spec }) => spec.parentRef.name === 'web')
  t.strictSame(claims, [])
  t.strictSame(world.cloud.backend.ipBlocks(), [], 'nobody pays for a block that nobody uses')
})

t.test(
  'however slow claims are, nobody who waits gets one of those that others are announced with',
  async t => {
    const environment = { PNAP_IP_BLOCK_SIZE: '/28', PNAP_MAX_BLOCKS: '2' }
    const world = await createWorld({
      seed: 4,
      blocks: ['/28', '/28'],
      environment,
      webhook: false,
      audit: false,
    })
    const process = world.start({ host: 'serve' })
    await world.advance(MINUTE)
    for (const name of HANGING) await create(world, name)
    await world.advance(5 * MINUTE)
    const before = HANGING.map(name => assigned(world, name))
    t.ok(before.filter(address => address === undefined).length > 5, 'some wait')
    world.network.add({
      to: 'cluster',
      trouble: { kind: 'delay before', ms: 6000 },
      matches: ({ from, method, path }) =>
        from === process.name && method === 'POST' && path.endsWith('/ipaddresses'),
    })
    for (const { metadata, spec } of world.cluster.store.list<IPAddress>('ipaddresses'))
      if (spec.parentRef.resource === 'services' && before.includes(metadata.name))
        world.cluster.store.delete('ipaddresses', metadata.name)
    await world.advance(15 * MINUTE)
    process.kill()
    const holders = HANGING.map(name => {
      const claim = world.cluster.store
        .list<IPAddress>('ipaddresses')
        .find(({ metadata, spec }) => spec.parentRef.name === name && metadata.name.startsWith('198.'))
      return claim?.metadata.name
    })
    t.strictSame(holders, before)
  },
)

t.test('a block is not put to use for those who can have nothing of it', async t => {
  const world = await createWorld({ seed: 9, webhook: false, environment: { PNAP_MAX_BLOCKS: '1' } })
  const { backend } = world.cloud
  const patch = (body: object) =>
    world.request('admin', { method: 'PATCH', path: `${SERVICES}/db`, patch: 'merge', body })
  const seen: string[] = []
  world.history.onEntry(entry => {
    if (entry.kind !== 'cloud') return
    const now = entry.after.map(({ cidrBlockSize, status }) => `${cidrBlockSize} ${status}`).join()
    if (now !== seen.at(-1)) seen.push(now)
  })
  const process = world.start({ host: 'serve' })
  await world.advance(MINUTE)
  for (const size of ['/28', '/29']) backend.setStock('PHX', size, 0)
  world.network.add({
    to: 'cloud',
    matches: ({ method, path }) => method === 'POST' && /public-networks.*ip-blocks$/.test(path),
    trouble: { kind: 'status', status: 409 },
  })
  await create(world, 'db')
  await patch({ metadata: { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } } })
  await world.advance(2 * MINUTE)
  for (const size of ['/28', '/29']) backend.setStock('PHX', size, 1)
  world.network.clear()
  await patch({ spec: { loadBalancerIP: '203.0.113.9' } })
  await create(world, 'web')
  await world.advance(15 * MINUTE)
  process.kill()
  t.strictSame(
    seen.filter(now => now !== ''),
    ['/30 creating', '/30 unassigned', '/29 creating', '/29 assigning'],
    'the one that is db’s alone makes room',
  )
  t.ok(assigned(world, 'web'))
})
