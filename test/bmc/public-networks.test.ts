import t from 'tap'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

t.test('a block is assigned to a network and taken away again', async t => {
  const { bmc, simulator, clock } = await simulated(t)
  const block = simulator.backend.addIpBlock({ location: 'PHX' })
  const network = simulator.backend.addPublicNetwork({ location: 'PHX' })
  await bmc.assignIpBlock(network.id, block.id)
  t.equal((await bmc.getIpBlock(block.id)).status, 'assigning')
  await t.rejects(bmc.unassignIpBlock(network.id, block.id), { code: 'BMC_CONFLICT' })
  await clock.turn(60_000)
  t.match(await bmc.getIpBlock(block.id), { status: 'assigned', assignedResourceId: network.id })
  t.match(await bmc.getPublicNetwork(network.id), {
    id: network.id,
    location: 'PHX',
    ipBlocks: [{ id: block.id, cidr: block.cidr, usedIpsCount: /^\d+$/ }],
  })
  await bmc.unassignIpBlock(network.id, block.id)
  await clock.turn(60_000)
  t.equal((await bmc.getIpBlock(block.id)).status, 'unassigned')
  t.strictSame((await bmc.getPublicNetwork(network.id)).ipBlocks, [])
})

t.test('memberships keep what the API wrote', async t => {
  const { bmc, simulator } = await simulated(t)
  const network = simulator.backend.addPublicNetwork({ name: 'edge' })
  simulator.backend.addMembership(network.id, {
    resourceId: 'server-1',
    ips: ['192.0.2.3', '192.0.2.4 - 192.0.2.5'],
  })
  const [listed] = await bmc.listPublicNetworks()
  t.match(listed, {
    name: 'edge',
    status: 'READY',
    vlanId: Number,
    memberships: [
      { resourceId: 'server-1', resourceType: 'server', ips: ['192.0.2.3', '192.0.2.4 - 192.0.2.5'] },
    ],
  })
})

t.test('networks are listed by location', async t => {
  const { bmc, simulator } = await simulated(t)
  const { id } = simulator.backend.addPublicNetwork({ location: 'ASH' })
  simulator.backend.addPublicNetwork({ location: 'PHX' })
  t.strictSame(
    (await bmc.listPublicNetworks({ location: 'ASH' })).map(network => network.id),
    [id],
  )
  t.equal((await bmc.listPublicNetworks()).length, 2)
})

t.test('force is sent when it is meant, and the answer may be anything', async t => {
  for (const body of [undefined, '"being removed"', 'being removed', '{}']) {
    const { bmc, seen } = scripted({ api: [{ status: 202, body }] })
    await bmc.unassignIpBlock('n', 'b')
    await bmc.unassignIpBlock('n', 'b', { force: false })
    await bmc.unassignIpBlock('n', 'b', { force: true })
    await bmc.assignIpBlock('n', 'b')
    const path = '/networks/v1/public-networks/n/ip-blocks'
    t.strictSame(
      seen.map(request => [request.method, request.path, request.body]),
      [
        ['DELETE', `${path}/b`, undefined],
        ['DELETE', `${path}/b`, undefined],
        ['DELETE', `${path}/b?force=true`, undefined],
        ['POST', path, '{"id":"b"}'],
      ],
    )
  }
})

t.test('a network without the lists that hold taken addresses is refused', async t => {
  const network = { id: 'n', name: 'n', location: 'PHX', status: 'READY', memberships: null, ipBlocks: [] }
  const { bmc } = scripted({ api: [{ body: network }] })
  t.strictSame((await bmc.getPublicNetwork('n')).memberships, [])
  for (const field of ['memberships', 'ipBlocks']) {
    const { bmc } = scripted({ api: [{ body: { ...network, [field]: undefined } }] })
    await t.rejects(bmc.getPublicNetwork('n'), { code: 'BMC_RESPONSE_INVALID', message: new RegExp(field) })
  }
})

t.test('an answer about another network is none', async t => {
  const body = { id: 'n', name: 'n', location: 'PHX', status: 'READY', memberships: [], ipBlocks: [] }
  const { bmc } = scripted({ api: [{ body }] })
  await t.rejects(bmc.getPublicNetwork('other'), {
    code: 'BMC_RESPONSE_INVALID',
    message: /another public network/,
  })
  t.match(await bmc.getPublicNetwork('N'), { id: 'n' })
})
