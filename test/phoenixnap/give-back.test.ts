import t from 'tap'
import { CLUSTER, createStage, PUT_TAGS, tagsOf } from './_stage.ts'

const BUYING = { usage: 'cloud-provider-phoenixnap-auto', cluster: CLUSTER }

t.test('gives a block back: marked, unassigned, deleted', async t => {
  const stage = await createStage(t)
  const { id } = stage.addBlock({ tags: [{ name: 'owner', value: 'me' }] })
  const handler = stage.handler()
  stage.bmc.faults.add({ operation: PUT_TAGS, status: 500, times: 1 })
  t.match(await handler.giveBack(id), { state: 'waiting', did: [] })
  t.match(await handler.giveBack(id), { state: 'waiting', did: [{ do: 'mark' }, { do: 'unassign' }] })
  t.strictSame(tagsOf(stage.blocks()[0]), { ...BUYING, owner: 'me', delete: 'true' })
  t.match(await handler.giveBack(id), { state: 'waiting', did: [] })
  await stage.clock.turn(10_000)
  t.match(await handler.giveBack(id), { state: 'done', did: [{ do: 'delete' }] })
  t.match(await handler.giveBack(id), { state: 'done', did: [] })
  t.strictSame(stage.blocks(), [])
  t.strictSame(stage.backend.publicNetwork(stage.network.id).ipBlocks, [])
})

t.test('a block that fails to leave is made to leave again', async t => {
  const stage = await createStage(t)
  const { id } = stage.addBlock()
  stage.bmc.faults.failUnassignments(2)
  t.equal((await stage.handler().driveBack(id)).last?.state, 'done')
  t.strictSame(stage.blocks(), [])
})

t.test('a removal that BMC refuses is said', async t => {
  const stage = await createStage(t)
  const { id } = stage.addBlock({ status: 'unassigned' })
  stage.bmc.faults.add({ operation: /^DELETE/, status: 400, times: 1, body: { message: 'locked' } })
  const handler = stage.handler()
  t.match(await handler.giveBack(id), {
    state: 'refused',
    code: 'CCM_BLOCK_FAILED',
    message: /locked/,
    did: [{ do: 'mark' }],
  })
  stage.bmc.faults.add({ operation: /^DELETE/, reset: 'after', times: 1 })
  t.equal((await handler.driveBack(id)).last?.state, 'done')
})

t.test('giving back touches no block without our tags', async t => {
  const stage = await createStage(t)
  const foreign = stage.backend.addIpBlock({ tags: [{ name: 'cluster', value: CLUSTER }] })
  t.equal((await stage.handler().giveBack(foreign.id)).state, 'done')
  t.strictSame(stage.backend.ipBlock(foreign.id), foreign)
  t.ok(stage.bmc.requests.entries.every(({ method, path }) => method === 'GET' || path.includes('token')))
})
