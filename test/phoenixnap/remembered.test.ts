import t from 'tap'
import { HOLD_MS } from './_guard.ts'
import { killEverywhere, verifyBlocks } from './_kill.ts'
import { createStage, need, POST_BLOCK, ROUND_MS, type Stage, seen, tagsOf } from './_stage.ts'

const LIST = 'GET /ips/v1/ip-blocks'
const ONE = 'GET /ips/v1/ip-blocks/{ipBlockId}'
/** What the guard remembers. */
const toIds = ({ record }: Stage) => record.bought.map(({ id }) => id)
/** The list by the cluster's tags answers that there is nothing; that by a purchase's is as it should be. */
const hideByCluster = ({ bmc }: Stage) =>
  bmc.faults.add({
    operation: ({ operation, path }) => operation === LIST && path.includes('cluster.'),
    status: 200,
    body: [],
  })

/** The list answers `shown`, as it did some time ago. */
const lag = ({ bmc }: Stage, shown: readonly unknown[] = []) =>
  bmc.faults.add({ operation: LIST, status: 200, body: structuredClone(shown) })

t.test('a list that stays empty buys what is needed and no more', async t => {
  for (const [addresses, blocks] of [
    [1, ['/29 assigned']],
    [12, ['/28 assigned']],
    [20, ['/28 assigned', '/28 assigned']],
  ] as const) {
    const stage = await createStage(t, { config: { maxBlocks: 2 } })
    const handler = stage.handler()
    lag(stage)
    for (let look = 0; look < 15; look += 1) {
      const progress = await handler.ensure({ needs: [need(addresses)], counted: [] })
      t.equal(progress.state, 'waiting', `look ${look}`)
      await stage.clock.turn(3_000)
    }
    t.equal(stage.bmc.requests.count(POST_BLOCK), blocks.length)
    t.strictSame(seen(stage), blocks)
    t.match(await handler.ensure({ needs: [need(addresses)] }), {
      state: 'waiting',
      did: [],
      why: /not list/,
    })
  }
})

t.test('blocks that the list lacks count towards the limits', async t => {
  const stage = await createStage(t, { config: { maxBlocks: 2 } })
  const handler = stage.handler()
  lag(stage)
  for (let look = 0; look < 5; look += 1) {
    const progress = await handler.ensure({ needs: [need(40)], counted: [] })
    t.match(progress, { state: 'refused', code: 'CCM_BLOCK_LIMIT', message: /2 of at most 2/ })
  }
  t.equal(stage.bmc.requests.count(POST_BLOCK), 2)
})

t.test('a list that lags is caught up with', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  const old = stage.addBlock()
  const shown = lag(stage, [old])
  const demand = { needs: [need(12)], inUse: [old.id], counted: [old.id] }
  await handler.ensure(demand)
  const [, bought] = stage.blocks()
  t.strictSame(toIds(stage), [bought?.id])
  t.match(await handler.ensure(demand), { state: 'waiting', did: [] })
  await stage.clock.turn(ROUND_MS)
  t.match(await handler.ensure(demand), { did: [{ do: 'assign', blockId: bought?.id }] })
  await stage.clock.turn(2 * ROUND_MS)
  shown.remove()
  t.equal((await handler.ensure(demand)).state, 'done')
  t.equal(stage.blocks().length, 2)
  const counted = stage.blocks().map(({ id }) => id)
  await handler.ensure({ needs: [need(1)], inUse: [old.id], counted })
  t.strictSame(toIds(stage), [stage.blocks()[2]?.id], 'what the list shows assigned is forgotten')
})

t.test('a list that shows a block and then lacks it buys none in its place', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  await handler.ensure({ needs: [need(1)] })
  await handler.ensure({ needs: [need(1), { family: 'IPv6', count: 1 }] })
  lag(stage)
  await handler.ensure({ needs: [need(1), { family: 'IPv6', count: 1 }] })
  t.strictSame(seen(stage), ['/29 creating', '/64 creating'])
  t.strictSame(
    toIds(stage),
    stage.blocks().map(({ id }) => id),
  )
})

t.test('a block that was found by its purchase is remembered, too', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  stage.bmc.faults.add({ operation: POST_BLOCK, reset: 'after', times: 1 })
  await handler.ensure({ needs: [need(1)] })
  await stage.clock.turn(ROUND_MS)
  t.match(await handler.ensure({ needs: [need(1)] }), { did: [{ do: 'assign' }] })
  t.equal(stage.record.intent, undefined)
  lag(stage)
  t.match(await handler.ensure({ needs: [need(1)] }), { state: 'waiting', did: [] })
  t.equal(stage.bmc.requests.count(POST_BLOCK), 1)
})

for (const status of [403, 404])
  t.test(`a remembered block that BMC answers with ${status} is forgotten`, async t => {
    const stage = await createStage(t)
    const { backend, record } = stage
    const handler = stage.handler()
    await handler.ensure({ needs: [need(1)] })
    const first = stage.blocks()[0]?.id ?? ''
    lag(stage)
    stage.bmc.faults.add({ operation: ONE, status, times: 1 })
    await handler.ensure({ needs: [need(1)] })
    t.notOk(record.bought.some(({ id }) => id === first))
    t.equal(record.bought.length, 1)
    t.equal(backend.ipBlocks().length, 2)
  })

for (const status of [403, 404])
  t.test(`a remembered block on the network that BMC answers with ${status} is bought once`, async t => {
    const stage = await createStage(t)
    const handler = stage.handler()
    await handler.ensure({ needs: [need(1)] })
    await stage.clock.turn(ROUND_MS)
    t.match(await handler.ensure({ needs: [need(1)] }), { did: [{ do: 'assign' }] })
    const shown = lag(stage)
    stage.bmc.faults.add({ operation: ONE, status, times: 1 })
    await t.rejects(handler.ensure({ needs: [need(1)] }), {
      code: 'BMC_RESPONSE_INVALID',
      message: /on the network/,
    })
    const ids = stage.blocks().map(({ id }) => id)
    t.strictSame(toIds(stage), ids, 'it is still remembered')
    await handler.ensure({ needs: [need(1)] })
    shown.remove()
    await handler.ensure({ needs: [need(1)] })
    t.strictSame(
      stage.blocks().map(({ id }) => id),
      ids,
    )
    t.equal(stage.bmc.requests.count(POST_BLOCK), 1)
  })

t.test('what became of a remembered block and cannot be found out is thrown', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  await handler.ensure({ needs: [need(1)] })
  lag(stage)
  const fault = stage.bmc.faults.add({ operation: ONE, status: 400 })
  await t.rejects(handler.ensure({ needs: [need(1)] }), { code: 'BMC_BAD_REQUEST' })
  fault.remove()
  const { id } = stage.blocks()[0] ?? { id: '' }
  stage.backend.updateIpBlock(id, { tags: [] })
  await t.rejects(handler.ensure({ needs: [need(1)] }), { code: 'BMC_RESPONSE_INVALID', message: /tags/ })
  t.equal(stage.bmc.requests.count(POST_BLOCK), 1)
  t.strictSame(toIds(stage), [id])
  await stage.clock.turn(15 * 60_000)
  await handler.ensure({ needs: [need(1)] })
  t.equal(stage.bmc.requests.count(POST_BLOCK), 2, 'somebody took the first one from the cluster')
  t.equal(stage.record.bought.length, 1)
})

t.test('before a purchase is made again its own tag is looked for', async t => {
  for (const isFound of [true, false]) {
    const stage = await createStage(t)
    const handler = stage.handler()
    stage.bmc.faults.add({ operation: POST_BLOCK, reset: isFound ? 'after' : 'before', times: 1 })
    await handler.ensure({ needs: [need(1)] })
    await stage.clock.turn(HOLD_MS)
    hideByCluster(stage)
    await handler.ensure({ needs: [need(1)] })
    await handler.ensure({ needs: [need(1)] })
    t.equal(stage.blocks().length, 1)
    t.equal(stage.bmc.requests.count(POST_BLOCK), isFound ? 1 : 2)
    t.equal(tagsOf(stage.blocks()[0])['purchase'], 'purchase-1')
    t.equal(stage.record.intent, undefined)
    t.strictSame(toIds(stage), [stage.blocks()[0]?.id])
  }
})

t.test('killed at any step of buying while the list by cluster is empty, none is bought twice', t =>
  killEverywhere(t, {
    prepare: hideByCluster,
    run: async (handler, { clock }) => {
      for (let look = 0; look < 8; look += 1) {
        await handler.ensure({ needs: [need(12)], counted: [] })
        await clock.turn(ROUND_MS)
      }
    },
    verify: (t, stage, where) => {
      verifyBlocks(t, stage, where, ['/28'])
      t.ok(stage.bmc.requests.count(POST_BLOCK) <= 1, where)
    },
    passes: ['after createIpBlock', 'before forget intent', 'after getIpBlock', 'after assignIpBlock'],
  }),
)

t.test('a purchase that nobody can tell the outcome of twice has a code and a stable message', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  stage.bmc.faults.add({ operation: POST_BLOCK, status: 500, times: 1, body: { message: 'trace 1' } })
  stage.bmc.faults.add({ operation: POST_BLOCK, status: 502, times: 1, body: { message: 'trace 2' } })
  stage.bmc.faults.add({ operation: POST_BLOCK, reset: 'before', times: 1 })
  const told: unknown[] = []
  for (let look = 0; look < 4; look += 1) {
    const { state, code, message } = await handler.ensure({ needs: [need(1)] })
    t.equal(state, 'waiting')
    told.push(message === undefined ? code : `${code} ${message}`)
    await stage.clock.turn(HOLD_MS)
  }
  const message = 'BMC does not say whether it sold an IPv4 block of size /29; it is asked again'
  const again = `BMC_OUTCOME_UNKNOWN ${message}`
  t.strictSame(told, [undefined, again, again, undefined])
  t.strictSame(seen(stage).length, 1)
})
