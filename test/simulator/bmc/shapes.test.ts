import t from 'tap'
import { allRoutes } from '../../../shared/simulator/bmc/routes.ts'
import { ANSWERS, misfits } from './shapes.ts'
import { type Reply, type Running, start } from './support.ts'

const SERVERS = '/bmc/v1/servers'
const BLOCKS = '/ips/v1/ip-blocks'
const NETWORKS = '/networks/v1/public-networks'
const TAGS = '/tag-manager/v1/tags'

type Check = (method: string, path: string, body?: unknown) => Promise<string>

/** Sends, compares the answer with the documented one, and returns the id answered. */
const checker =
  ({ sim, send }: Running, t: Pick<Tap, 'strictSame'>, seen: Set<string>): Check =>
  async (method, path, body) => {
    const reply: Reply = await send(method, path, body)
    const operation = sim.requests.entries.at(-1)?.operation ?? ''
    seen.add(operation)
    const type = ANSWERS[operation]?.[reply.status]
    t.strictSame(
      type === undefined ? [`status ${reply.status}`] : misfits(reply.body, type),
      [],
      `${operation} ${reply.status}`,
    )
    return (reply.body as { id?: string } | undefined)?.id ?? ''
  }
type Tap = typeof t

t.test('every operation answers as documented when it succeeds', async t => {
  const running = await start(t)
  const seen = new Set<string>()
  const check = checker(running, t, seen)
  await checkTags(check)
  await checkServers(check, running)
  await checkNetworks(check, running)
  await check('GET', '/bmc/v1/quotas')
  const quota = '/bmc/v1/quotas/bmc.public_ips.max_count'
  await check('POST', `${quota}/actions/request-edit`, { limit: 1, reason: 'r' })
  await check('GET', quota)
  await check('GET', '/billing/v1/products')
  await check('GET', '/location-api/v1/locations')
  const served = allRoutes(servers => servers).map(({ method, path }) => `${method} ${path}`)
  t.strictSame([...seen].toSorted(), served.toSorted(), 'nothing that is served was left out')
})

async function checkTags(check: Check): Promise<void> {
  const id = await check('POST', TAGS, { name: 'env', isBillingTag: false, description: 'd' })
  await check('GET', `${TAGS}/${id}`)
  await check('PATCH', `${TAGS}/${id}`, { name: 'env', isBillingTag: true })
  await check('DELETE', `${TAGS}/${await check('POST', TAGS, { name: 'old', isBillingTag: false })}`)
}

async function checkServers(check: Check, { clock }: Running): Promise<void> {
  const body = { hostname: 'a', location: 'PHX', os: 'ubuntu/jammy', type: 's1.c1.small', description: 'd' }
  const id = await check('POST', SERVERS, { ...body, tags: [{ name: 'env', value: 'dev' }] })
  await clock.turn(60_000)
  for (const action of ['reboot', 'power-off', 'power-on', 'shutdown', 'reset']) {
    await check('POST', `${SERVERS}/${id}/actions/${action}`, {})
    await clock.turn(5_000)
  }
  await check('POST', `${SERVERS}/${id}/actions/reserve`, { pricingModel: 'ONE_MONTH_RESERVATION' })
  await check('POST', `${SERVERS}/${id}/actions/deprovision`, { deleteIpBlocks: true })
  await clock.turn(10_000)
  await check('POST', `${SERVERS}/${id}/actions/provision`, { hostname: 'b', os: 'ubuntu/noble' })
  await check('PATCH', `${SERVERS}/${id}`, { hostname: 'c' })
  await check('PUT', `${SERVERS}/${id}/tags`, [{ name: 'env' }])
  await check('GET', SERVERS)
  await check('GET', `${SERVERS}/${id}`)
  await check('GET', TAGS)
  await check('DELETE', `${SERVERS}/${id}`)
}

async function checkNetworks(check: Check, { clock, sim }: Running): Promise<void> {
  const block = await check('POST', BLOCKS, { location: 'PHX', cidrBlockSize: '/29', description: 'd' })
  const six = await check('POST', BLOCKS, { location: 'PHX', cidrBlockSize: '/64', ipVersion: 'V6' })
  await clock.turn(2_000)
  await check('PATCH', `${BLOCKS}/${block}`, { description: 'e' })
  await check('PUT', `${BLOCKS}/${block}/tags`, [{ name: 'env', value: 'x' }])
  const network = await check('POST', NETWORKS, { name: 'n', location: 'PHX', ipBlocks: [{ id: six }] })
  await clock.turn(10_000)
  await check('PATCH', `${NETWORKS}/${network}`, { description: 'd' })
  await check('PATCH', `${NETWORKS}/${network}`, { raEnabled: true })
  await clock.turn(10_000)
  await check('POST', `${NETWORKS}/${network}/ip-blocks`, { id: block })
  await clock.turn(10_000)
  sim.backend.addMembership(network, { resourceId: 's', ips: ['198.51.100.2'] })
  for (const path of [BLOCKS, `${BLOCKS}/${block}`, NETWORKS, `${NETWORKS}/${network}`])
    await check('GET', path)
  sim.backend.updatePublicNetwork(network, { memberships: [] })
  await check('DELETE', `${NETWORKS}/${network}/ip-blocks/${block}`)
  await clock.turn(10_000)
  await check('DELETE', `${BLOCKS}/${block}`)
  await check('DELETE', `${NETWORKS}/${network}`)
}

t.test('every operation refuses as documented', async t => {
  const { sim, send } = await start(t)
  for (const { method, path, scope } of allRoutes(servers => servers)) {
    if (scope === 'none') continue
    const address = path.replaceAll(/\{\w+\}/g, 'nothing')
    const body = method === 'GET' || method === 'DELETE' ? undefined : { nonsense: true }
    const refusal = await send(method, address, body, { authorization: 'Bearer nonsense' })
    t.strictSame(
      [refusal.status, misfits(refusal.body, 'Error')],
      [401, []],
      `${method} ${path} without token`,
    )
    if (path.includes('{')) {
      const { status, body: error } = await send(method, address, body)
      t.strictSame([status, misfits(error, 'Error')], [403, []], `${method} ${path} of an unknown id`)
    } else if (body !== undefined) {
      const { status, body: error } = await send(method, address, body)
      t.strictSame([status, misfits(error, 'Error')], [400, []], `${method} ${path} with nonsense`)
    }
  }
  t.ok(sim.requests.count() > 60)
})
