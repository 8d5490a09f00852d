import t from 'tap'
import { CLUSTER, createStage } from './_stage.ts'

const web = { namespace: 'team-a', name: 'web' }
const LIST = 'GET /ips/v1/ip-blocks'
const NETWORK = 'GET /networks/v1/public-networks/{publicNetworkId}'

t.test('lists what a cluster has, in two requests', async t => {
  const stage = await createStage(t)
  const { backend, bmc, network, addBlock } = stage
  const { loadBalancer } = stage.handler()
  const own = addBlock({
    cidr: '198.51.100.8/29',
    tags: [
      { name: 'serviceNamespace', value: 'team-a' },
      { name: 'serviceName', value: 'web' },
    ],
  })
  const coming = addBlock({ status: 'unassigned', cidrBlockSize: '/28' })
  const odd = addBlock({ cidr: null, status: 'unassigned' })
  const elsewhere = addBlock()
  backend.addPublicNetwork({ blockIds: [elsewhere.id] })
  backend.updatePublicNetwork(network.id, {
    blockIds: [own.id, backend.addIpBlock({ cidr: '2001:db8:5::/64', ipVersion: 'V6' }).id],
  })
  backend.addMembership(network.id, { resourceId: 's', ips: ['203.0.113.5 - 203.0.113.6', 'nonsense'] })
  await loadBalancer.listAddresses(CLUSTER)
  bmc.requests.clear()
  const supply = await loadBalancer.listAddresses(CLUSTER)
  t.strictSame(bmc.requests.operations(), { [LIST]: 1, [NETWORK]: 1 })
  t.strictSame(
    supply.blocks.map(({ id, state, usable }) => [id, state, usable?.count]),
    [
      [own.id, 'assigned', 5],
      [coming.id, 'coming', 13],
      [odd.id, 'coming', undefined],
      [elsewhere.id, 'elsewhere', 5],
    ],
  )
  t.strictSame(supply.blocks[0]?.dedicatedTo, web)
  t.strictSame(supply.memberAddresses, ['203.0.113.5', '203.0.113.6'])
  t.strictSame(supply.occupied, { IPv4: 1, IPv6: 1 })
  t.strictSame(supply.network, { id: network.id, location: 'PHX', status: 'READY' })
  t.notOk('tags' in (supply.blocks[0] ?? {}))
})

t.test('a network that the account does not have is named', async t => {
  const stage = await createStage(t)
  const { loadBalancer } = stage.handler({ config: { publicNetworkId: 'nowhere' } })
  await t.rejects(loadBalancer.listAddresses(CLUSTER), {
    code: 'CCM_PUBLIC_NETWORK_UNKNOWN',
    message: /nowhere/,
  })
})

t.test('says of a Service which of its addresses are in blocks', async t => {
  const stage = await createStage(t)
  const { id } = stage.addBlock({ cidr: '198.51.100.8/29' })
  const coming = stage.addBlock({
    cidr: '2001:db8:7::/64',
    ipVersion: 'V6',
    cidrBlockSize: '/64',
    status: 'unassigned',
  })
  const { loadBalancer } = stage.handler()
  const of = (...addresses: string[]) => loadBalancer.getLoadBalancer(CLUSTER, { ...web, addresses })
  t.strictSame(await of('198.51.100.10', '203.0.113.1', '2001:db8:7::2', 'nonsense'), {
    ingress: [
      { ip: '198.51.100.10', blockId: id, assigned: true },
      { ip: '2001:db8:7::2', blockId: coming.id, assigned: false },
    ],
  })
  t.equal(await of('203.0.113.1'), undefined)
  t.equal(await loadBalancer.updateLoadBalancer(CLUSTER, { ...web, addresses: [] }, []), undefined)
  t.equal(
    loadBalancer.getLoadBalancerName('uid', web),
    'usage=cloud-provider-phoenixnap-auto:service=team-a/web:cluster=uid',
  )
})
