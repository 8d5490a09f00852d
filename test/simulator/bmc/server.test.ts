import { Agent } from 'node:http'
import fetch from 'node-fetch'
import t from 'tap'
import { startBmcSimulator } from '../../../shared/simulator/bmc/server.ts'
import { start } from './support.ts'

const SERVERS = '/bmc/v1/servers'

const refused: [string, [string, string, unknown?, Record<string, string>?], number][] = [
  ['an unknown path', ['GET', '/bmc/v2/servers'], 404],
  ['the root', ['GET', '/'], 404],
  ['an unknown method on a known path', ['PUT', SERVERS, {}], 405],
  ['an unknown method on one object', ['POST', `${SERVERS}/some-id`, {}], 405],
  ['another method on the token endpoint', ['GET', '/auth/realms/BMC/protocol/openid-connect/token'], 405],
  ['plain text', ['POST', SERVERS, 'hello', { 'content-type': 'text/plain' }], 415],
  ['a form', ['POST', SERVERS, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }], 415],
  ['half a JSON', ['POST', SERVERS, '{"hostname":'], 400],
  ['a list instead of an object', ['POST', SERVERS, []], 400],
  ['no body where one is needed', ['POST', SERVERS], 400],
  ['a request without token', ['GET', SERVERS, undefined, { authorization: '' }], 401],
  ['a token of another kind', ['GET', SERVERS, undefined, { authorization: 'Basic abc' }], 401],
]
for (const [what, [method, path, body, headers], status] of refused) {
  t.test(`${what}: ${status}, in the API's own form`, async t => {
    const { sim, send } = await start(t)
    const reply = await send(method, path, body, headers)
    t.match(reply, { status, body: { message: String }, headers: { 'content-type': /^application\/json/ } })
    t.equal(sim.requests.entries.length, 1)
    t.match(sim.requests.entries[0], { status, method, path })
  })
}

t.test('an id in the path may be long and encoded', async t => {
  const { sim, send } = await start(t)
  const id = `a/${'x'.repeat(300)}`
  sim.backend.addServer({ id })
  t.match(await send('GET', `${SERVERS}/${encodeURIComponent(id)}`), { status: 200, body: { id } })
})

t.test('every answer says what time it is by its clock', async t => {
  const { clock, send } = await start(t)
  await clock.turn(61_000)
  const date = new Date(clock.now()).toUTCString()
  t.match(await send('GET', SERVERS), { status: 200, headers: { date } })
  t.match(await send('GET', `${SERVERS}/none`), { headers: { date } })
})

t.test('runs on the machine’s clock and any free port by default', async t => {
  const one = await startBmcSimulator()
  const two = await startBmcSimulator({ clientId: 'mine', clientSecret: 'too' })
  t.not(one.url, two.url)
  t.equal(two.tokenUrl, `${two.url}/auth/realms/BMC/protocol/openid-connect/token`)
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'mine',
    client_secret: 'too',
  })
  t.equal((await fetch(two.tokenUrl, { method: 'POST', body: form })).status, 200)
  await Promise.all([one.close(), two.close()])
  await t.rejects(fetch(one.url, { agent: new Agent() }), { code: 'ECONNREFUSED' })
})

t.test('closing ends requests that hang or wait', async t => {
  const { sim, send } = await start(t)
  sim.faults.add({ operation: `GET ${SERVERS}`, hang: true })
  sim.faults.add({ operation: 'GET /bmc/v1/quotas', delayMs: 60_000 })
  const waiting = [send('GET', SERVERS), send('GET', '/bmc/v1/quotas')].map(reply =>
    t.rejects(reply, { code: 'ECONNRESET' }),
  )
  while (sim.requests.entries.length < 2) await new Promise(resolve => setImmediate(resolve))
  await sim.close()
  await Promise.all(waiting)
})
