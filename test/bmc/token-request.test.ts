import t from 'tap'
import { giveToken, SECRET, type Step, scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const MINUTE = 60_000
const bearer = (number: number): string => `Bearer token-${number}`

t.test('credentials reach the endpoint unchanged, whatever characters they hold', async t => {
  const clientSecret = 'a:b+c/d=e%f g&hä'
  const { bmc, simulator } = await simulated(t, {
    credentials: async () => ({ clientId: 'id:+&', clientSecret }),
  })
  simulator.backend.setCredentials('id:+&', clientSecret)
  t.strictSame(await bmc.listServers(), [])
})

t.test('expires_in may be a text, or missing', async t => {
  for (const [expires_in, afterSeconds] of [
    ['900', 720],
    [undefined, 240],
    ['soon', 240],
  ] as const) {
    const body = { access_token: 'token-1', expires_in }
    const { bmc, clock, asked } = scripted({ token: [{ body }, giveToken(2)] })
    await bmc.listServers()
    await clock.turn((afterSeconds - 61) * 1000)
    await bmc.listServers()
    t.equal(asked.length, 1)
    await clock.turn(61_000)
    await bmc.listServers()
    t.equal(asked.length, 2, String(expires_in))
  }
})

t.test('the endpoint is tried again on resets, 5xx and 429, with back-off', async t => {
  const failures: Step[] = [
    { fail: 'ECONNRESET' },
    { fail: 'ECONNREFUSED', syscall: 'connect' },
    { status: 503 },
    { status: 429, headers: { 'retry-after': '2' } },
  ]
  for (const failure of failures) {
    const { bmc, clock, asked } = scripted({ random: () => 0.5, token: [failure, giveToken(2)] })
    const call = bmc.listServers()
    await clock.turn(0)
    t.equal(asked.length, 1)
    await clock.turn(2_500)
    t.strictSame(await call, [])
    t.equal(asked.length, 2)
  }
})

t.test('failures of the endpoint carry their own code and name the host', async t => {
  const cases: [Step, RegExp][] = [
    [
      { fail: 'ECONNREFUSED', syscall: 'connect' },
      /^POST token: auth\.bmc\.test cannot be reached: ECONNREFUSED$/,
    ],
    [{ fail: 'ECONNRESET' }, /^POST token: auth\.bmc\.test cut the connection: ECONNRESET$/],
    [{ status: 404, body: '<html>nothing here</html>' }, /answered 404: <html>/],
    [{ status: 400, body: { error: 'invalid_scope' } }, /answered 400: invalid_scope$/],
    [{ status: 302 }, /answered 302$/],
    [{ body: {} }, /it holds no token$/],
    [{ body: 'ok' }, /it holds no token$/],
    [{ body: { access_token: 'a\r\nx: y' } }, /it holds no token$/],
    [{ status: 503, headers: { 'retry-after': '600' } }, /answered 503$/],
  ]
  for (const [step, message] of cases) {
    const { bmc } = scripted({ token: [step] })
    await t.rejects(bmc.listServers(), { code: 'BMC_TOKEN_ENDPOINT_FAILED', message }, String(message))
  }
})

t.test('a long Retry-After of the endpoint is reported, not waited for', async t => {
  const { bmc, clock, asked } = scripted({ token: [{ status: 429, headers: { 'retry-after': '6' } }] })
  await t.rejects(bmc.listServers(), {
    code: 'BMC_TOKEN_ENDPOINT_FAILED',
    fields: { retryAfterMs: 6000, retryAt: clock.now() + 6000 },
  })
  t.equal(asked.length, 1)
})

t.test('the life of a token counts from when it was asked for', async t => {
  const { bmc, clock, asked } = scripted({
    token: [{ meanwhile: () => clock.sleep(9000), ...giveToken(1, 60) }, giveToken(2)],
  })
  const first = bmc.listServers()
  await clock.turn(29_000)
  await first
  await bmc.listServers()
  t.equal(asked.length, 1)
  await clock.turn(1000)
  await bmc.listServers()
  t.equal(asked.length, 2)
})

t.test('a hung endpoint ends after its attempts', async t => {
  const { bmc, clock, asked } = scripted({ token: [{ hang: true }], timeoutMs: 1000 })
  const failure = t.rejects(bmc.listServers(), {
    code: 'BMC_TOKEN_ENDPOINT_FAILED',
    message: 'POST token: auth.bmc.test did not answer within 1000 ms',
  })
  await clock.turn(3000)
  await failure
  t.equal(asked.length, 3)
})

t.test('wrong credentials are reported without a second try', async t => {
  const refusals: Step[] = [
    { status: 401 },
    { status: 401, body: { error: 'unauthorized_client', error_description: 'Invalid client secret' } },
    { status: 400, body: { error: 'invalid_client' } },
    { status: 403 },
  ]
  for (const step of refusals) {
    const { bmc, asked, seen } = scripted({ token: [step] })
    await t.rejects(bmc.listServers(), {
      code: 'BMC_CREDENTIALS_INVALID',
      message: /^POST token: auth\.bmc\.test answered 40[013]/,
    })
    t.equal(asked.length, 1)
    t.strictSame(seen, [])
  }
})

t.test('credentials that rotate while a token is asked for are used at once', async t => {
  const old = { clientId: 'sim-client', clientSecret: 'sim-secret' }
  // Where they are remembered, only a refusal leads to a look.
  const credentials = async (refused = false) => (refused ? { ...old, clientSecret: 'rotated' } : old)
  const { bmc, simulator } = await simulated(t, { credentials })
  simulator.backend.setCredentials('sim-client', 'rotated')
  t.strictSame(await bmc.listServers(), [])
  t.equal(bmc.requests.get('POST token'), 2)
})

t.test('credentials that cannot be read are an error, and a good token outlives it', async t => {
  let broken = false
  const credentials = async () => {
    if (broken) throw new Error('ENOENT')
    return { clientId: 'c', clientSecret: SECRET }
  }
  const { bmc, clock } = scripted({ credentials })
  await bmc.listServers()
  broken = true
  await clock.turn(13 * MINUTE)
  await bmc.listServers()
  await clock.turn(3 * MINUTE)
  await t.rejects(bmc.listServers(), {
    code: 'BMC_CREDENTIALS_INVALID',
    message: 'the BMC credentials cannot be read',
  })
})

t.test('no error holds the token, the secret or a header', async t => {
  const leak = `your header was Authorization: ${bearer(1)}, secret ${SECRET}`
  const cases = [
    { api: [{ status: 400, body: { message: leak, validationErrors: [leak] } }] },
    { api: [{ status: 500, body: leak }] },
    { token: [{ status: 401, body: `secret=${SECRET}` }] },
    { token: [{ status: 500, body: { error: 'x', error_description: `secret=${SECRET}` } }] },
  ]
  for (const script of cases) {
    const { bmc } = scripted(script)
    const error: unknown = await bmc.listServers().catch((thrown: unknown) => thrown)
    const shown = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error)
    t.notMatch(shown, /the-client-secret|token-1/)
    t.match(shown, /redacted|answered/)
  }
})

t.test('no error holds the secret as the form held it', async t => {
  const clientSecret = 'p@ss w(rd/of+mine'
  const form = new URLSearchParams({ client_secret: clientSecret }).toString()
  const body = { error: 'x', error_description: `${form} ${encodeURIComponent(clientSecret)}` }
  for (const status of [401, 500]) {
    const { bmc } = scripted({
      token: [{ status, body }],
      credentials: async () => ({ clientId: 'c', clientSecret }),
    })
    const error: unknown = await bmc.listServers().catch((thrown: unknown) => thrown)
    t.notMatch(String(error), /p%40ss/)
    t.match(String(error), /redacted.*redacted/)
  }
})
