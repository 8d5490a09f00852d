import t from 'tap'
import { type Step, scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const BLOCK = { location: 'PHX', cidrBlockSize: '/29', ipVersion: 'V4', tags: [] } as const
const REFUSED: Step = { fail: 'ECONNREFUSED', syscall: 'connect' }

t.test('a Retry-After beyond the deadline ends the call at once, with the time for a retry', async t => {
  const { bmc, clock, seen } = scripted({ api: [{ status: 429, headers: { 'retry-after': '30' } }] })
  const now = clock.now()
  await t.rejects(bmc.listServers({ deadline: now + 10_000 }), {
    code: 'BMC_RATE_LIMITED',
    fields: { status: 429, retryAfterMs: 30_000, retryAt: now + 30_000 },
  })
  t.equal(seen.length, 1)
})

t.test('an endless Retry-After ends a call without deadline as well', async t => {
  const { bmc, seen } = scripted({ api: [{ status: 503, headers: { 'retry-after': '86400' } }] })
  await t.rejects(bmc.listServers(), { code: 'BMC_SERVER_ERROR', fields: { retryAfterMs: 86_400_000 } })
  t.equal(seen.length, 1)
})

t.test('a back-off that does not fit before the deadline is not begun', async t => {
  const { bmc, clock, seen } = scripted({ api: [{ status: 500 }], random: () => 0.5 })
  const failure = t.rejects(bmc.listServers({ deadline: clock.now() + 250 }), { code: 'BMC_SERVER_ERROR' })
  await clock.turn(100)
  await failure
  t.equal(seen.length, 2)
})

t.test('a deadline that has passed, or a signal that has aborted, sends nothing', async t => {
  const { bmc, clock, seen, asked } = scripted()
  await t.rejects(bmc.listServers({ deadline: clock.now() }), {
    code: 'BMC_TIMEOUT',
    fields: { reason: 'deadline' },
  })
  await t.rejects(bmc.createIpBlock(BLOCK, { signal: AbortSignal.abort() }), {
    code: 'BMC_TIMEOUT',
    fields: { reason: 'aborted' },
  })
  t.strictSame([seen.length, asked.length], [0, 0])
  t.equal(bmc.unreachableSince(), undefined)
})

t.test('a hung server costs an attempt each, and the call no more than its deadline', async t => {
  const { bmc, clock, seen } = scripted({ api: [{ hang: true }], timeoutMs: 1000 })
  const start = clock.now()
  const outOfAttempts = t.rejects(bmc.listServers({ maxAttempts: 2 }), {
    code: 'BMC_TIMEOUT',
    message: 'GET /bmc/v1/servers: api.bmc.test did not answer within 1000 ms',
  })
  await clock.turn(2000)
  await outOfAttempts
  t.equal(seen.length, 2)
  const outOfTime = t.rejects(bmc.listServers({ deadline: start + 3500 }), {
    code: 'BMC_TIMEOUT',
    message: 'GET /bmc/v1/servers: api.bmc.test did not answer before the deadline',
  })
  await clock.turn(1500)
  await outOfTime
  t.equal(seen.length, 4)
})

t.test('a change cut off by time-out, deadline or caller has an unknown outcome', async t => {
  const cases = [
    [{}, /did not answer within 1000 ms;/],
    [{ deadline: Date.UTC(2026, 0, 1) + 500 }, /did not answer before the deadline;/],
    [{ signal: true }, /was no longer waited for;/],
  ] as const
  for (const [how, message] of cases) {
    const { bmc, clock, seen } = scripted({ api: [{ hang: true }], timeoutMs: 1000 })
    const caller = new AbortController()
    const call = 'signal' in how ? { signal: caller.signal } : how
    const failure = t.rejects(bmc.createIpBlock(BLOCK, call), { code: 'BMC_OUTCOME_UNKNOWN', message })
    await clock.turn(500)
    caller.abort()
    await clock.turn(500)
    await failure
    t.equal(seen.length, 1)
  }
})

t.test('a caller may give up during a back-off', async t => {
  const { bmc, clock } = scripted({ api: [REFUSED], random: () => 0.9 })
  const caller = new AbortController()
  const failure = t.rejects(bmc.createIpBlock(BLOCK, { signal: caller.signal }), {
    code: 'BMC_TIMEOUT',
    fields: { reason: 'aborted' },
  })
  await clock.turn(10)
  caller.abort()
  await failure
})

t.test('a server that hangs for real is left at the deadline', async t => {
  const { bmc, simulator, clock } = await simulated(t)
  await bmc.listServers()
  const hang = simulator.faults.add({ hang: true })
  const call = t.rejects(bmc.listServers({ deadline: clock.now() + 4000 }), { code: 'BMC_TIMEOUT' })
  while (hang.hits === 0) await clock.turn(0)
  await clock.turn(4000)
  await call
})
