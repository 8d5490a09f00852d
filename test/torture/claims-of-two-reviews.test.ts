import t from 'tap'
import { createWorld } from '../../torture/world/world.ts'
import { MINUTE, SERVICES, toService } from './_worlds.ts'

t.setTimeout(240_000)

const ASSIGNED = 'phoenixnap.com/assigned-ips'
const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1)

/**
 * Two users create `web`, and a third one something else, in a namespace that may have one address. Whoever claimed it
 * for `web` may find that it is one too many, and the other review of `web` may have found that claim.
 *
 * @returns addresses with which `web` was stored while nobody held them for it
 */
async function storedWithoutClaim(seed: number): Promise<readonly string[]> {
  const environment = { PNAP_NAMESPACE_MAX_ADDRESSES: '1' }
  const world = await createWorld({ seed, blocks: ['/29'], environment, latencyMs: [1, 400] })
  world.start({ host: 'serve' })
  await world.advance(MINUTE)
  const found: string[] = []
  world.history.onEntry(entry => {
    if (entry.kind !== 'stored' || entry.resource !== 'services' || entry.object.metadata.name !== 'web')
      return
    const address = entry.object.metadata.annotations?.[ASSIGNED]
    if (address !== undefined && !world.cluster.store.get('ipaddresses', address)) found.push(address)
  })
  const ask = (name: string) =>
    world.request('admin', { method: 'POST', path: SERVICES, body: toService(name) })
  await world.run(() => Promise.all([ask('web'), ask('api'), ask('web')]))
  await world.advance(MINUTE)
  for (const process of world.processes) process.kill()
  return found
}

t.test('a review answers with no claim that another one of the same Service withdraws', async t => {
  for (const seed of SEEDS) t.strictSame(await storedWithoutClaim(seed), [], `seed ${seed}`)
})
