import t from 'tap'
import { pluck, start } from './support.ts'

const NETWORKS = '/networks/v1/public-networks'

t.test('creates a network, busy until its blocks are assigned', async t => {
  const { sim, clock, send } = await start(t)
  const block = sim.backend.addIpBlock()
  const created = await send('POST', NETWORKS, {
    name: 'front',
    location: 'PHX',
    ipBlocks: [{ id: block.id }],
  })
  t.match(created, {
    status: 201,
    body: { name: 'front', status: 'BUSY', memberships: [], ipBlocks: [{ id: block.id, usedIpsCount: '0' }] },
  })
  const { id } = created.body as { id: string }
  await clock.turn(10_000)
  t.match(sim.backend.publicNetwork(id), { status: 'READY' })
  t.match(sim.backend.ipBlock(block.id), {
    status: 'assigned',
    assignedResourceId: id,
    assignedResourceType: 'public network',
  })
})

t.test('an empty network is ready at once; name and VLAN are taken only once', async t => {
  const { send } = await start(t)
  const body = { name: 'front', location: 'PHX', vlanId: 20 }
  t.match(await send('POST', NETWORKS, body), {
    status: 201,
    body: { status: 'READY', vlanId: 20, ipBlocks: [] },
  })
  t.equal((await send('POST', NETWORKS, body)).status, 409)
  t.equal((await send('POST', NETWORKS, { ...body, name: 'back' })).status, 409)
  t.equal((await send('POST', NETWORKS, { ...body, name: 'back', vlanId: 1 })).status, 400)
  t.equal((await send('POST', NETWORKS, { ...body, name: '12', vlanId: 21 })).status, 400)
})

t.test('lists by location', async t => {
  const { sim, send } = await start(t)
  sim.backend.addPublicNetwork({ name: 'phoenix' })
  sim.backend.addPublicNetwork({ name: 'ashburn', location: 'ASH' })
  t.same(pluck(await send('GET', `${NETWORKS}?location=ASH`), 'name'), ['ashburn'])
  t.same(pluck(await send('GET', NETWORKS), 'name'), ['phoenix', 'ashburn'])
  t.equal((await send('GET', `${NETWORKS}?location=MOON`)).status, 400)
  t.equal((await send('GET', `${NETWORKS}/nothing`)).status, 403)
})

t.test('words change at once, router advertisement takes time', async t => {
  const { sim, clock, send } = await start(t)
  const { id } = sim.backend.addPublicNetwork()
  t.match(await send('PATCH', `${NETWORKS}/${id}`, { description: 'd' }), {
    status: 200,
    body: { status: 'READY' },
  })
  t.match(await send('PATCH', `${NETWORKS}/${id}`, { raEnabled: true }), {
    status: 202,
    body: { status: 'BUSY' },
  })
  t.equal((await send('PATCH', `${NETWORKS}/${id}`, { raEnabled: false })).status, 409)
  await clock.turn(10_000)
  t.match(sim.backend.publicNetwork(id), { status: 'READY', raEnabled: true, description: 'd' })
})

t.test('counts the addresses in use block by block, in a string', async t => {
  const { sim } = await start(t)
  const [a, b] = [
    sim.backend.addIpBlock({ cidr: '198.51.100.0/29' }),
    sim.backend.addIpBlock({ cidr: '2001:db8::/64' }),
  ]
  const { id } = sim.backend.addPublicNetwork({ blockIds: [a.id, b.id] })
  sim.backend.addMembership(id, { resourceId: 's1', ips: ['198.51.100.2', '2001:db8::5', '198.51.100.9'] })
  sim.backend.addMembership(id, {
    resourceId: 's2',
    ips: ['198.51.100.3 - 198.51.100.4'],
    resourceType: 'virtual',
  })
  t.match(sim.backend.publicNetwork(id), {
    ipBlocks: [{ usedIpsCount: '2' }, { usedIpsCount: '1' }],
    memberships: [{ resourceType: 'server' }, { resourceType: 'virtual' }],
  })
})

t.test('is deleted only without members, and frees its blocks', async t => {
  const { sim, clock, send } = await start(t)
  const block = sim.backend.addIpBlock()
  const { id } = sim.backend.addPublicNetwork({ blockIds: [block.id] })
  sim.backend.addMembership(id, { resourceId: 's1', ips: [] })
  t.equal((await send('DELETE', `${NETWORKS}/${id}`)).status, 409)
  sim.backend.updatePublicNetwork(id, { memberships: [] })
  t.match(await send('DELETE', `${NETWORKS}/${id}`), { status: 204, body: undefined })
  t.equal(sim.backend.publicNetwork(id).status, 'DELETING')
  t.equal(sim.backend.ipBlock(block.id).status, 'unassigning')
  t.equal((await send('DELETE', `${NETWORKS}/${id}`)).status, 409)
  await clock.turn(10_000)
  t.equal((await send('GET', `${NETWORKS}/${id}`)).status, 403)
  t.match(sim.backend.ipBlock(block.id), { status: 'unassigned', assignedResourceId: undefined })
})
