import t, { type Test } from 'tap'
import { createServer } from '../../functions/server.ts'
import { createStatusPage, type StatusPageParts } from '../../functions/status-page.ts'
import { CcmError } from '../../shared/errors.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'
import type { Status } from '../../shared/status/contract.ts'
import { MODEL, STATUS } from './_model.ts'

const TOKEN = 'status-token-of-a-test'
const basic = (password: string, user = 'somebody') => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

function start(t: Test, parts: Partial<StatusPageParts> = {}) {
  const clock = createTurnableClock()
  const state = { looks: 0, pressed: false, warnings: [] as unknown[] }
  const look = async (): Promise<Status> => {
    state.looks += 1
    return STATUS
  }
  const page = createStatusPage({
    look,
    decisions: { list: () => MODEL.decisions },
    clock,
    log: {
      warn: ({ count }, message) =>
        void state.warnings.push(count === undefined ? message : [count, message]),
    },
    token: () => TOKEN,
    ...parts,
  })
  const nothing = {
    check: async () => undefined,
    answer: async () => ({ status: 200, headers: {}, body: 'webhook' }),
  }
  const server = createServer({
    admission: nothing,
    audit: nothing,
    ready: () => true,
    clock,
    maxBodyBytes: 65_536,
    status: { page, isPressed: () => state.pressed },
  })
  t.teardown(() => server.close())
  const get = (url = '/status', headers = basic(TOKEN), method: 'GET' | 'POST' | 'HEAD' = 'GET') =>
    server.inject({ method, url, headers })
  return { get, clock, state, server }
}

t.test('who shows the token sees the page, as the password of anybody or as a bearer', async t => {
  const { get } = start(t)
  const answers = [await get(), await get('/status', { authorization: `Bearer ${TOKEN}` })]
  for (const { statusCode, headers, body } of answers) {
    t.equal(statusCode, 200)
    t.match(headers, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': /^default-src 'none'; /,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    t.match(body, 'Something wants attention')
  }
  t.match((await get('/status/nodes?state=waiting&state=ready')).statusCode, 200)
  t.equal((await get('/status', basic(TOKEN), 'HEAD')).statusCode, 200)
})

t.test('nobody else does, and is asked for it', async t => {
  const { get, state, clock } = start(t)
  const wrong: readonly Record<string, string>[] = [
    {},
    basic(''),
    basic('another-token-than-it'),
    basic('somebody', TOKEN),
    { authorization: 'Basic !' },
    { authorization: `Basic ${Buffer.from(TOKEN).toString('base64')}` },
    { authorization: `Bearer ${TOKEN}x` },
    { authorization: TOKEN },
  ]
  for (const headers of wrong) {
    const answer = await get('/status', headers as ReturnType<typeof basic>)
    t.match(answer, {
      statusCode: 401,
      headers: { 'www-authenticate': /^Basic realm=/, connection: 'close' },
    })
    t.strictSame(answer.json().error.code, 'STATUS_UNAUTHENTICATED')
  }
  t.equal(state.looks, 0)
  const message = 'status was asked for with a wrong token'
  t.strictSame(state.warnings, [[1, message]], 'told once, and not of who shows none')
  await clock.turn(60_000)
  await get('/status', basic('once-more-the-wrong-one'))
  t.strictSame(state.warnings[1], [7, message], 'with all since then')
})

t.test('it can only be read', async t => {
  const { get } = start(t)
  const answer = await get('/status', basic(TOKEN), 'POST')
  t.match(answer, { statusCode: 405, headers: { allow: 'GET, HEAD' } })
})

t.test('without a token there is no page, as on any other path', async t => {
  const { get } = start(t, { token: () => undefined })
  const [none, other] = [await get(), await get('/other')]
  t.equal(none.statusCode, 404)
  t.equal(none.body, other.body)
})

t.test('many who look cost one look', async t => {
  const { get, state, clock } = start(t)
  await Promise.all([get(), get('/status/nodes'), get()])
  t.equal(state.looks, 1)
  await clock.turn(14_000)
  t.match((await get()).body, '14 s ago')
  t.equal(state.looks, 1)
  await clock.turn(2000)
  t.match((await get()).body, '0 s ago')
  t.equal(state.looks, 2)
})

t.test('while the server is pressed nothing is looked at, and what was seen is shown', async t => {
  const { get, state, clock } = start(t)
  state.pressed = true
  t.match(await get(), { statusCode: 503, body: /STATUS_BUSY/ })
  state.pressed = false
  await get()
  await clock.turn(60_000)
  state.pressed = true
  t.match(await get(), { statusCode: 200, body: /The last look failed.*STATUS_BUSY.*1 min ago/s })
  t.equal(state.looks, 1)
})

t.test('a look that fails is told, with what was seen before', async t => {
  let failure: Error | undefined = new CcmError('KUBE_UNREACHABLE', 'no <answer>')
  const look = async (): Promise<Status> => {
    if (failure) throw failure
    return STATUS
  }
  const { get, clock, state } = start(t, { look })
  const first = await get()
  t.equal(first.statusCode, 503)
  t.equal((await get()).statusCode, 503)
  t.equal(state.warnings.length, 1, 'told once, however many look')
  t.match(first.body, 'KUBE_UNREACHABLE</code> no &lt;answer&gt;.')
  failure = undefined
  await clock.turn(15_000)
  t.equal((await get()).statusCode, 200)
  failure = new Error('unforeseen and not for people')
  await clock.turn(15_000)
  const { statusCode, body } = await get()
  t.equal(statusCode, 200)
  t.match(body, /The last look failed.*CCM_INTERNAL.*Something wants attention/s)
  t.notMatch(body, 'not for people')
  t.strictSame(state.warnings, ['status could not be looked at', 'status could not be looked at'])
})
