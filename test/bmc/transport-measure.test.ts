import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createCounter } from '../../shared/bmc/counter.ts'
import { createTransport, type Sending } from '../../shared/bmc/transport.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { createTally } from '../metrics/_tally.ts'

async function measured(t: Test, answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const tally = createTally()
  const transport = createTransport({
    clock: createTurnableClock(),
    counter: createCounter(),
    measure: tally.measure,
  })
  t.teardown(() => {
    transport.close()
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const sending = (more: Partial<Sending>): Sending => ({
    operation: 'GET /bmc/v1/servers',
    method: 'GET',
    url,
    headers: {},
    signal: new AbortController().signal,
    timeoutMs: 10_000,
    ...more,
  })
  return { transport, tally, sending }
}

t.test('each attempt is counted by what became of it, and timed', async t => {
  let answers = 0
  const { transport, tally, sending } = await measured(t, (request, response) => {
    answers += 1
    if (answers === 2) request.socket.destroy()
    else response.writeHead(answers === 1 ? 200 : 503).end('{}')
  })
  await transport.send(sending({}))
  // On a kept socket that dies, and once more on a new one.
  await transport.send(sending({}))
  await transport.send(sending({ url: 'http://127.0.0.1:1/', operation: 'POST token', method: 'POST' }))
  const request = 'request=GET /bmc/v1/servers'
  t.strictSame(tally.counts(), {
    [`cloudprovider_phoenixnap_api_requests_total ${request} result=ok`]: 1,
    [`cloudprovider_phoenixnap_api_requests_total ${request} result=lost`]: 1,
    [`cloudprovider_phoenixnap_api_requests_total ${request} result=failed`]: 1,
    [`cloudprovider_phoenixnap_api_request_duration_seconds ${request}`]: 3,
    'cloudprovider_phoenixnap_api_requests_total request=POST token result=unsent': 1,
    'cloudprovider_phoenixnap_api_request_duration_seconds request=POST token': 1,
  })
})

t.test('what nobody waits for any more is not sent and not counted', async t => {
  const { transport, tally, sending } = await measured(t, (_, response) => void response.end('{}'))
  await transport.send(sending({ signal: AbortSignal.abort() }))
  t.strictSame(tally.counts(), {})
})
