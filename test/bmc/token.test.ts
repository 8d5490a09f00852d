import t from 'tap'
import { giveToken, type Step, scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const LIST: Step = { body: [] }
const MINUTE = 60_000
const bearer = (number: number): string => `Bearer token-${number}`

t.test('one token serves calls at the same time and later ones', async t => {
  const { bmc, seen, asked } = scripted()
  await Promise.all([bmc.listServers(), bmc.listQuotas(), bmc.getServer('x').catch(() => undefined)])
  await bmc.listServers()
  t.equal(asked.length, 1)
  t.strictSame([...new Set(seen.map(({ authorization }) => authorization))], [bearer(1)])
  t.equal(asked[0]?.get('grant_type'), 'client_credentials')
  t.equal(bmc.requests.get('POST token'), 1)
})

t.test('a token is renewed at 80 % of its life, or 60 s before its end if that is earlier', async t => {
  for (const [life, keeps, renews] of [
    [900, 719, 720],
    [200, 139, 140],
    // Half of a short life, so that not every call asks.
    [60, 29, 30],
  ] as const) {
    const { bmc, clock, asked } = scripted({ token: [giveToken(1, life), giveToken(2)] })
    await bmc.listServers()
    await clock.turn(keeps * 1000)
    await bmc.listServers()
    t.equal(asked.length, 1, `${life} s: after ${keeps} s`)
    await clock.turn((renews - keeps) * 1000)
    await bmc.listServers()
    t.equal(asked.length, 2, `${life} s: after ${renews} s`)
  }
})

t.test('processes renew at different times', async t => {
  const { bmc, clock, asked } = scripted({ random: () => 0.999 })
  await bmc.listServers()
  await clock.turn(676_000)
  await bmc.listServers()
  t.equal(asked.length, 2)
})

t.test('a good token is used on while the endpoint fails, until it has expired', async t => {
  const { bmc, clock, seen, asked, lines } = scripted({ token: [giveToken(1), { status: 500 }] })
  await bmc.listServers()
  await clock.turn(13 * MINUTE)
  await bmc.listServers()
  await bmc.listServers()
  t.equal(asked.length, 2, 'the failure is not repeated for each call')
  await clock.turn(MINUTE)
  await bmc.listServers()
  t.equal(asked.length, 3, 'but tried again later')
  t.strictSame(seen.at(-1)?.authorization, bearer(1))
  t.strictSame(
    lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields['code']),
    ['BMC_TOKEN_ENDPOINT_FAILED', 'BMC_TOKEN_ENDPOINT_FAILED'],
  )
  await clock.turn(MINUTE)
  await t.rejects(bmc.listServers(), {
    code: 'BMC_TOKEN_ENDPOINT_FAILED',
    message: 'POST token: auth.bmc.test answered 500',
    fields: { status: 500 },
  })
})

t.test('the endpoint recovers after the token expired', async t => {
  const { bmc, simulator, clock } = await simulated(t)
  await bmc.listServers()
  simulator.faults.add({ operation: /token/, status: 500, times: 3 })
  await clock.turn(16 * MINUTE)
  await t.rejects(bmc.listServers(), { code: 'BMC_TOKEN_ENDPOINT_FAILED' })
  t.equal(bmc.unreachableSince(), clock.now())
  t.strictSame(await bmc.listServers(), [])
  t.equal(bmc.unreachableSince(), undefined)
})

t.test('an early renewal that hangs delays one call a little, and no other', async t => {
  const { bmc, clock, asked } = scripted({ token: [giveToken(1), { hang: true }] })
  await bmc.listServers()
  await clock.turn(13 * MINUTE)
  let done = false
  const first = bmc.listServers().then(() => {
    done = true
    return undefined
  })
  await clock.turn(1000)
  await bmc.listServers()
  t.equal(asked.length, 2)
  t.notOk(done)
  await clock.turn(2000)
  await first
})

t.test('a caller that gives up during an early renewal is no failure of it', async t => {
  const { bmc, clock, lines } = scripted({ token: [giveToken(1), { hang: true }] })
  await bmc.listServers()
  await clock.turn(13 * MINUTE)
  const caller = new AbortController()
  const call = t.rejects(bmc.listServers({ signal: caller.signal }), { code: 'BMC_TIMEOUT' })
  await clock.turn(10)
  caller.abort()
  await call
  t.strictSame(
    lines.filter(({ level }) => level !== 'trace'),
    [],
  )
})

t.test('a token that expires during an early renewal waits for it, then tries in earnest', async t => {
  const { bmc, clock, asked } = scripted({ token: [giveToken(1, 60), { hang: true }, giveToken(3)] })
  await bmc.listServers()
  await clock.turn(59_000)
  const calls = Promise.all([bmc.listServers(), bmc.listServers()])
  await clock.turn(1000)
  const late = bmc.listServers()
  await clock.turn(2000)
  await Promise.all([calls, late])
  t.equal(asked.length, 3)
})

t.test('callers at the same time share a failure as well', async t => {
  const { bmc, asked } = scripted({ token: [{ status: 500 }] })
  const results = await Promise.allSettled([bmc.listServers(), bmc.listServers(), bmc.listServers()])
  t.equal(results.filter(({ status }) => status === 'rejected').length, 3)
  t.equal(asked.length, 3)
})

t.test('credentials that rotate in mid-life are picked up with the next token', async t => {
  let clientSecret = 'sim-secret'
  const credentials = async () => ({ clientId: 'sim-client', clientSecret })
  const { bmc, simulator } = await simulated(t, { credentials })
  await bmc.listServers()
  clientSecret = 'rotated'
  simulator.backend.setCredentials('sim-client', 'rotated')
  simulator.backend.revokeTokens()
  t.strictSame(await bmc.listServers(), [])
  t.equal(bmc.requests.get('POST token'), 2)
})

t.test('credentials that lose access say so', async t => {
  const { bmc, simulator } = await simulated(t)
  await bmc.listServers()
  simulator.backend.withdrawCredentials()
  await t.rejects(bmc.listServers(), { code: 'BMC_CREDENTIALS_INVALID' })
  await t.rejects(bmc.getServer('x'), { code: 'BMC_CREDENTIALS_INVALID' })
})

t.test('a token revoked in mid-life is renewed and the call repeated, once for all callers', async t => {
  const { bmc, simulator } = await simulated(t)
  await bmc.listServers()
  simulator.backend.revokeTokens()
  const lists = await Promise.all([bmc.listServers(), bmc.listQuotas(), bmc.listTags()])
  t.equal(lists.length, 3)
  t.equal(bmc.requests.get('POST token'), 2)
  t.equal(bmc.requests.get('GET /bmc/v1/servers'), 3)
})

t.test('a 401 for an old token leaves the newer one alone', async t => {
  const late = Promise.withResolvers<void>()
  const { bmc, seen, asked } = scripted({
    api: [{ status: 401, meanwhile: () => late.promise }, { status: 401 }, LIST],
  })
  const slow = bmc.listServers()
  await bmc.listServers()
  late.resolve()
  await slow
  t.equal(asked.length, 2)
  t.strictSame(
    seen.map(({ authorization }) => authorization),
    [bearer(1), bearer(1), bearer(2), bearer(2)],
  )
})

t.test('a caller that gives up leaves the shared request to the others', async t => {
  const { bmc, clock, asked } = scripted({
    token: [{ meanwhile: () => clock.sleep(5000), ...giveToken(1) }],
  })
  const caller = new AbortController()
  const impatient = bmc.listServers({ signal: caller.signal })
  const hurried = bmc.listServers({ deadline: clock.now() + 2000 })
  const patient = bmc.listServers()
  const failures = Promise.all([
    t.rejects(impatient, { code: 'BMC_TIMEOUT', fields: { reason: 'aborted' } }),
    t.rejects(hurried, {
      code: 'BMC_TIMEOUT',
      message: 'GET /bmc/v1/servers: the token endpoint did not answer before the deadline',
      fields: { reason: 'deadline' },
    }),
  ])
  await clock.turn(1000)
  caller.abort()
  await clock.turn(5000)
  await failures
  t.strictSame(await patient, [])
  t.equal(asked.length, 1)
})

t.test('when everybody gave up the request ends, and the next caller makes a new one', async t => {
  const { bmc, clock, asked } = scripted({ token: [{ hang: true }, giveToken(2)] })
  const caller = new AbortController()
  const call = t.rejects(bmc.listServers({ signal: caller.signal }), { code: 'BMC_TIMEOUT' })
  await clock.turn(10)
  caller.abort()
  await call
  t.strictSame(await bmc.listServers(), [])
  t.equal(asked.length, 2)
})
