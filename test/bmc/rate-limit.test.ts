import { Response } from 'node-fetch'
import t from 'tap'
import { type Bmc, createBmc, type Fetch } from '../../shared/bmc/client.ts'
import { hasCode } from '../../shared/errors.ts'
import { silentLog } from '../../shared/log.ts'
import { createBucket, type RateLimit } from '../../shared/simulator/bmc/rate-limit.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const BLOCK = { location: 'PHX', cidrBlockSize: '/29', ipVersion: 'V4', tags: [] } as const
const SERVERS = 'GET /bmc/v1/servers'

/** Turns the clock in steps until all calls have ended. */
async function untilSettled(
  clock: { turn(ms: number): Promise<void> },
  calls: readonly Promise<unknown>[],
): Promise<PromiseSettledResult<unknown>[]> {
  const all = { done: false }
  const settled = Promise.allSettled(calls).finally(() => {
    all.done = true
  })
  while (!all.done) {
    await clock.turn(100)
    // Requests on real sockets take turns of the event loop, not of the clock.
    for (let turn = 0; turn < 20 && !all.done; turn += 1) await new Promise(setImmediate)
  }
  return settled
}

const isLimited = (result: PromiseSettledResult<unknown>): boolean =>
  result.status === 'rejected' && hasCode(result.reason, 'BMC_RATE_LIMITED')

const succeeded = (results: readonly PromiseSettledResult<unknown>[]): number =>
  results.filter(({ status }) => status === 'fulfilled').length

const many = <T>(count: number, call: () => Promise<T>): Promise<T>[] => Array.from({ length: count }, call)

t.test('while the API asks to wait nothing is sent, whoever calls', async t => {
  const { bmc, simulator, clock } = await simulated(t)
  await bmc.listServers()
  simulator.faults.add({ status: 429, headers: { 'retry-after': '30' }, times: 1 })
  const start = clock.now()
  await t.rejects(bmc.listServers({ deadline: start + 10_000 }), { code: 'BMC_RATE_LIMITED' })
  simulator.requests.clear()
  const soon = { deadline: start + 10_000 }
  const results = await untilSettled(clock, [
    ...many(50, () => bmc.listServers(soon)),
    ...many(50, () => bmc.createIpBlock(BLOCK)),
  ])
  t.equal(succeeded(results), 0)
  t.ok(results.every(isLimited))
  t.match(results[0], { reason: { fields: { retryAt: start + 30_000 } } })
  t.equal(simulator.requests.count(), 0)
  t.equal(bmc.limitedUntil(), start + 30_000)
  t.equal(bmc.unreachableSince(), undefined, 'an API that asks to wait is not silent')
})

t.test('reads with time left wait, and go out one by one when the time has come', async t => {
  const { bmc, simulator, clock } = await simulated(t)
  await bmc.listServers()
  simulator.requests.clear()
  simulator.faults.add({ status: 429, headers: { 'retry-after': '20' }, times: 1 })
  const start = clock.now()
  const calls = many(1, () => bmc.listServers({ deadline: start + 60_000 }))
  while (simulator.requests.count() === 0) await new Promise(resolve => setImmediate(resolve))
  while (bmc.limitedUntil() === undefined) await new Promise(resolve => setImmediate(resolve))
  calls.push(...many(49, () => bmc.listServers({ deadline: start + 60_000 })))
  t.equal(succeeded(await untilSettled(clock, calls)), 50)
  t.equal(simulator.requests.count(SERVERS), 51)
  const early = simulator.requests.entries.slice(1).filter(({ at }) => at < start + 20_000)
  t.equal(early.length, 0)
})

t.test('fifty reads against a bucket of ten: refusals stay few, and most get through', async t => {
  for (const tellsWhen of [true, false]) {
    const { clock, bmc, statuses } = createLimited({ burst: 10, perSecond: 5, tellsWhen })
    const calls = many(50, () => bmc.listServers())
    const results = await untilSettled(clock, calls)
    t.ok(succeeded(results) >= 40, `${succeeded(results)} got through`)
    const refused = statuses.filter(status => status === 429).length
    // 40 of the burst; four attempts each, without a pace, would make 160.
    t.ok(refused <= 90, `${refused} refused`)
  }
})

/** A client without sockets, of an API that grants as much as its bucket holds; an answer takes 50 ms. */
function createLimited(limit: RateLimit) {
  const clock = createTurnableClock()
  const bucket = createBucket(clock, limit)
  const statuses: number[] = []
  const answer = async (url: string): Promise<Response> => {
    if (url === 'https://api.test/token') return toResponse(200, { access_token: 'a', expires_in: 900 })
    const emptyForMs = bucket.take()
    statuses.push(emptyForMs === undefined ? 200 : 429)
    await clock.sleep(50)
    if (emptyForMs === undefined) return toResponse(200, [])
    return toResponse(429, {}, limit.tellsWhen ? { 'retry-after': `${Math.ceil(emptyForMs / 1000)}` } : {})
  }
  const bmc = createBmc({
    baseUrl: 'https://api.test',
    tokenUrl: 'https://api.test/token',
    credentials: async () => ({ clientId: 'sim-client', clientSecret: 'sim-secret' }),
    clock,
    random: () => 0.5,
    log: silentLog,
    fetch: answer as Fetch,
  })
  return { clock, bmc, statuses }
}

const toResponse = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers })

t.test('one client after another: each process finds out with one request', async t => {
  const { simulator, clock, connect } = await simulated(t)
  const clients = many(50, async () => connect())
  const processes: Bmc[] = await Promise.all(clients)
  await Promise.all(processes.map(bmc => bmc.listServers()))
  simulator.requests.clear()
  const end = clock.now() + 30_000
  simulator.faults.add({
    operation: () => clock.now() < end,
    status: 429,
    headers: { 'retry-after': '30' },
  })
  const deadline = end - 1000
  for (let round = 0; round < 10; round += 1) {
    const results = await untilSettled(
      clock,
      processes.map(bmc => bmc.listServers({ deadline })),
    )
    t.equal(succeeded(results), 0)
  }
  t.equal(simulator.requests.count(), 50, 'ten calls each, one request each')
})

t.test('a process that is told by others asks nothing itself', async t => {
  const { bmc, simulator, clock } = await simulated(t)
  bmc.holdOff(clock.now() + 30_000)
  await t.rejects(bmc.listServers({ deadline: clock.now() + 10_000 }), {
    code: 'BMC_RATE_LIMITED',
    message: /GET \/bmc\/v1\/servers: not sent, 127\.0\.0\.1:\d+ asked to wait until 2026-01-01T00:00:30/,
  })
  t.equal(simulator.requests.count(), 0, 'not even for a token')
})

t.test('the token endpoint is left alone as well', async t => {
  const { bmc, clock, asked, seen } = scripted({
    token: [
      { status: 429, headers: { 'retry-after': '30' } },
      { body: { access_token: 'a', expires_in: 900 } },
    ],
  })
  const until = clock.now() + 30_000
  await t.rejects(bmc.listServers(), { code: 'BMC_TOKEN_ENDPOINT_FAILED', fields: { retryAt: until } })
  for (let call = 0; call < 10; call += 1) {
    await t.rejects(bmc.listServers(), { code: 'BMC_RATE_LIMITED', message: /^POST token: not sent/ })
  }
  t.equal(asked.length, 1)
  t.equal(bmc.limitedUntil(), until)
  await clock.turn(30_000)
  t.strictSame(await bmc.listServers(), [])
  t.strictSame([asked.length, seen.length], [2, 1])
})

t.test('503 with a time to come again is the same wish', async t => {
  const { bmc, seen } = scripted({ api: [{ status: 503, headers: { 'retry-after': '600' } }] })
  await t.rejects(bmc.listServers(), { code: 'BMC_SERVER_ERROR' })
  await t.rejects(bmc.listServers(), { code: 'BMC_RATE_LIMITED' })
  t.equal(seen.length, 1)
})

t.test('a deadline that comes in the line is a limit, not silence', async t => {
  const { bmc, clock, seen } = scripted({
    api: [{ status: 429, headers: { 'retry-after': '1' } }, { hang: true }],
    timeoutMs: 60_000,
  })
  const start = clock.now()
  const first = t.rejects(bmc.listServers({ deadline: start + 20_000 }), { code: 'BMC_TIMEOUT' })
  await clock.turn(1500)
  const second = t.rejects(bmc.listServers({ deadline: start + 5000 }), { code: 'BMC_RATE_LIMITED' })
  await clock.turn(4000)
  await second
  t.equal(bmc.unreachableSince(), undefined)
  await clock.turn(20_000)
  await first
  t.equal(seen.length, 2)
})
