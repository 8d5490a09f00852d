import t from 'tap'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const TAGS = [
  { name: 'usage', value: 'cloud-provider-phoenixnap-auto' },
  { name: 'purchase', value: 'p-1' },
]
const BLOCK = { location: 'PHX', cidrBlockSize: '/29', ipVersion: 'V4', tags: TAGS } as const

t.test('a block is bought, described, tagged and given back', async t => {
  const { bmc, simulator, clock } = await simulated(t)
  for (const { name } of TAGS) await bmc.ensureTag(name)
  const bought = await bmc.createIpBlock({ ...BLOCK, description: 'for tests' })
  t.match(bought, {
    location: 'PHX',
    cidrBlockSize: '/29',
    ipVersion: 'V4',
    description: 'for tests',
    tags: TAGS,
  })
  await clock.turn(60_000)
  t.match(await bmc.getIpBlock(bought.id), { id: bought.id, status: 'unassigned' })
  t.match(await bmc.patchIpBlock(bought.id, { description: 'other' }), { description: 'other' })
  const [usage] = TAGS
  t.match((await bmc.putIpBlockTags(bought.id, usage ? [usage] : [])).tags, [usage])
  t.equal(simulator.backend.ipBlock(bought.id).tags?.length, 1)
  await bmc.deleteIpBlock(bought.id)
  t.strictSame(simulator.backend.ipBlocks(), [])
  await t.rejects(bmc.getIpBlock(bought.id), { code: 'BMC_FORBIDDEN', fields: { status: 403 } })
})

t.test('blocks are listed by all tags given, however the API takes several', async t => {
  for (const tagFilter of ['and', 'or'] as const) {
    const { bmc, simulator } = await simulated(t, {}, { tagFilter })
    const ours = simulator.backend.addIpBlock({ tags: TAGS })
    simulator.backend.addIpBlock({ tags: TAGS.slice(0, 1) })
    simulator.backend.addIpBlock({ tags: [{ name: 'purchase', value: 'p-2' }] })
    simulator.backend.addIpBlock()
    const ids = async (tags: { name: string; value?: string }[]): Promise<string[]> =>
      (await bmc.listIpBlocks({ tags })).map(({ id }) => id)
    t.strictSame(await ids(TAGS), [ours.id])
    t.equal((await ids(TAGS.slice(0, 1))).length, 2)
    t.equal((await ids([{ name: 'purchase' }])).length, 2)
    t.equal((await bmc.listIpBlocks()).length, 4)
  }
})

t.test('tags go into the query one by one', async t => {
  const { bmc, seen } = scripted()
  await bmc.listIpBlocks({ tags: [...TAGS, { name: 'marked' }] })
  t.equal(seen[0]?.path, '/ips/v1/ip-blocks?tag=usage.cloud-provider-phoenixnap-auto&tag=purchase.p-1')
  t.equal(seen[0]?.body, undefined)
})

t.test('the order says what is wanted, and nothing else', async t => {
  const { bmc, seen } = scripted({ api: [{ status: 201, body: { id: 'b', status: 'creating' } }] })
  await bmc.createIpBlock(BLOCK)
  t.strictSame(JSON.parse(seen[0]?.body ?? ''), BLOCK)
})

t.test('a location that is sold out, and wrong data, are told apart', async t => {
  const { bmc, simulator } = await simulated(t)
  simulator.backend.addTag('usage')
  simulator.backend.addTag('purchase')
  simulator.backend.setStock('PHX', '/29', 0)
  await t.rejects(bmc.createIpBlock(BLOCK), { code: 'BMC_OUT_OF_STOCK', fields: { status: 406 } })
  await t.rejects(bmc.createIpBlock({ ...BLOCK, cidrBlockSize: '/12' }), {
    code: 'BMC_BAD_REQUEST',
    message: /: .*12/,
  })
})

t.test('whatever happens to the connection, one order never buys two blocks', async t => {
  const faults = [
    { fault: { reset: 'before' }, blocks: 0 },
    { fault: { reset: 'after' }, blocks: 1 },
    { fault: { malformed: true }, blocks: 1 },
    { fault: { status: 500 }, blocks: 0 },
    { fault: { status: 504, afterEffect: true }, blocks: 1 },
    { fault: { status: 503, afterEffect: true }, blocks: 1 },
  ] as const
  for (const { fault, blocks } of faults) {
    const { bmc, simulator } = await simulated(t)
    for (const { name } of TAGS) simulator.backend.addTag(name)
    simulator.faults.add({ operation: 'POST /ips/v1/ip-blocks', times: 1, ...fault })
    await t.rejects(bmc.createIpBlock(BLOCK), { code: 'BMC_OUTCOME_UNKNOWN' }, JSON.stringify(fault))
    t.equal(simulator.backend.ipBlocks().length, blocks)
    t.equal((await bmc.listIpBlocks({ tags: TAGS })).length, blocks, 'the tag finds what was bought')
  }
})

t.test('an order that certainly did nothing is placed again', async t => {
  const { bmc, simulator } = await simulated(t)
  for (const { name } of TAGS) simulator.backend.addTag(name)
  simulator.faults.add({ operation: 'POST /ips/v1/ip-blocks', times: 2, status: 429 })
  await bmc.createIpBlock(BLOCK)
  t.equal(simulator.backend.ipBlocks().length, 1)
  t.equal(bmc.requests.get('POST /ips/v1/ip-blocks'), 3)
})

t.test('an order whose token was revoked is placed once', async t => {
  const { bmc, simulator } = await simulated(t)
  for (const { name } of TAGS) await bmc.ensureTag(name)
  simulator.backend.revokeTokens()
  await bmc.createIpBlock(BLOCK)
  t.equal(simulator.backend.ipBlocks().length, 1)
})

t.test('kept sockets that died unseen do no harm to orders or lists', async t => {
  const { bmc, simulator } = await simulated(t)
  for (const { name } of TAGS) await bmc.ensureTag(name)
  await bmc.listIpBlocks()
  simulator.faults.dropConnections()
  await bmc.createIpBlock(BLOCK)
  await bmc.listIpBlocks()
  simulator.faults.dropConnections()
  t.equal((await bmc.listIpBlocks({}, { maxAttempts: 1 })).length, 1)
})

t.test('fields may be null or new, id and status must be there', async t => {
  const { bmc, simulator } = await simulated(t, {}, { absent: 'null' })
  const { id } = simulator.backend.addIpBlock({ status: 'melting' })
  t.match(await bmc.getIpBlock(id), { status: 'melting' })
  t.equal((await bmc.getIpBlock(id)).assignedResourceId, undefined)
  for (const body of [{ id: 'b' }, { status: 'assigned' }, { id: 'b', status: 'assigned', tags: [{}] }]) {
    const broken = scripted({ api: [{ body }] })
    await t.rejects(broken.bmc.getIpBlock('b'), { code: 'BMC_RESPONSE_INVALID' })
  }
})

/** The clock of the client when it asks. */
const OURS = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
const ago = (ms: number): string => new Date(OURS - ms).toISOString()
const said = (aheadMs: number): string => new Date(OURS + aheadMs).toUTCString()
const AGES: readonly [
  name: string,
  date: string | undefined,
  createdOn: string,
  ageMs: number | undefined,
][] = [
  ['a minute by both clocks', said(0), ago(60_000), 60_000],
  ['by our clock where its own is ahead', said(2 * HOUR), ago(60_000), 60_000],
  ['by its own where ours is ahead', said(-2 * HOUR), ago(2 * HOUR + 60_000), 60_000],
  ['by its own where the block is yet to be created by ours', said(2 * HOUR), ago(-HOUR), HOUR],
  ['by ours where it is yet to be created by its own', said(-2 * HOUR), ago(HOUR), HOUR],
  ['that of a moment, of which the answer told the second only', said(0), ago(-500), 0],
  ['by ours where the answer does not say what time it is', undefined, ago(HOUR), HOUR],
  ['by ours where the time of the answer cannot be read', 'now', ago(HOUR), HOUR],
  ['unknown where it is yet to be created by both', said(0), ago(-HOUR), undefined],
  ['unknown where its creation cannot be read', said(0), 'yesterday', undefined],
]
for (const [name, date, createdOn, ageMs] of AGES)
  t.test(`the age of a block is ${name}`, async t => {
    const block = { id: 'b', status: 'creating', createdOn }
    const headers = date === undefined ? {} : { date }
    const { bmc } = scripted({
      api: [
        { headers, body: [block] },
        { headers, body: block },
      ],
    })
    t.equal((await bmc.listIpBlocks())[0]?.ageMs, ageMs)
    t.equal((await bmc.getIpBlock('b')).ageMs, ageMs)
  })

t.test('an answer about another block is none', async t => {
  const { bmc } = scripted({ api: [{ body: { id: 'other', status: 'assigned' } }] })
  await t.rejects(bmc.getIpBlock('b'), { code: 'BMC_RESPONSE_INVALID', message: /another IP block/ })
})
