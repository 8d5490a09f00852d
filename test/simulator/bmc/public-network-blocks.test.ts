import t from 'tap'
import type { IpBlockSeed } from '../../../shared/simulator/bmc/ip-block-rows.ts'
import { type Running, start } from './support.ts'

const path = (networkId: string): string => `/networks/v1/public-networks/${networkId}/ip-blocks`

/** A network with some blocks in it and one beside it. */
function seed({ sim: { backend } }: Running, inside: readonly IpBlockSeed[] = [], beside: IpBlockSeed = {}) {
  const blockIds = inside.map(block => backend.addIpBlock(block).id)
  return { network: backend.addPublicNetwork({ blockIds }), block: backend.addIpBlock(beside), blockIds }
}

t.test('assigns in time; meanwhile the network does nothing else', async t => {
  const running = await start(t, { assignedResourceType: 'PUBLIC_NETWORK' })
  const { sim, clock, send } = running
  const { network, block } = seed(running)
  const other = sim.backend.addIpBlock()
  t.match(await send('POST', path(network.id), { id: block.id }), {
    status: 202,
    body: { id: block.id, cidr: block.cidr, usedIpsCount: '0' },
  })
  t.equal((await send('POST', path(network.id), { id: other.id })).status, 409)
  t.equal(sim.backend.ipBlock(block.id).status, 'assigning')
  t.equal(sim.backend.publicNetwork(network.id).status, 'BUSY')
  await clock.turn(10_000)
  t.match(sim.backend.ipBlock(block.id), { status: 'assigned', assignedResourceType: 'PUBLIC_NETWORK' })
  t.equal(sim.backend.publicNetwork(network.id).status, 'READY')
  t.equal((await send('POST', path(network.id), { id: other.id })).status, 202)
})

t.test('unassigns in time, with a bare string for an answer', async t => {
  const running = await start(t)
  const { sim, clock, send } = running
  const { network, blockIds } = seed(running, [{}])
  const id = blockIds[0] ?? ''
  t.match(await send('DELETE', `${path(network.id)}/${id}`), { status: 202, body: /being removed/ })
  t.equal(sim.backend.ipBlock(id).status, 'unassigning')
  t.equal((await send('DELETE', `/ips/v1/ip-blocks/${id}`)).status, 403)
  await clock.turn(10_000)
  t.match(sim.backend.ipBlock(id), { status: 'unassigned', assignedResourceId: undefined })
  t.same(sim.backend.publicNetwork(network.id).ipBlocks, [])
  t.equal((await send('DELETE', `${path(network.id)}/${id}`)).status, 403)
})

t.test('refuses to take a block from under its members, unless forced', async t => {
  const running = await start(t)
  const { sim, send } = running
  const { network, blockIds } = seed(running, [{ cidr: '198.51.100.0/29' }])
  sim.backend.addMembership(network.id, { resourceId: 's', ips: ['198.51.100.2'] })
  t.equal((await send('DELETE', `${path(network.id)}/${blockIds[0]}`)).status, 409)
  t.equal((await send('DELETE', `${path(network.id)}/${blockIds[0]}?force=maybe`)).status, 400)
  t.equal((await send('DELETE', `${path(network.id)}/${blockIds[0]}?force=true`)).status, 202)
})

t.test('takes ten IPv4 blocks and one IPv6 block', async t => {
  const running = await start(t)
  const { sim, clock, send } = running
  const { network, block } = seed(
    running,
    Array.from({ length: 9 }, () => ({})),
  )
  const six = sim.backend.addIpBlock({ ipVersion: 'V6' })
  for (const id of [block.id, six.id]) {
    t.equal((await send('POST', path(network.id), { id })).status, 202)
    await clock.turn(10_000)
  }
  for (const ipVersion of ['V4', 'V6']) {
    const further = sim.backend.addIpBlock({ ipVersion })
    t.match(await send('POST', path(network.id), { id: further.id }), {
      status: 400,
      body: { message: /takes/ },
    })
    t.equal(sim.backend.ipBlock(further.id).status, 'unassigned')
  }
  t.equal(sim.backend.publicNetwork(network.id).ipBlocks.length, 11)
})

const refused: [string, IpBlockSeed, number][] = [
  ['in another location', { location: 'ASH' }, 400],
  ['that is still coming into being', { status: 'creating' }, 409],
  ['that belongs to something else', { status: 'assigned' }, 409],
]
for (const [what, beside, status] of refused) {
  t.test(`refuses a block ${what}`, async t => {
    const running = await start(t)
    const { network, block } = seed(running, [], beside)
    t.equal((await running.send('POST', path(network.id), { id: block.id })).status, status)
    const { status: after, ipBlocks } = running.sim.backend.publicNetwork(network.id)
    t.same([after, ipBlocks], ['READY', []])
  })
}

t.test('refuses blocks and networks that do not exist', async t => {
  const running = await start(t)
  const { network, block } = seed(running)
  t.equal((await running.send('POST', path(network.id), { id: 'nothing' })).status, 400)
  t.equal((await running.send('POST', path(network.id), {})).status, 400)
  t.equal((await running.send('POST', path('nothing'), { id: block.id })).status, 403)
})

t.test('an assignment fails when told to; the block is taken out and assigned again', async t => {
  const running = await start(t)
  const { sim, clock, send } = running
  const { network, block } = seed(running)
  sim.faults.failAssignments()
  await send('POST', path(network.id), { id: block.id })
  await clock.turn(10_000)
  t.equal(sim.backend.ipBlock(block.id).status, 'error assigning')
  t.equal(sim.backend.publicNetwork(network.id).status, 'READY')
  sim.faults.failUnassignments()
  await send('DELETE', `${path(network.id)}/${block.id}`)
  await clock.turn(10_000)
  t.equal(sim.backend.ipBlock(block.id).status, 'error unassigning')
  await send('DELETE', `${path(network.id)}/${block.id}`)
  await clock.turn(10_000)
  t.equal(sim.backend.ipBlock(block.id).status, 'unassigned')
  await send('POST', path(network.id), { id: block.id })
  await clock.turn(10_000)
  t.equal(sim.backend.ipBlock(block.id).status, 'assigned')
})

t.test('changes that were due long ago happened at their time, in order', async t => {
  const running = await start(t, { assignMs: 1_000, serverCreateMs: 2_000 })
  const { sim, clock, send } = running
  const { network, block } = seed(running)
  await send('POST', '/bmc/v1/servers', { hostname: 'a', location: 'PHX', os: 'o', type: 't' })
  await send('POST', path(network.id), { id: block.id })
  await clock.turn(3_600_000)
  t.equal(sim.backend.ipBlock(block.id).status, 'assigned')
  t.equal(sim.backend.servers()[0]?.status, 'powered-on')
})
