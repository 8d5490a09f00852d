import t from 'tap'
import { simulate } from './_simulated.ts'

const NODES = { method: 'GET', path: '/api/v1/nodes' }
const CREATE = { method: 'POST', path: '/api/v1/nodes', body: { metadata: { name: 'a' } } }

t.test('a status, so many times, with Retry-After', async t => {
  const { simulator, api } = await simulate(t)
  simulator.faults.fail(
    { resource: 'nodes' },
    { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 7, times: 2 },
  )
  const client = api()
  const first = await client.call(NODES)
  t.match(first, { status: 429, headers: { 'retry-after': '7' }, body: { reason: 'TooManyRequests' } })
  t.equal((await client.call(NODES)).status, 429)
  t.equal((await client.call(NODES)).status, 200)
  t.same(
    simulator.requests.list({ resource: 'nodes' }).map(({ status }) => status),
    [429, 429, 200],
  )
})

t.test('only what matches is struck', async t => {
  const { simulator, api } = await simulate(t)
  simulator.faults.fail({ verb: 'create', user: 'admin' }, { status: 500 })
  t.equal((await api().call(NODES)).status, 200)
  t.equal((await api().call(CREATE)).status, 500)
  t.equal(simulator.store.get('nodes', 'a'), undefined, 'there is no effect')
  simulator.faults.clear()
  t.equal((await api().call(CREATE)).status, 201)
})

t.test('a reset before the effect, and one after it', async t => {
  const { simulator, api } = await simulate(t)
  simulator.faults.reset({ verb: 'create' }, { when: 'before', times: 1 })
  await t.rejects(api().call(CREATE), { code: 'ECONNRESET' })
  t.equal(simulator.store.get('nodes', 'a'), undefined)
  simulator.faults.reset({ verb: 'create' }, { when: 'after', times: 1 })
  await t.rejects(api().call(CREATE), { code: 'ECONNRESET' })
  t.ok(simulator.store.get('nodes', 'a'))
  t.equal(simulator.requests.count({ status: 0 }), 2)
})

t.test('conflicts name their object', async t => {
  const { simulator, api } = await simulate(t)
  await api().call(CREATE)
  simulator.faults.conflict({ verb: 'patch' }, { times: 1 })
  const change = {
    method: 'PATCH',
    path: '/api/v1/nodes/a',
    patch: 'merge',
    body: { metadata: { labels: { a: 'b' } } },
  } as const
  t.match(await api().call(change), {
    status: 409,
    body: { reason: 'Conflict', details: { name: 'a', kind: 'nodes' } },
  })
  t.equal((await api().call(change)).status, 200)
})

t.test('a delay lasts as long as the clock says', async t => {
  const { simulator, clock, api } = await simulate(t)
  simulator.faults.delay({ verb: 'list' }, { ms: 5000, times: 1 })
  let isAnswered = false
  const answer = api()
    .call(NODES)
    .then(({ status }) => {
      isAnswered = true
      return status
    })
  await api().call({ method: 'GET', path: '/version' })
  t.equal(isAnswered, false)
  await clock.turn(5000)
  t.equal(await answer, 200)
})

t.test('down is down until it is up', async t => {
  const { simulator, api } = await simulate(t)
  simulator.faults.down()
  await t.rejects(api().call(NODES), { code: 'ECONNRESET' })
  simulator.faults.up()
  t.equal((await api().call(NODES)).status, 200)
})
