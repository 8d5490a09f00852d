import t from 'tap'
import { createGuardRecord } from './_guard.ts'
import { ASSIGN, CLUSTER, createStage, need, POST_BLOCK, PUT_TAGS, type Stage } from './_stage.ts'

const web = { namespace: 'team-a', name: 'web' }
const LIST = 'GET /ips/v1/ip-blocks'
const NETWORK = 'GET /networks/v1/public-networks/{publicNetworkId}'
const BUYING = { usage: 'cloud-provider-phoenixnap-auto', cluster: CLUSTER }

/** Size and status of a cluster's blocks, as `/28 assigned`. */
const seen = ({ blocks }: Stage, cluster?: string): string[] =>
  blocks(cluster).map(({ cidrBlockSize, status }) => `${cidrBlockSize} ${status}`)
const tagsOf = (block: { readonly tags?: readonly { name: string; value?: string }[] } | undefined) =>
  Object.fromEntries((block?.tags ?? []).map(({ name, value }) => [name, value]))

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

t.test('each step is one look, and does not wait', async t => {
  const stage = await createStage(t)
  const handler = stage.handler()
  await handler.loadBalancer.listAddresses(CLUSTER)
  const operations = async (): Promise<unknown> => {
    stage.bmc.requests.clear()
    await handler.ensure({ needs: [need(1)] })
    return stage.bmc.requests.operations()
  }
  const look = { [LIST]: 1, [NETWORK]: 1 }
  t.strictSame(await operations(), {
    ...look,
    'GET /bmc/v1/quotas': 1,
    'POST /tag-manager/v1/tags': 3,
    [POST_BLOCK]: 1,
  })
  t.strictSame(await operations(), look)
  await stage.clock.turn(2_000)
  t.strictSame(await operations(), { ...look, [ASSIGN]: 1 })
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

t.test('ten handlers at once buy once, also those that asked a moment ago', async t => {
  const stage = await createStage(t)
  const handlers = Array.from({ length: 10 }, () => stage.handler())
  const progress = await Promise.all(handlers.map(one => one.ensure({ needs: [need(12)], counted: [] })))
  t.equal(progress.filter(({ state }) => state === 'busy').length, 9)
  for (const one of handlers) await one.ensure({ needs: [need(12)], counted: [] })
  await Promise.all(handlers.map(one => one.drive(12)))
  for (const one of handlers) {
    t.equal((await one.ensure({ needs: [need(12)], counted: [] })).state, 'done')
  }
  t.strictSame(seen(stage), ['/28 assigned'])
  t.equal(stage.bmc.requests.count(POST_BLOCK), 1)
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

t.test('an intent for what nobody needs any more is forgotten', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: POST_BLOCK, reset: 'before', times: 1 })
  const handler = stage.handler()
  const { id } = stage.addBlock()
  await handler.ensure({ needs: [need(1)] })
  await stage.clock.turn(30_000)
  t.equal((await handler.ensure({ inUse: [id] })).state, 'done')
  t.equal(stage.record.intent, undefined)
  t.equal(stage.blocks().length, 1)
})

t.test('a lost purchase of one need does not pass its id to another', async t => {
  const stage = await createStage(t)
  stage.bmc.faults.add({ operation: POST_BLOCK, reset: 'before', times: 2 })
  const handler = stage.handler()
  await handler.ensure({ needs: [need(1, web)] })
  await stage.clock.turn(30_000)
  t.equal((await handler.ensure({ needs: [need(1)] })).state, 'waiting')
  t.match(stage.record.intent, { id: 'purchase-2', service: undefined })
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
  t.equal(stage.bmc.requests.count('GET /bmc/v1/quotas'), 1)
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
  stage.bmc.faults.add({ operation: POST_BLOCK, status: 400, times: 1 })
  await handler.ensure({ needs: [need(6)] })
  t.strictSame(seen(stage), ['/29 creating', '/28 creating'])
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
  await Promise.all([one.drive(40), two.drive(40)])
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
