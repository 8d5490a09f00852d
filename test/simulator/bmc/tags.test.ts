import t from 'tap'
import { pluck, start } from './support.ts'

const TAGS = '/tag-manager/v1/tags'

t.test('a tag is made once; a second time is a conflict', async t => {
  const { send } = await start(t)
  const body = { name: 'usage', isBillingTag: false, description: 'd' }
  t.match(await send('POST', TAGS, body), { status: 201, body: { ...body, id: String, createdBy: 'USER' } })
  t.match(await send('POST', TAGS, body), { status: 409, body: { message: /usage/ } })
  t.equal((await send('POST', TAGS, { ...body, name: 'Usage' })).status, 201, 'names tell case apart')
})

for (const name of ['a.b', 'a/b', '', 'a'.repeat(101), 'a b']) {
  t.test(`refuses the name "${name.slice(0, 5)}" of ${name.length} characters`, async t => {
    const { send } = await start(t)
    t.equal((await send('POST', TAGS, { name, isBillingTag: false })).status, 400)
  })
}

t.test('takes the letters and signs that the documents name', async t => {
  const { send } = await start(t)
  t.equal((await send('POST', TAGS, { name: 'Größe_-9[', isBillingTag: true })).status, 201)
  t.equal((await send('POST', TAGS, { name: 'a', isBillingTag: 'no' })).status, 400)
  t.equal((await send('POST', TAGS, { name: 'a' })).status, 400)
})

t.test('tells what carries a tag and with which values; filters by name', async t => {
  const { sim, send } = await start(t)
  const server = sim.backend.addServer({ tags: [{ name: 'env', value: 'dev' }] })
  const block = sim.backend.addIpBlock({ tags: [{ name: 'env' }, { name: 'other' }] })
  t.same(pluck(await send('GET', `${TAGS}?name=env`), 'name'), ['env'])
  t.match((await send('GET', `${TAGS}?name=env`)).body, [
    {
      name: 'env',
      values: ['dev'],
      resourceAssignments: [
        { resourceName: `/bmc/servers/${server.id}`, value: 'dev' },
        { resourceName: `/ips/ip-blocks/${block.id}` },
      ],
    },
  ])
  t.same(pluck(await send('GET', TAGS), 'name'), ['env', 'other'])
})

t.test('a renamed tag is renamed wherever it is; a deleted one is gone there', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.addIpBlock({ tags: [{ name: 'old', value: 'v' }] })
  sim.backend.addTag('taken')
  const tag = sim.backend.tags()[0]
  const path = `${TAGS}/${tag?.id}`
  t.equal((await send('PATCH', path, { name: 'taken', isBillingTag: false })).status, 409)
  t.equal((await send('PATCH', path, { name: 'new', isBillingTag: true })).status, 200)
  t.match(sim.backend.ipBlock(id).tags, [{ name: 'new', value: 'v', isBillingTag: true }])
  t.match(await send('DELETE', path), { status: 200, body: { tagId: tag?.id } })
  t.same(sim.backend.ipBlock(id).tags, [])
  t.equal((await send('GET', path)).status, 403)
})
