import t from 'tap'
import type { Fault } from '../../../shared/simulator/bmc/faults.ts'
import { askToken, getToken, pluck, sender, start } from './support.ts'

const SERVERS = '/bmc/v1/servers'
const BLOCKS = '/ips/v1/ip-blocks'
const NEW_BLOCK = { location: 'PHX', cidrBlockSize: '/29' }

t.test('a status strikes so many times, with headers and body', async t => {
  const { sim, send } = await start(t)
  const fault = sim.faults.add({
    operation: `GET ${SERVERS}`,
    times: 2,
    status: 503,
    headers: { 'retry-after': '7' },
    body: { message: 'busy' },
  })
  for (let time = 0; time < 2; time += 1) {
    t.match(await send('GET', SERVERS), {
      status: 503,
      headers: { 'retry-after': '7' },
      body: { message: 'busy' },
    })
  }
  t.equal((await send('GET', SERVERS)).status, 200)
  t.equal(fault.hits, 2)
  t.same(
    [...sim.requests].map(({ status }) => status),
    [503, 503, 200],
  )
})

t.test('a fault lasts until it is removed, and strikes only what it names', async t => {
  const { sim, send } = await start(t)
  const { id } = sim.backend.addServer()
  const other = sim.backend.addServer()
  const selections: [Fault['operation'], string][] = [
    [`GET ${SERVERS}/{serverId}`, 'by name'],
    [/\{serverId\}$/, 'by expression'],
    [({ path }) => path.endsWith(id), 'by a look at the request'],
  ]
  for (const [operation, how] of selections) {
    const fault = sim.faults.add({ ...(operation === undefined ? {} : { operation }), status: 500 })
    t.equal((await send('GET', SERVERS)).status, 200, how)
    t.equal((await send('GET', `${SERVERS}/${id}`)).status, 500, how)
    fault.remove()
    t.equal((await send('GET', `${SERVERS}/${id}`)).status, 200, how)
  }
  sim.faults.add({ operation: ({ path }) => path.endsWith(id), status: 500 })
  t.equal((await send('GET', `${SERVERS}/${other.id}`)).status, 200)
})

t.test('the first fault added strikes first; clear ends them all', async t => {
  const { sim, send } = await start(t)
  sim.faults.add({ status: 500, times: 1 })
  sim.faults.add({ status: 502 })
  sim.faults.cutServerList(0)
  t.equal((await send('GET', SERVERS)).status, 500)
  t.equal((await send('GET', SERVERS)).status, 502)
  sim.faults.clear()
  sim.backend.addServer()
  t.equal(pluck(await send('GET', SERVERS), 'id').length, 1)
})

t.test('an answer may have no body, or one that is no JSON', async t => {
  const { sim, send } = await start(t)
  sim.faults.add({ status: 401, body: '', times: 1 })
  sim.faults.add({ status: 502, body: '<html>', times: 1 })
  sim.faults.add({ status: 500, times: 1 })
  t.match(await send('GET', SERVERS), { status: 401, body: undefined })
  t.match(await send('GET', SERVERS), { status: 502, body: '<html>' })
  t.match(await send('GET', SERVERS), { status: 500, body: { message: String } })
})

t.test('the token endpoint fails as well', async t => {
  const { sim } = await start(t)
  sim.faults.add({ operation: /openid-connect/, status: 500, times: 1 })
  t.equal((await askToken(sim)).status, 500)
  t.equal((await askToken(sim)).status, 200)
})

const effects: [string, Fault, boolean][] = [
  ['a status', { status: 504 }, false],
  ['a status after the effect', { status: 504, afterEffect: true }, true],
  ['half an answer', { malformed: true }, true],
]
for (const [what, fault, takesEffect] of effects) {
  t.test(`${what}: the purchase ${takesEffect ? 'took place' : 'did not take place'}`, async t => {
    const { sim, send } = await start(t)
    sim.faults.add(fault)
    const reply = await send('POST', BLOCKS, NEW_BLOCK)
    t.equal(reply.status, fault.status ?? 201)
    if (fault.malformed) t.type(reply.body, 'string')
    t.equal(sim.backend.ipBlocks().length, takesEffect ? 1 : 0)
  })
}

for (const reset of ['before', 'after'] as const) {
  t.test(`the connection is reset ${reset} the purchase`, async t => {
    const { sim, send } = await start(t)
    sim.faults.add({ operation: `POST ${BLOCKS}`, reset, times: 1 })
    await t.rejects(send('POST', BLOCKS, NEW_BLOCK), { code: 'ECONNRESET' })
    t.equal(sim.backend.ipBlocks().length, reset === 'after' ? 1 : 0)
    t.match(sim.requests.entries[0], { status: 0, body: NEW_BLOCK })
    t.equal((await send('GET', BLOCKS)).status, 200)
  })
}

t.test('a delay is over when the clock says so, and the effect comes after it', async t => {
  const { sim, clock, send } = await start(t)
  sim.faults.add({ delayMs: 5_000 })
  let answered = false
  const reply = send('POST', BLOCKS, NEW_BLOCK).finally(() => {
    answered = true
  })
  while (sim.requests.count() === 0) await clock.turn(0)
  await clock.turn(4_999)
  t.notOk(answered)
  t.same(sim.backend.ipBlocks(), [])
  await clock.turn(1)
  t.equal((await reply).status, 201)
})

t.test('a request that hangs gets no answer until the caller gives up', async t => {
  const { sim, send } = await start(t)
  sim.faults.add({ operation: `POST ${BLOCKS}`, hang: true, afterEffect: true })
  const reply = send('POST', BLOCKS, NEW_BLOCK)
  while (sim.backend.ipBlocks().length === 0) await new Promise(resolve => setImmediate(resolve))
  sim.faults.dropConnections()
  await t.rejects(reply, { code: 'ECONNRESET' })
  t.match(sim.requests.entries[0], { status: 0 })
})

t.test('down: nothing gets through, also on connections that were open; up: all is as before', async t => {
  const { sim, send } = await start(t)
  t.equal((await send('GET', SERVERS)).status, 200)
  sim.faults.down()
  await t.rejects(send('GET', SERVERS), { code: 'ECONNRESET' })
  await t.rejects(askToken(sim), { code: 'ECONNRESET' })
  await t.rejects(send('GET', SERVERS), { code: 'ECONNRESET' }, 'on a new connection')
  t.ok(sim.faults.refused >= 1)
  t.equal(sim.requests.count(), 1)
  sim.faults.up()
  t.equal((await send('GET', SERVERS)).status, 200)
})

t.test('the server list is cut; by id all are found', async t => {
  const { sim, send } = await start(t)
  const [a, b, c] = ['a', 'b', 'c'].map(hostname => sim.backend.addServer({ hostname }))
  const names = async (): Promise<unknown> => pluck(await send('GET', SERVERS), 'hostname')
  const first = sim.faults.cutServerList(2)
  t.same(await names(), ['a', 'b'])
  t.equal((await send('GET', `${SERVERS}/${c?.id}`)).status, 200)
  const second = sim.faults.cutServerList(({ id }) => id !== a?.id)
  t.same(await names(), ['b'], 'cuts add up')
  first.remove()
  t.same(await names(), ['b', 'c'])
  second.remove()
  t.same(await names(), ['a', 'b', 'c'])
  t.same([first.hits, second.hits], [2, 2])
  t.equal(sim.backend.server(b?.id ?? '').hostname, 'b')
})

t.test('faults come before the token is looked at', async t => {
  const { sim } = await start(t)
  const send = sender(sim, await getToken(sim))
  sim.backend.revokeTokens()
  sim.faults.add({ status: 500, times: 1 })
  t.equal((await send('GET', SERVERS)).status, 500)
  t.equal((await send('GET', SERVERS)).status, 401)
})
