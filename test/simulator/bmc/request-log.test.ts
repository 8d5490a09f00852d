import t from 'tap'
import { askToken, start } from './support.ts'

t.test('notes every request with its operation, time, answer and body', async t => {
  const { sim, clock, send } = await start(t)
  await send('GET', '/bmc/v1/servers?tag=a.b')
  await clock.turn(5)
  await send('POST', '/tag-manager/v1/tags', { name: 'a', isBillingTag: false })
  await send('GET', '/bmc/v1/servers/nothing')
  const [first, second, third] = sim.requests
  t.match(first, {
    operation: 'GET /bmc/v1/servers',
    path: '/bmc/v1/servers?tag=a.b',
    method: 'GET',
    status: 200,
  })
  t.match(second, { operation: 'POST /tag-manager/v1/tags', status: 201, body: { name: 'a' } })
  t.match(third, {
    operation: 'GET /bmc/v1/servers/{serverId}',
    path: '/bmc/v1/servers/nothing',
    status: 403,
  })
  t.equal((second?.at ?? 0) - (first?.at ?? 0), 5)
})

t.test('counts by name and by expression, and starts anew', async t => {
  const { sim, send } = await start(t)
  for (const path of ['/bmc/v1/servers', '/bmc/v1/servers', '/bmc/v1/servers/x', '/bmc/v1/quotas']) {
    await send('GET', path)
  }
  t.equal(sim.requests.count(), 4)
  t.equal(sim.requests.count('GET /bmc/v1/servers'), 2)
  t.equal(sim.requests.count(/\/servers/), 3)
  t.same(sim.requests.operations(), {
    'GET /bmc/v1/servers': 2,
    'GET /bmc/v1/servers/{serverId}': 1,
    'GET /bmc/v1/quotas': 1,
  })
  sim.requests.clear()
  t.equal(sim.requests.count(), 0)
})

t.test('holds no secret', async t => {
  const { sim } = await start(t)
  await askToken(sim)
  t.equal(sim.requests.count('POST /auth/realms/BMC/protocol/openid-connect/token'), 1)
  t.notOk(Object.hasOwn(sim.requests.entries[0] ?? {}, 'body'))
})
