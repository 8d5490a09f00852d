import t from 'tap'
import { CLUSTER, createStage, POST_BLOCK } from './_stage.ts'

const LIST = 'GET /ips/v1/ip-blocks'

t.test('a list that was cut is no list', async t => {
  const { bmc, handler, addBlock } = await createStage(t)
  const { id } = addBlock()
  const { loadBalancer } = handler()
  bmc.faults.add({ operation: LIST, status: 200, body: [] })
  await t.rejects(loadBalancer.listAddresses(CLUSTER, { expected: [id] }), {
    code: 'BMC_RESPONSE_INVALID',
    message: new RegExp(id),
  })
})

t.test('nothing is bought on a list that was cut', async t => {
  const { bmc, handler, addBlock, blocks } = await createStage(t)
  const { id } = addBlock()
  const cut = bmc.faults.add({ operation: LIST, status: 200, body: [] })
  const needs = [{ family: 'IPv4', count: 1 }] as const
  const demand = { needs, inUse: [id], counted: [id] }
  await t.rejects(handler().ensure(demand), { code: 'BMC_RESPONSE_INVALID' })
  t.equal(bmc.requests.count(POST_BLOCK), 0)
  cut.remove()
  await handler().ensure(demand)
  t.equal(bmc.requests.count(POST_BLOCK), 1, 'and it is bought once the list is whole')
  t.equal(blocks().length, 2)
})

t.test('nothing is bought beside a block that leaves, where the list was cut', async t => {
  const { bmc, handler, addBlock } = await createStage(t)
  const { id } = addBlock({ status: 'error unassigning' })
  bmc.faults.add({ operation: LIST, status: 200, body: [] })
  const needs = [{ family: 'IPv4', count: 1 }] as const
  const demand = { needs, inUse: [], counted: [] }
  await t.rejects(handler().ensure({ ...demand, known: [id] }), { code: 'BMC_RESPONSE_INVALID' })
  t.equal(bmc.requests.count(POST_BLOCK), 0)
})

t.test('a block without our tags is neither gone nor ours', async t => {
  const { backend, handler, addBlock } = await createStage(t)
  const { id } = addBlock()
  backend.updateIpBlock(id, { tags: [] })
  const { loadBalancer } = handler()
  const { blocks, unlisted } = await loadBalancer.listAddresses(CLUSTER, { expected: [id] })
  t.strictSame({ blocks, unlisted }, { blocks: [], unlisted: [id] })
})

t.test('a block that BMC does not know has gone', async t => {
  const { handler } = await createStage(t)
  const { unlisted } = await handler().loadBalancer.listAddresses(CLUSTER, { expected: ['no-such-block'] })
  t.strictSame(unlisted, [])
})

t.test('what could not be found out is thrown', async t => {
  const { bmc, handler, addBlock } = await createStage(t)
  const { id } = addBlock()
  bmc.faults.add({ operation: LIST, status: 200, body: [] })
  bmc.faults.add({ operation: 'GET /ips/v1/ip-blocks/{ipBlockId}', status: 400 })
  await t.rejects(handler().loadBalancer.listAddresses(CLUSTER, { expected: [id] }), {
    code: 'BMC_BAD_REQUEST',
  })
})
