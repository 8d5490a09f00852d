import t from 'tap'
import type { Call } from '../../torture/world/contract.ts'
import { createWorld } from '../../torture/world/world.ts'
import { create, MINUTE, SERVICES } from './_worlds.ts'

t.setTimeout(120_000)

const SECOND = 1000

t.test('who does not know that a block has gone serves nobody with a claim that was freed', async t => {
  const world = await createWorld({ seed: 11, blocks: ['/29'], webhook: false })
  const knowing = world.start({ host: 'serve' })
  await world.advance(MINUTE)
  await create(world, 'web')
  await world.advance(2 * MINUTE)
  const marks = () => world.cluster.store.get('services', 'web', 'default')?.metadata.annotations
  const address = marks()?.['phoenixnap.com/assigned-ips'] ?? ''
  const isClaimed = () => world.cluster.store.get('ipaddresses', address) !== undefined
  const late = (from: string, method: Call['method'], end: string, ms: number) =>
    world.network.add({
      to: 'cluster',
      trouble: { kind: 'delay before', ms },
      matches: call => call.from === from && call.method === method && call.path.endsWith(end),
      times: 1,
    })
  const unclaimed: string[] = []
  world.history.onEntry(({ kind, by }) => {
    const isLive = marks()?.['phoenixnap.com/assigned-ips'] === address
    if (kind === 'stored' && isLive && !isClaimed()) unclaimed.push(by)
  })
  const freeing = late(knowing.name, 'DELETE', `/ipaddresses/${address}`, 2 * SECOND)
  const [block] = world.cloud.backend.ipBlocks()
  world.cloud.backend.removeIpBlock(block?.id ?? '')
  for (let second = 0; freeing.hits === 0 && second < 120; second++) await world.advance(SECOND)
  t.strictSame([marks()?.['phoenixnap.com/assigned-ips'], isClaimed()], [undefined, true], 'it waits')
  const unknowing = world.start({ host: 'none' })
  const serving = late(unknowing.name, 'PATCH', `${SERVICES}/web`, 10 * SECOND)
  await unknowing.work([{ kind: 'Service', namespace: 'default', name: 'web' }])
  await world.advance(3 * MINUTE)
  for (const process of world.processes) process.kill()
  t.equal(serving.hits, 1, 'it was about to be served')
  t.strictSame(unclaimed, [])
  t.notOk(isClaimed())
  t.ok(marks()?.['phoenixnap.com/assigned-ips'], 'it has another address')
})
