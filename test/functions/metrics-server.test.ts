import { connect } from 'node:net'
import fetch from 'node-fetch'
import t, { type Test } from 'tap'
import { startMetricsServer } from '../../functions/metrics-server.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

async function start(t: Test) {
  const clock = createTurnableClock()
  let reads = 0
  const read = (): string => `reads ${(reads += 1)}\n`
  const server = await startMetricsServer({ listen: { host: '127.0.0.1', port: 0 }, read, clock })
  t.teardown(() => server.close())
  return { clock, server, url: `http://127.0.0.1:${server.port}` }
}

t.test('the text of all metrics, as Prometheus wants it', async t => {
  const { url } = await start(t)
  const response = await fetch(`${url}/metrics`)
  t.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(await response.text(), 'reads 1\n')
})

t.test('whoever asks again within a second is told the same', async t => {
  const { url, clock } = await start(t)
  const ask = async (): Promise<string> => (await fetch(`${url}/metrics?again`)).text()
  t.equal(await ask(), 'reads 1\n')
  await clock.turn(999)
  t.equal(await ask(), 'reads 1\n')
  await clock.turn(1)
  t.equal(await ask(), 'reads 2\n')
})

const CASES = [
  { method: 'HEAD', path: '/metrics', status: 200 },
  { method: 'POST', path: '/metrics', status: 405 },
  { method: 'GET', path: '/', status: 404 },
  { method: 'GET', path: '/metrics/', status: 404 },
  { method: 'POST', path: '/admission', status: 404 },
]

for (const { method, path, status } of CASES)
  t.test(`${method} ${path} is answered with ${status} and nothing more`, async t => {
    const { url } = await start(t)
    const response = await fetch(url + path, { method })
    t.strictSame([response.status, await response.text()], [status, ''])
  })

t.test('an address that is taken is a wrong setting', async t => {
  const { server } = await start(t)
  const listen = { host: '127.0.0.1', port: server.port }
  await t.rejects(startMetricsServer({ listen, read: () => '', clock: createTurnableClock() }), {
    code: 'CCM_CONFIG_INVALID',
    message: 'settings: PNAP_METRICS_LISTEN: cannot listen there (EADDRINUSE)',
  })
})

t.test('the end waits for no connection that is kept', async t => {
  const { server } = await start(t)
  const socket = connect(server.port, '127.0.0.1')
  await new Promise<void>(resolve => void socket.once('connect', resolve))
  const ended = new Promise<void>(resolve => void socket.once('close', () => resolve()))
  await server.close()
  socket.resume()
  await ended
  t.ok(socket.destroyed)
})
