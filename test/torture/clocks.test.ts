import t from 'tap'
import type { IPAddress } from '../../shared/kubernetes/types.ts'
import { watchWorld } from '../../torture/invariants/of-world.ts'
import { createWorld } from '../../torture/world/world.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { create, MINUTE, SERVICES } from './_worlds.ts'

t.setTimeout(120_000)

t.test('what waits goes on when a wrong clock of the controllers is set back', async t => {
  const world = await createWorld({ seed: 5, blocks: ['/29'] })
  world.clock.skew('controllers', 60 * MINUTE)
  world.start({ host: 'serve' })
  // In the middle of the first pass.
  await world.advance(100)
  world.clock.skew('controllers', 0)
  await world.advance(MINUTE / 2)
  let passes = 0
  world.history.onEntry(entry => {
    if (entry.kind === 'request' && entry.call.path === '/bmc/v1/servers') passes += 1
  })
  await world.advance(10 * MINUTE)
  for (const process of world.processes) process.kill()
  t.equal(passes, 10)
})

t.test('an address rests as long as it must when the clock of the cluster is set back', async t => {
  const world = await createWorld({
    seed: 6,
    blocks: ['/29'],
    environment: { PNAP_RELEASE_QUARANTINE: '10m' },
  })
  const countClaims = (): number =>
    world.cluster.store
      .list<IPAddress>('ipaddresses')
      .filter(
        ({ metadata, spec }) => metadata.name.startsWith('198.') && spec.parentRef.resource === 'services',
      ).length
  world.start({ host: 'serve' })
  await world.advance(MINUTE)
  await create(world, 'api')
  world.clock.skew('cluster', 180 * MINUTE)
  await create(world, 'web')
  await world.request('admin', { method: 'DELETE', path: `${SERVICES}/web` })
  await world.advance(MINUTE)
  world.clock.skew('cluster', 0)
  await world.advance(8 * MINUTE)
  t.equal(countClaims(), 2)
  await world.advance(8 * MINUTE)
  for (const process of world.processes) process.kill()
  t.equal(countClaims(), 1)
})

t.test('no more nodes go within ten minutes although the clock of the cluster is set back', async t => {
  const world = await createWorld({ seed: 9 })
  const { violations } = watchWorld(world)
  const { backend } = world.cloud
  world.start({ host: 'serve' })
  const names = Array.from({ length: 10 }, (_, index) => `node-${index}`)
  const ids = names.map(hostname => backend.addServer({ hostname }).id)
  for (const name of names)
    await world.request(`system:node:${name}`, {
      method: 'POST',
      path: '/api/v1/nodes',
      body: createFakeNode(name, { ready: true, machineID: name }),
    })
  await world.advance(3 * MINUTE)
  world.clock.skew('cluster', 60 * MINUTE)
  await world.advance(MINUTE)
  for (const [index, id] of ids.slice(0, 8).entries()) {
    backend.removeServer(id)
    const status = { conditions: [{ type: 'Ready', status: 'Unknown' }] }
    world.cluster.store.merge('nodes', `node-${index}`, { status })
  }
  await world.advance(4 * MINUTE)
  const count = () => world.cluster.store.list('nodes').length
  t.equal(count(), 8, 'a fifth of them has gone')
  world.clock.skew('cluster', 0)
  await world.advance(6 * MINUTE)
  t.equal(count(), 8)
  await world.advance(8 * MINUTE)
  for (const process of world.processes) process.kill()
  t.equal(count(), 7, 'and the others go in their time')
  t.strictSame(violations, [])
})
