import t from 'tap'
import type { Entry, World } from '../../torture/world/contract.ts'
import { createWorld } from '../../torture/world/world.ts'

t.setTimeout(120_000)

const SECOND = 1000
const MINUTE = 60_000
const SERVICES = '/api/v1/namespaces/default/services'

const ask = (world: World, method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object) =>
  world.request('admin', { method, path, ...(method === 'PATCH' && { patch: 'merge' as const }), body })

const create = (world: World, name: string) =>
  ask(world, 'POST', SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  })

const addressOf = (world: World): string | undefined =>
  world.cluster.store.get('services', 'web', 'default')?.metadata.annotations?.['phoenixnap.com/assigned-ips']

/** States of the claim since, `gone` where it was deleted. */
const statesSince = (entries: readonly Entry[], at: number, address: string): string[] =>
  entries.flatMap(entry => {
    if (entry.kind !== 'stored' || entry.at < at || entry.object.metadata.name !== address) return []
    if (entry.type === 'DELETED') return 'gone'
    return entry.object.metadata.annotations?.['phoenixnap.com/state'] ?? []
  })

/** A controller whose changes of claims of this method arrive late, and a Service `web` with an address. */
async function begin(method: 'PATCH' | 'DELETE', lateMs: number) {
  const environment = { PNAP_RELEASE_QUARANTINE: '1m' }
  const world = await createWorld({ seed: 3, blocks: ['/29'], environment })
  const process = world.start({ host: 'serve' })
  await world.advance(MINUTE)
  await create(world, 'web')
  await world.advance(2 * MINUTE)
  const before = addressOf(world) ?? ''
  const late = world.network.add({
    to: 'cluster',
    trouble: { kind: 'delay before', ms: lateMs },
    matches: call =>
      call.from === process.name && call.method === method && call.path.endsWith(`/ipaddresses/${before}`),
    times: 1,
  })
  const untilLate = async (): Promise<void> => {
    for (let second = 0; late.hits === 0 && second < 600; second++) await world.advance(SECOND)
    t.equal(late.hits, 1)
    // Its own look at the Service, which would put all right, comes later still.
    world.network.add({
      to: 'cluster',
      trouble: { kind: 'delay before', ms: 3 * lateMs },
      matches: call =>
        call.from === process.name && call.method === 'GET' && call.path.endsWith('/services/web'),
    })
  }
  const end = async (at: number): Promise<string[]> => {
    await world.advance(MINUTE)
    world.network.clear()
    await world.advance(2 * MINUTE)
    process.kill()
    t.equal(addressOf(world), before)
    return statesSince(world.history.entries, at, before)
  }
  return { world, before, untilLate, end }
}

t.test('a claim whose rest ends while its Service is created again is not freed', async t => {
  const { world, before, untilLate, end } = await begin('DELETE', 8 * SECOND)
  await ask(world, 'DELETE', `${SERVICES}/web`, {})
  await untilLate()
  t.equal(addressOf(world), undefined)
  const at = world.clock.now()
  await create(world, 'web')
  t.equal(addressOf(world), before, 'it has its address again')
  const states = await end(at)
  t.notOk(states.includes('gone'), `the claim was there all the time: ${states.join()}`)
  t.equal(states.at(-1), 'active')
})

t.test('a claim that is released while its Service is made a load balancer again stays in use', async t => {
  const { world, before, untilLate, end } = await begin('PATCH', 8 * SECOND)
  await ask(world, 'PATCH', `${SERVICES}/web`, { spec: { type: 'ClusterIP' } })
  await untilLate()
  const at = world.clock.now()
  await ask(world, 'PATCH', `${SERVICES}/web`, { spec: { type: 'LoadBalancer' } })
  t.equal(addressOf(world), before, 'it keeps its address')
  const states = await end(at)
  t.notOk(states.includes('released'), `the claim was never released: ${states.join()}`)
  t.equal(states.at(-1), 'active')
})
