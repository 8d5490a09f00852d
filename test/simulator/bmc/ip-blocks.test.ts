import t from 'tap'
import { pluck, start } from './support.ts'

const BLOCKS = '/ips/v1/ip-blocks'
const NEW = { location: 'PHX', cidrBlockSize: '/29' }

t.test('a block is bought with its tags, comes into being, and is given back', async t => {
  const { sim, clock, send } = await start(t)
  sim.backend.addTag('usage')
  const created = await send('POST', BLOCKS, {
    ...NEW,
    tags: [{ name: 'usage', value: 'x' }],
    description: 'd',
  })
  t.match(created, {
    status: 201,
    body: {
      ...NEW,
      status: 'creating',
      ipVersion: 'V4',
      description: 'd',
      tags: [{ name: 'usage', value: 'x' }],
    },
  })
  const { id } = created.body as { id: string }
  t.equal((await send('DELETE', `${BLOCKS}/${id}`)).status, 403)
  await clock.turn(2_000)
  t.match(await send('GET', `${BLOCKS}/${id}`), { status: 200, body: { status: 'unassigned' } })
  t.same(pluck(await send('GET', `${BLOCKS}?tag=usage.x`), 'id'), [id])
  t.same((await send('GET', `${BLOCKS}?tag=usage.y`)).body, [])
  t.match(await send('DELETE', `${BLOCKS}/${id}`), { status: 200, body: { ipBlockId: id } })
  t.equal((await send('GET', `${BLOCKS}/${id}`)).status, 403)
})

t.test('blocks do not overlap, whatever their sizes', async t => {
  const { sim } = await start(t)
  for (const size of ['/28', '/31', '/24', '/29', '/25', '/28'])
    sim.backend.addIpBlock({ cidrBlockSize: size })
  t.same(
    sim.backend.ipBlocks().map(({ cidr }) => cidr),
    [
      '198.19.0.16/28',
      '198.19.0.32/31',
      '198.19.1.0/24',
      '198.19.2.0/29',
      '198.19.2.128/25',
      '198.19.3.0/28',
    ],
  )
  sim.backend.addIpBlock({ ipVersion: 'V6' })
  t.match(sim.backend.ipBlocks().at(-1), { cidr: '2001:db8:0:1::/64', cidrBlockSize: '/64', ipVersion: 'V6' })
})

const bad: [string, object, string][] = [
  ['of a size not on sale', { cidrBlockSize: '/24' }, 'body.cidrBlockSize must be one of /31'],
  ['of IPv6 with a size of IPv4', { ipVersion: 'V6' }, 'body.cidrBlockSize must be one of /64'],
  ['of an unknown version', { ipVersion: 'V5' }, 'body.ipVersion must be one of V4, V6'],
  ['in an unknown location', { location: 'MOON' }, 'body.location is not known'],
  ['with a tag that does not exist', { tags: [{ name: 'usage' }] }, 'tag usage does not exist'],
  [
    'with a dot in a tag value',
    { tags: [{ name: 'usage', value: 'a.b' }] },
    'body.tags\\[0\\].value must match',
  ],
  [
    'with a long tag value',
    { tags: [{ name: 'u', value: 'a'.repeat(101) }] },
    'body.tags\\[0\\].value must match',
  ],
  ['with a long description', { description: 'a'.repeat(251) }, 'body.description must have'],
]
for (const [what, change, problem] of bad) {
  t.test(`refuses a block ${what}`, async t => {
    const { sim, send } = await start(t)
    const reply = await send('POST', BLOCKS, { ...NEW, ...change })
    t.match(reply, { status: 400, body: { validationErrors: [RegExp(`^${problem}`)] } })
    t.same(sim.backend.ipBlocks(), [])
  })
}

t.test('null is as good as absent where a field is optional', async t => {
  const { send } = await start(t)
  const reply = await send('POST', BLOCKS, { ...NEW, description: null, ipVersion: null, tags: null })
  t.match(reply, { status: 201, body: { ipVersion: 'V4' } })
  t.notOk(Object.hasOwn(reply.body as object, 'description'))
})

t.test('one size may be sold out while another is left', async t => {
  const { sim, send } = await start(t)
  sim.backend.setStock('PHX', '/28', 0)
  t.match(await send('POST', BLOCKS, { ...NEW, cidrBlockSize: '/28' }), {
    status: 406,
    body: { message: /\/28/ },
  })
  t.equal((await send('POST', BLOCKS, NEW)).status, 201)
  t.equal((await send('POST', BLOCKS, { ...NEW, location: 'ASH', cidrBlockSize: '/28' })).status, 201)
})

t.test('the quota counts addresses, and holds', async t => {
  const { sim, send } = await start(t, {
    publicIpQuota: 16,
    refusals: { deleteAssignedBlock: 409, quotaExceeded: 400, networkFull: 409 },
  })
  t.equal((await send('POST', BLOCKS, NEW)).status, 201)
  t.equal((await send('POST', BLOCKS, { ...NEW, cidrBlockSize: '/28' })).status, 400)
  t.equal((await send('POST', BLOCKS, NEW)).status, 201)
  t.match(sim.backend.quotas()[1], { used: 16, limit: 16, status: 'ON_LIMIT' })
  t.equal((await send('POST', BLOCKS, { ...NEW, cidrBlockSize: '/31' })).status, 400)
})

t.test('PUT replaces all tags, PATCH the description', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.addIpBlock({
    tags: [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ],
  })
  t.equal((await send('PUT', `${BLOCKS}/${id}/tags`, [{ name: 'c' }])).status, 400)
  t.equal((await send('PUT', `${BLOCKS}/${id}/tags`, { name: 'b' })).status, 400)
  t.equal((await send('PUT', `${BLOCKS}/${id}/tags`, [{ name: 'b', value: '3' }])).status, 200)
  t.equal((await send('PATCH', `${BLOCKS}/${id}`, { description: 'text' })).status, 200)
  const block = sim.backend.ipBlock(id)
  t.match(block, { description: 'text', tags: [{ name: 'b', value: '3' }] })
  t.equal(block.tags?.length, 1)
})

t.test('a block of another account is forbidden', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.account('other').addIpBlock()
  t.equal((await send('GET', `${BLOCKS}/${id}`)).status, 403)
  t.equal((await send('DELETE', `${BLOCKS}/${id}`)).status, 403)
  t.equal(sim.backend.account('other').ipBlock(id).status, 'unassigned')
})
