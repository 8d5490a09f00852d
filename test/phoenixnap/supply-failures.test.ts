import t from 'tap'
import { ASSIGN, createStage, need, POST_BLOCK, seen, tagsOf } from './_stage.ts'

const LIST = 'GET /ips/v1/ip-blocks'
const web = { namespace: 'team-a', name: 'web' }

t.test('130 addresses are served by ten blocks, and no more', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  const { last } = await handler.drive(131)
  t.match(last, { state: 'refused', code: 'CCM_BLOCK_LIMIT', message: /10 of at most 10/ })
  t.strictSame(
    seen(stage),
    Array.from({ length: 10 }, () => '/28 assigned'),
  )
})

for (const reset of ['before', 'after'] as const)
  t.test(`a connection that is reset ${reset} the purchase buys one block`, async t => {
    const stage = await createStage(t)
    stage.bmc.faults.add({ operation: POST_BLOCK, reset, times: 1 })
    const handler = stage.handler()
    t.equal((await handler.ensure({ needs: [need(1)] })).state, 'waiting')
    t.equal(stage.record.intent?.id, 'purchase-1')
    t.equal((await stage.handler().ensure({ needs: [need(1)] })).state, 'waiting')
    t.equal(stage.blocks().length, reset === 'after' ? 1 : 0)
    await handler.drive(1)
    t.strictSame(seen(stage), ['/29 assigned'])
    t.equal(tagsOf(stage.blocks()[0])['purchase'], 'purchase-1')
    t.equal(stage.record.intent, undefined)
  })

for (const status of [500, 504])
  t.test(`a ${status} after the purchase was made buys one block`, async t => {
    const stage = await createStage(t)
    stage.bmc.faults.add({ operation: POST_BLOCK, status, afterEffect: true, times: 1 })
    await stage.handler().drive(1)
    t.strictSame(seen(stage), ['/29 assigned'])
  })

t.test('an intent for what nobody needs any more is forgotten with the next change', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: POST_BLOCK, reset: 'before', times: 1 })
  const handler = stage.handler()
  const { id } = stage.addBlock()
  await handler.ensure({ needs: [need(1)] })
  await stage.clock.turn(30_000)
  t.equal((await handler.ensure({ inUse: [id] })).state, 'done')
  t.equal(stage.blocks().length, 1)
  stage.backend.updateIpBlock(id, {
    tags: [...(stage.blocks()[0]?.tags ?? []), { name: 'delete' }].map(({ name, ...tag }) => ({
      name,
      value: 'value' in tag ? (tag.value ?? 'true') : 'true',
    })),
  })
  t.match((await handler.ensure({ inUse: [id] })).did, [{ do: 'keep', blockId: id }])
  t.equal(stage.record.intent, undefined)
  t.equal(stage.blocks().length, 1)
})

const OTHERS = [need(1), need(1, { ...web, name: 'api' }), { family: 'IPv6', count: 1 } as const]
for (const other of OTHERS)
  t.test(`a lost purchase does not pass its id to another need: ${JSON.stringify(other)}`, async t => {
    const stage = await createStage(t)
    stage.bmc.faults.add({ operation: POST_BLOCK, reset: 'before', times: 2 })
    const handler = stage.handler()
    await handler.ensure({ needs: [other.family === 'IPv6' ? need(1) : need(1, web)] })
    await stage.clock.turn(30_000)
    t.equal((await handler.ensure({ needs: [other] })).state, 'waiting')
    t.match(stage.record.intent, { id: 'purchase-2', family: other.family })
  })

t.test('the next smaller size is bought where the wanted one is sold out', async t => {
  const stage = await createStage(t)
  stage.backend.setStock('PHX', '/28', 0)
  await stage.handler().drive(6)
  t.strictSame(seen(stage), ['/29 assigned', '/29 assigned'])
  t.equal(stage.record.intent, undefined)
})

t.test('sold out altogether is said, and hinders no other need', async t => {
  const stage = await createStage(t)
  for (const size of ['/28', '/29', '/30']) stage.backend.setStock('PHX', size, 0)
  const progress = await stage.handler().ensure({ needs: [need(1), { family: 'IPv6', count: 1 }] })
  t.match(progress, { state: 'refused', code: 'BMC_OUT_OF_STOCK', alsoWaiting: true, did: [{ do: 'buy' }] })
  t.strictSame(seen(stage), ['/64 creating'])
  t.equal(stage.record.intent, undefined)
})

t.test('a short quota buys what it allows', async t => {
  const stage = await createStage(t, { publicIpQuota: 12 })
  const handler = stage.handler()
  t.match(await handler.ensure({ needs: [need(7)] }), {
    state: 'refused',
    code: 'CCM_QUOTA_SHORT',
    alsoWaiting: true,
  })
  t.strictSame(seen(stage), ['/29 creating', '/30 creating'])
  t.equal(stage.bmc.requests.count('GET /bmc/v1/quotas'), 2, 'once to plan, once to buy')
})

t.test('no quota to be seen is no limit', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: 'GET /bmc/v1/quotas', status: 200, body: [], times: 1 })
  await stage.handler().ensure({ needs: [need(1)] })
  stage.bmc.faults.add({ operation: 'GET /bmc/v1/quotas', status: 403 })
  await stage.handler().ensure({ needs: [need(6)] })
  t.strictSame(seen(stage), ['/29 creating', '/28 creating'])
})

t.test('a purchase that is refused is not asked for again in the same round', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: POST_BLOCK, status: 403, body: { message: 'no contract' } })
  const services = ['a', 'b', 'c'].map(name => ({ namespace: 'n', name }))
  const progress = await stage.handler().ensure({ needs: services.map(service => need(1, service)) })
  t.match(progress, { state: 'refused', code: 'BMC_FORBIDDEN', message: /no contract/, did: [] })
  t.notOk(progress.alsoWaiting)
  t.equal(stage.bmc.requests.count(POST_BLOCK), 1)
  t.equal(stage.record.intent, undefined)
})

t.test('a tag name that was deleted is made again', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  await handler.ensure({ needs: [need(1)] })
  stage.bmc.requests.clear()
  stage.bmc.faults.add({ operation: POST_BLOCK, status: 400, times: 1 })
  await handler.ensure({ needs: [need(6)] })
  t.strictSame(seen(stage), ['/29 creating', '/28 creating'])
  t.equal(stage.bmc.requests.count('POST /tag-manager/v1/tags'), 3)
  stage.bmc.faults.add({ operation: POST_BLOCK, status: 400 })
  t.match(await handler.ensure({ needs: [need(99)] }), { state: 'refused', code: 'BMC_BAD_REQUEST' })
  t.equal(stage.record.intent, undefined)
})

t.test('a network in another operation is waited for', async t => {
  const stage = await createStage(t)
  const { backend, network } = stage
  const handler = stage.handler()
  stage.addBlock({ status: 'unassigned' })
  backend.updatePublicNetwork(network.id, { status: 'BUSY' })
  t.match(await handler.ensure({ needs: [need(1)] }), { state: 'waiting', did: [], why: /BUSY/ })
  backend.updatePublicNetwork(network.id, { status: 'READY' })
  stage.bmc.faults.add({ operation: ASSIGN, status: 409, times: 1 })
  t.match(await handler.ensure({ needs: [need(1)] }), { state: 'waiting', did: [] })
  backend.updatePublicNetwork(network.id, { status: 'ERROR' })
  t.match(await handler.ensure({ needs: [need(1)] }), { state: 'refused', code: 'CCM_PUBLIC_NETWORK_FAILED' })
  backend.updatePublicNetwork(network.id, { status: 'READY' })
  await handler.drive(1)
  t.strictSame(seen(stage), ['/29 assigned'])
})

t.test('an assignment that fails is repaired', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.failAssignments(2)
  stage.bmc.faults.failUnassignments(1)
  const { did } = await stage.handler().drive(1)
  t.strictSame(seen(stage), ['/29 assigned'])
  t.equal(did.filter(change => change.do === 'buy').length, 1)
  t.equal(did.filter(change => change.do === 'repair').length, 3)
})

t.test('an assignment that is refused is about that block', async t => {
  const stage = await createStage(t)
  stage.addBlock({ id: 'one', status: 'unassigned' })
  stage.addBlock({ id: 'two', status: 'unassigned' })
  stage.bmc.faults.add({ operation: ASSIGN, status: 400, times: 1, body: { message: 'cannot' } })
  const progress = await stage.handler().ensure({ needs: [need(10)] })
  t.match(progress, {
    state: 'refused',
    code: 'CCM_BLOCK_FAILED',
    message: /one.*cannot/,
    did: [{ blockId: 'two' }],
  })
})

t.test('a block on which BMC always fails holds up no other', async t => {
  const stage = await createStage(t)
  stage.addBlock({ id: 'one', status: 'unassigned' })
  stage.addBlock({ id: 'two', status: 'unassigned' })
  stage.bmc.faults.add({
    operation: ({ operation, body }) => operation === ASSIGN && JSON.stringify(body).includes('one'),
    status: 500,
  })
  const progress = await stage.handler().ensure({ needs: [need(10)] })
  t.match(progress, { state: 'waiting', did: [{ do: 'assign', blockId: 'two' }], why: /one.*500/ })
})

t.test('what cannot be found out is thrown', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: LIST, status: 403 })
  await t.rejects(stage.handler().ensure({ needs: [need(1)] }), { code: 'BMC_FORBIDDEN' })
  await t.rejects(stage.handler().giveBack('b'), { code: 'BMC_FORBIDDEN' })
  t.equal(stage.record.holder, undefined)
})

t.test('a hold that has too little time left changes nothing', async t => {
  const stage = await createStage(t)
  const { clock, record } = stage
  const slow = stage.handler({
    step: what => void (what === 'before confirm' && (record.until = clock.now() + 2_500)),
  })
  t.equal((await slow.ensure({ needs: [need(1)] })).state, 'waiting')
  t.equal(stage.bmc.requests.count(POST_BLOCK), 0)
  t.equal(record.intent, undefined)
  const robbed = stage.handler({
    step: what => void (what === 'before confirm' && (record.holder = Symbol('thief'))),
  })
  await t.rejects(robbed.ensure({ needs: [need(1)] }), { code: 'KUBE_CONFLICT' })
  t.equal(stage.bmc.requests.count(POST_BLOCK), 0)
})

t.test('a network is given one change at a time', async t => {
  const stage = await createStage(t)
  stage.addBlock({ status: 'unassigned' })
  stage.addBlock({ status: 'unassigned' })
  t.equal((await stage.handler().ensure({ needs: [need(10)] })).state, 'waiting')
  t.equal(stage.bmc.requests.count(ASSIGN), 1)
  await stage.handler().drive(10)
  t.strictSame(seen(stage), ['/29 assigned', '/29 assigned'])
})

t.test('a purchase is not sent long after its intent was stored', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: POST_BLOCK, status: 429, headers: { 'retry-after': '25' }, times: 1 })
  t.match(await stage.handler().ensure({ needs: [need(1)] }), { state: 'refused', code: 'BMC_RATE_LIMITED' })
  t.equal(stage.record.intent, undefined)
  t.strictSame(seen(stage), [])
})
