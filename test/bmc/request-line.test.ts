import t from 'tap'
import { createBmc } from '../../shared/bmc/client.ts'
import { readRequestId, toRequestFields } from '../../shared/bmc/request-line.ts'
import type { Outcome, Sending } from '../../shared/bmc/transport.ts'
import { startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { collectLog, type Line } from '../support/collect-log.ts'

const SENDING: Sending = {
  operation: 'GET /ips/v1/ip-blocks',
  method: 'GET',
  url: 'https://user:hidden@api.example/ips/v1/ip-blocks?tag=hidden',
  headers: { authorization: 'Bearer hidden' },
  body: 'hidden',
  signal: new AbortController().signal,
  timeoutMs: 1000,
}

const OUTCOMES: readonly [outcome: Outcome, status: number | undefined, result: string][] = [
  [{ kind: 'answered', status: 200, text: 'hidden', challenge: 'hidden' }, 200, 'ok'],
  [{ kind: 'answered', status: 503, text: 'hidden' }, 503, 'failed'],
  [{ kind: 'timeout', limitMs: 1000 }, undefined, 'timeout'],
  [{ kind: 'not-sent', why: 'hidden', permanent: false, cause: 'hidden' }, undefined, 'unsent'],
]

t.test('a line tells method, path, what became of it and how long it took', async t => {
  for (const [outcome, status, result] of OUTCOMES) {
    const fields = toRequestFields({ ...SENDING, attempt: 2 }, outcome, 7)
    const path = '/ips/v1/ip-blocks'
    t.strictSame(fields, {
      method: 'GET',
      path,
      status,
      result,
      durationMs: 7,
      attempt: 2,
      requestId: undefined,
    })
    t.notMatch(JSON.stringify(fields), /hidden/)
  }
})

const read = (headers: Record<string, string>): string | undefined =>
  readRequestId({ get: name => headers[name] ?? null })

t.test("the server's own id of a request is told where it reads as one", async t => {
  t.equal(read({ 'x-request-id': 'abc-1' }), 'abc-1')
  t.equal(read({ 'x-request-id': 'a b', 'x-correlation-id': 'abc-2' }), 'abc-2')
  for (const id of ['', '"', 'a\nb', 'x'.repeat(65)]) t.equal(read({ 'x-request-id': id }), undefined)
  t.equal(read({}), undefined)
})

t.test('every attempt is one line at trace, the token among them', async t => {
  const simulator = await startBmcSimulator()
  t.teardown(() => simulator.close())
  const lines: Line[] = []
  const bmc = createBmc({
    baseUrl: simulator.url,
    tokenUrl: `${simulator.url}/auth/realms/BMC/protocol/openid-connect/token`,
    credentials: async () => ({ clientId: 'sim-client', clientSecret: 'sim-secret' }),
    clock: createTurnableClock(),
    random: () => 0,
    log: collectLog(lines),
  })
  t.teardown(() => bmc.close())
  await bmc.listServers()
  t.strictSame(
    lines.map(({ level, fields: { method, path, status, attempt } }) => [
      level,
      method,
      path,
      status,
      attempt,
    ]),
    [
      ['trace', 'POST', '/auth/realms/BMC/protocol/openid-connect/token', 200, 1],
      ['trace', 'GET', '/bmc/v1/servers', 200, 1],
    ],
  )
  t.notMatch(JSON.stringify(lines), /sim-secret|Bearer/)
})
