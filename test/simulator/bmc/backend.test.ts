import t from 'tap'
import { start } from './support.ts'

t.test('what was read stays as it was', async t => {
  const { sim } = await start(t)
  const { backend } = sim
  const before = backend.addServer()
  t.equal(backend.powerOff(before.id).status, 'powered-off')
  t.equal(before.status, 'powered-on')
  t.equal(backend.server(before.id).status, 'powered-off')
  t.equal(backend.powerOn(before.id).status, 'powered-on')
})

t.test('seeds tags that do not exist yet, and replaces them', async t => {
  const { sim } = await start(t)
  const { backend } = sim
  const { id } = backend.addIpBlock({ tags: [{ name: 'a', value: '1' }] })
  backend.updateIpBlock(id, { description: 'd' })
  t.match(backend.ipBlock(id), { description: 'd', tags: [{ name: 'a', value: '1' }] })
  backend.updateIpBlock(id, { tags: [{ name: 'b' }] })
  t.same(
    backend.ipBlock(id).tags?.map(({ name }) => name),
    ['b'],
  )
  t.same(
    backend.tags().map(({ name }) => name),
    ['a', 'b'],
  )
})

t.test('removes objects at once', async t => {
  const { sim } = await start(t)
  const { backend } = sim
  const [server, block, network] = [backend.addServer(), backend.addIpBlock(), backend.addPublicNetwork()]
  backend.updatePublicNetwork(network.id, { blockIds: [block.id] })
  backend.addMembership(network.id, { resourceId: server.id, ips: [] })
  backend.removeServer(server.id)
  t.same(backend.publicNetwork(network.id).memberships, [])
  t.equal(backend.publicNetwork(network.id).ipBlocks.length, 1)
  backend.removeIpBlock(block.id)
  t.same(backend.publicNetwork(network.id).ipBlocks, [])
  backend.removePublicNetwork(network.id)
  t.same([backend.servers(), backend.ipBlocks(), backend.publicNetworks()], [[], [], []])
})

t.test('an unknown id is a mistake of the test', async t => {
  const { sim } = await start(t)
  const { backend } = sim
  const acts: ((id: string) => unknown)[] = [
    id => backend.server(id),
    id => backend.removeServer(id),
    id => backend.powerOff(id),
    id => backend.ipBlock(id),
    id => backend.publicNetwork(id),
  ]
  for (const act of acts) {
    t.throws(() => act('nothing'), /the simulator has no .* nothing in account sim-account/)
  }
})

t.test('accounts share the cloud, not its objects', async t => {
  const { sim } = await start(t)
  const other = sim.backend.account('other')
  const mine = sim.backend.addServer()
  const theirs = other.addServer()
  t.notSame(mine.id, theirs.id)
  t.notSame(mine.privateIpAddresses, theirs.privateIpAddresses)
  t.same(other.servers(), [theirs])
  t.same(sim.backend.account('sim-account').servers(), [mine])
})
