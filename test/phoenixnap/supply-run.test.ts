import t from 'tap'
import { createGuardRecord } from './_guard.ts'
import { ASSIGN, CLUSTER, createStage, need, POST_BLOCK, PUT_TAGS, ROUND_MS, seen, tagsOf } from './_stage.ts'

const LIST = 'GET /ips/v1/ip-blocks'
const NETWORK = 'GET /networks/v1/public-networks/{publicNetworkId}'
const BUYING = { usage: 'cloud-provider-phoenixnap-auto', cluster: CLUSTER }

t.test('buys one block for all who wait, with all tags, and assigns it', async t => {
  const stage = await createStage(t)
  const { did, last } = await stage.handler().drive(12)
  t.strictSame(
    did.map(change => change.do),
    ['buy', 'assign'],
  )
  t.equal(last?.state, 'waiting')
  t.strictSame(seen(stage), ['/28 assigned'])
  t.strictSame(tagsOf(stage.blocks()[0]), { ...BUYING, purchase: 'purchase-1' })
  t.equal(stage.blocks()[0]?.location, 'PHX')
  t.equal(stage.record.intent, undefined)
})

t.test('each step is one look, a change two, and neither waits', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  await handler.loadBalancer.listAddresses(CLUSTER)
  const operations = async (): Promise<unknown> => {
    stage.bmc.requests.clear()
    await handler.ensure({ needs: [need(1)] })
    return stage.bmc.requests.operations()
  }
  const look = { [LIST]: 1, [NETWORK]: 1 }
  const looks = { [LIST]: 2, [NETWORK]: 2 }
  t.strictSame(await operations(), {
    ...looks,
    'GET /bmc/v1/quotas': 2,
    'POST /tag-manager/v1/tags': 3,
    [POST_BLOCK]: 1,
  })
  t.strictSame(await operations(), look)
  await stage.clock.turn(2_000)
  t.strictSame(await operations(), { ...looks, [ASSIGN]: 1 })
  t.strictSame(await operations(), look)
  t.equal((await handler.ensure({})).state, 'done')
})

t.test('a block of a Service’s own bears its name', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  await handler.ensure({ needs: [need(1, { namespace: 'team-a', name: 'web.v2' })] })
  t.match(tagsOf(stage.blocks()[0]), { serviceNamespace: 'team-a', serviceName: 'web_2e_v2' })
  const { blocks } = await handler.loadBalancer.listAddresses(CLUSTER)
  t.strictSame(blocks[0]?.dedicatedTo, { namespace: 'team-a', name: 'web.v2' })
  t.equal(
    (await handler.ensure({ needs: [need(1, { namespace: 'team-a', name: 'web.v2' })] })).state,
    'waiting',
  )
  t.equal(stage.blocks().length, 1)
})

t.test('both families at once', async t => {
  const stage = await createStage(t)
  await stage.handler().ensure({ needs: [need(1), { family: 'IPv6', count: 3 }] })
  t.strictSame(seen(stage), ['/29 creating', '/64 creating'])
})

t.test('ten handlers at once buy once, also those that asked a moment ago', async t => {
  const stage = await createStage(t)
  const handlers = Array.from({ length: 10 }, () => stage.handler())
  const progress = await Promise.all(handlers.map(one => one.ensure({ needs: [need(12)], counted: [] })))
  t.equal(progress.filter(({ state }) => state === 'busy').length, 9)
  for (let round = 0; round < 5; round += 1) {
    await stage.clock.turn(ROUND_MS)
    await Promise.all(handlers.map(one => one.ensure({ needs: [need(12)], counted: [] })))
  }
  t.strictSame(seen(stage), ['/28 assigned'])
  t.equal(stage.bmc.requests.count(POST_BLOCK), 1)
})

t.test('a block in use that was marked is kept, with its other tags', async t => {
  const stage = await createStage(t)
  const { id } = stage.addBlock({
    tags: [
      { name: 'delete', value: 'true' },
      { name: 'owner', value: 'me' },
    ],
  })
  const handler = stage.handler()
  stage.bmc.faults.add({ operation: PUT_TAGS, status: 500, times: 1 })
  t.equal((await handler.ensure({ inUse: [id] })).state, 'waiting')
  t.match(await handler.ensure({ inUse: [id] }), { did: [{ do: 'keep', blockId: id }] })
  t.strictSame(tagsOf(stage.blocks()[0]), { ...BUYING, owner: 'me' })
  t.equal((await handler.ensure({ inUse: [id] })).state, 'done')
})

t.test('two clusters on one network do not touch each other, and share its room', async t => {
  const stage = await createStage(t, { tagFilter: 'or' })
  const one = stage.handler()
  const two = stage.handler({ cluster: 'other-uid', record: createGuardRecord() })
  for (let round = 0; round < 30; round += 1) {
    await Promise.all([one.look(40), two.look(40)])
    await stage.clock.turn(ROUND_MS)
  }
  const [four, others] = [seen(stage), seen(stage, 'other-uid')]
  t.strictSame([four, others], [times(4), times(4)])
  t.match(await one.ensure({ needs: [need(30)] }), { state: 'refused', code: 'CCM_BLOCK_LIMIT' })
  t.equal(stage.blocks().length, 6)
  const [foreign] = stage.blocks('other-uid')
  const before = stage.backend.ipBlock(foreign?.id ?? '')
  t.match(await one.giveBack(foreign?.id ?? ''), { state: 'done', did: [], why: /does not bear the tags/ })
  t.strictSame(stage.backend.ipBlock(foreign?.id ?? ''), before)
})
const times = (count: number): string[] => Array.from({ length: count }, () => '/28 assigned')

t.test('a dry run tells what would be done, does nothing and asks no guard', async t => {
  const stage = await createStage(t)
  const used = stage.addBlock({ status: 'error assigning' })
  const handler = stage.handler()
  stage.record.holder = Symbol('another handler')
  stage.record.until = Number.POSITIVE_INFINITY
  const progress = await handler.ensure({ needs: [need(20)], inUse: [used.id] }, true)
  t.strictSame(
    progress.did.map(({ do: what, blockId }) => [what, blockId]),
    [
      ['repair', used.id],
      ['buy', undefined],
      ['buy', undefined],
    ],
  )
  t.match(progress.did[1], { detail: { size: '/28', location: 'PHX', family: 'IPv4' } })
  t.match(await handler.giveBack(used.id, true), {
    state: 'waiting',
    did: [{ do: 'mark' }, { do: 'unassign' }],
  })
  t.ok(stage.bmc.requests.entries.every(({ method, path }) => method === 'GET' || path.includes('token')))
  t.equal((await handler.ensure({ needs: [need(1)] })).state, 'busy')
  t.equal((await handler.giveBack(used.id)).state, 'busy')
})
