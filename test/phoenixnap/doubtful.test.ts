import t from 'tap'
import { CLUSTER, createStage, POST_BLOCK } from './_stage.ts'

const ODD = { cidr: '127.0.0.0/29', cidrBlockSize: '/29' }
const four = (count: number) => [{ family: 'IPv4', count }] as const

t.test('a block whose range cannot be right has none', async t => {
  const { handler, addBlock } = await createStage(t)
  const { id } = addBlock(ODD)
  const { blocks } = await handler().loadBalancer.listAddresses(CLUSTER)
  t.match(blocks, [{ id, state: 'assigned', cidr: undefined, usable: undefined, doubt: /127\.0\.0\.0\/29/ }])
})

t.test('so has one that is assigned without a range, as long as that is so', async t => {
  const { handler, addBlock, backend } = await createStage(t)
  const { id, cidr } = addBlock()
  const list = async () => (await handler().loadBalancer.listAddresses(CLUSTER)).blocks
  backend.updateIpBlock(id, { cidr: '' })
  t.match(await list(), [{ cidr: undefined, doubt: /tells no range/ }])
  backend.updateIpBlock(id, { cidr })
  const [block] = await list()
  t.equal(block?.cidr, cidr)
  t.notOk(block && 'doubt' in block)
})

t.test('of two blocks with one range the younger one has none', async t => {
  const { handler, addBlock, clock } = await createStage(t)
  const range = { cidr: '203.0.113.0/29', cidrBlockSize: '/29' }
  const { id } = addBlock(range)
  await clock.turn(60_000)
  addBlock(range)
  const { blocks } = await handler().loadBalancer.listAddresses(CLUSTER)
  t.strictSame(
    blocks.map(block => block.doubt),
    [undefined, `BMC says that its range is 203.0.113.0/29, which overlaps that of block ${id}`],
  )
})

t.test('one such block stops nobody, two stop purchases until they are told apart', async t => {
  const { bmc, handler, addBlock, backend } = await createStage(t)
  const first = addBlock(ODD)
  const more = { inUse: [first.id], counted: [first.id] }
  t.match(await handler().ensure({ needs: four(1), ...more }), { state: 'waiting' })
  t.equal(bmc.requests.count(POST_BLOCK), 1)
  const [second] = backend.ipBlocks().filter(({ id }) => id !== first.id)
  backend.updateIpBlock(second?.id ?? '', ODD)
  t.match(await handler().ensure({ needs: four(1), ...more }), {
    state: 'refused',
    code: 'BMC_RESPONSE_INVALID',
    message: `nothing is bought as long as BMC tells no range for these blocks that can be believed: ${first.id}, ${second?.id}`,
  })
  t.match(await handler().ensure({ needs: [], ...more }), { state: 'done' })
  t.equal(bmc.requests.count(POST_BLOCK), 1)
  backend.updateIpBlock(second?.id ?? '', { cidr: second?.cidr ?? '' })
  await handler().ensure({ needs: four(1), ...more })
  t.equal(bmc.requests.count(POST_BLOCK), 1, 'and the one that was bought is used')
})

t.test('more blocks than a network can have are no answer', async t => {
  const { bmc, handler, addBlock, backend, network } = await createStage(t)
  for (let count = 1; count <= 110; count++) addBlock({ status: 'unassigned' })
  const assignedResourceId = network.id
  for (const { id } of backend.ipBlocks()) backend.updateIpBlock(id, { assignedResourceId })
  const { loadBalancer } = handler()
  t.equal((await loadBalancer.listAddresses(CLUSTER)).blocks.length, 110)
  const { id } = addBlock({ status: 'unassigned' })
  t.equal((await loadBalancer.listAddresses(CLUSTER)).blocks.length, 111, 'off the network there may be more')
  backend.updateIpBlock(id, { assignedResourceId })
  const code = 'BMC_RESPONSE_INVALID'
  const message = `111 IP blocks are said to be on public network ${network.id}, which cannot be: nothing is done with blocks`
  await t.rejects(loadBalancer.listAddresses(CLUSTER), { code, message })
  await t.rejects(handler().ensure({ needs: four(1) }), { code, message })
  t.equal(bmc.requests.count(POST_BLOCK), 0)
})

t.test('nor are they when the network alone says so', async t => {
  const { handler, backend, network } = await createStage(t)
  const ids = Array.from({ length: 111 }, () => backend.addIpBlock().id)
  backend.updatePublicNetwork(network.id, { blockIds: ids })
  await t.rejects(handler().loadBalancer.listAddresses(CLUSTER), { code: 'BMC_RESPONSE_INVALID' })
})
