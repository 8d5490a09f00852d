import t from 'tap'
import { type Script, type Step, scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

const BLOCK = { location: 'PHX', cidrBlockSize: '/29', ipVersion: 'V4', tags: [] } as const
const CREATED: Step = { status: 201, body: { id: 'block-1', status: 'creating' } }
const REFUSED: Step = { fail: 'ECONNREFUSED', syscall: 'connect' }

t.test('reads are repeated on resets, refusals, 429 and 5xx', async t => {
  const failures: Step[] = [
    { fail: 'ECONNRESET' },
    { fail: 'EPIPE' },
    { fail: 'ETIMEDOUT' },
    REFUSED,
    { fail: 'ENOTFOUND', syscall: 'getaddrinfo' },
    { status: 429 },
    { status: 500 },
    { status: 502, body: '<html>bad gateway</html>' },
    { status: 503 },
    { status: 504 },
  ]
  for (const failure of failures) {
    const { bmc, seen } = scripted({ api: [failure, failure, { body: [] }] })
    t.strictSame(await bmc.listServers(), [])
    t.equal(seen.length, 3, JSON.stringify(failure))
    t.equal(bmc.requests.get('GET /bmc/v1/servers'), 3)
  }
})

t.test('four attempts by default, or as many as the call allows', async t => {
  for (const [maxAttempts, attempts] of [
    [undefined, 4],
    [1, 1],
    [2, 2],
  ] as const) {
    const { bmc, seen } = scripted({ api: [{ status: 500 }] })
    await t.rejects(bmc.listServers({ maxAttempts }), { code: 'BMC_SERVER_ERROR', fields: { status: 500 } })
    t.equal(seen.length, attempts)
  }
})

t.test('back-off doubles under full jitter', async t => {
  const { bmc, clock, seen, lines } = scripted({ api: [{ status: 500 }], random: () => 0.5 })
  const failure = t.rejects(bmc.listServers(), { code: 'BMC_SERVER_ERROR' })
  for (const [ms, attempts] of [
    [99, 1],
    [1, 2],
    [199, 2],
    [1, 3],
    [399, 3],
    [1, 4],
  ] as const) {
    await clock.turn(ms)
    t.equal(seen.length, attempts)
  }
  await failure
  const told = lines.filter(({ level }) => level === 'debug')
  t.strictSame(
    told.map(({ message, fields }) => [message, fields['code'], fields['attempt'], fields['afterMs']]),
    [1, 2, 3].map(n => ['BMC request is repeated', 'BMC_SERVER_ERROR', n, 50 * 2 ** n]),
  )
})

t.test('a refusal is not repeated', async t => {
  const cases: [Step, string][] = [
    [{ status: 400 }, 'BMC_BAD_REQUEST'],
    [{ status: 403 }, 'BMC_FORBIDDEN'],
    [{ status: 404 }, 'BMC_NOT_FOUND'],
    [{ status: 405 }, 'BMC_BAD_REQUEST'],
    [{ status: 406 }, 'BMC_OUT_OF_STOCK'],
    [{ status: 409 }, 'BMC_CONFLICT'],
    [{ status: 307, headers: { location: 'https://elsewhere.test' } }, 'BMC_RESPONSE_INVALID'],
    [{ fail: 'CERT_HAS_EXPIRED' }, 'BMC_UNREACHABLE'],
  ]
  for (const [step, code] of cases) {
    const { bmc, seen } = scripted({ api: [step] })
    await t.rejects(bmc.listIpBlocks(), { code }, code)
    await t.rejects(bmc.createIpBlock(BLOCK), { code }, code)
    t.equal(seen.length, 2)
  }
})

t.test('a change is repeated only when it is known that it did not happen', async t => {
  const failures: Step[] = [
    REFUSED,
    { fail: 'ENOTFOUND', syscall: 'getaddrinfo' },
    { fail: 'EAI_AGAIN', syscall: 'getaddrinfo' },
    { fail: 'ETIMEDOUT', syscall: 'connect' },
    { status: 429 },
    { status: 503, headers: { 'retry-after': '0' } },
  ]
  for (const failure of failures) {
    const { bmc, seen } = scripted({ api: [failure, CREATED] })
    t.match(await bmc.createIpBlock(BLOCK), { id: 'block-1' })
    t.equal(seen.length, 2, JSON.stringify(failure))
  }
})

t.test('and after its last attempt the failure itself is told', async t => {
  for (const [step, code] of [
    [REFUSED, 'BMC_UNREACHABLE'],
    [{ status: 429 }, 'BMC_RATE_LIMITED'],
    [{ status: 503, headers: { 'retry-after': '0' } }, 'BMC_SERVER_ERROR'],
  ] as const) {
    const { bmc, seen } = scripted({ api: [step] })
    await t.rejects(bmc.createIpBlock(BLOCK), { code })
    t.equal(seen.length, 4)
  }
})

t.test('a change whose answer is lost is not repeated: its outcome is unknown', async t => {
  const cases: [Step, string][] = [
    [{ fail: 'ECONNRESET' }, 'BMC_UNREACHABLE'],
    [{ fail: 'EPIPE' }, 'BMC_UNREACHABLE'],
    [{ fail: 'ETIMEDOUT', syscall: 'read' }, 'BMC_UNREACHABLE'],
    [{ status: 500 }, 'BMC_SERVER_ERROR'],
    [{ status: 502 }, 'BMC_SERVER_ERROR'],
    [{ status: 503 }, 'BMC_SERVER_ERROR'],
    [{ status: 504, headers: { 'retry-after': '1' } }, 'BMC_SERVER_ERROR'],
    [{ status: 201, body: '{"id": "blo' }, 'BMC_RESPONSE_INVALID'],
    [{ status: 201 }, 'BMC_RESPONSE_INVALID'],
  ]
  for (const [step, cause] of cases) {
    const { bmc, seen } = scripted({ api: [step] })
    await t.rejects(bmc.createIpBlock(BLOCK), {
      code: 'BMC_OUTCOME_UNKNOWN',
      message: /^POST \/ips\/v1\/ip-blocks: api\.bmc\.test .*; whether the change happened is unknown$/,
      cause: { code: cause },
    })
    t.equal(seen.length, 1, JSON.stringify(step))
  }
})

t.test('so it is for every kind of change', async t => {
  const changes: ((script: Script) => Promise<unknown>)[] = [
    script => scripted(script).bmc.deleteIpBlock('b'),
    script => scripted(script).bmc.putIpBlockTags('b', []),
    script => scripted(script).bmc.patchIpBlock('b', { description: 'd' }),
    script => scripted(script).bmc.assignIpBlock('n', 'b'),
    script => scripted(script).bmc.unassignIpBlock('n', 'b'),
  ]
  for (const change of changes) {
    await t.rejects(change({ api: [{ fail: 'ECONNRESET' }] }), { code: 'BMC_OUTCOME_UNKNOWN' })
  }
})

t.test('Retry-After is honoured in seconds and as a date', async t => {
  for (const value of ['7', new Date(Date.UTC(2026, 0, 1) + 7000).toUTCString()]) {
    for (const status of [429, 503]) {
      const { bmc, clock, seen } = scripted({ api: [{ status, headers: { 'retry-after': value } }, CREATED] })
      const call = bmc.createIpBlock(BLOCK)
      await clock.turn(6999)
      t.equal(seen.length, 1)
      await clock.turn(1)
      t.match(await call, { id: 'block-1' })
    }
  }
})

t.test('a 401 renews the token and repeats any call once', async t => {
  const { bmc, seen, asked } = scripted({ api: [{ status: 401 }, CREATED] })
  t.match(await bmc.createIpBlock(BLOCK, { maxAttempts: 1 }), { id: 'block-1' })
  t.strictSame([seen.length, asked.length], [2, 2])
  const { bmc: refused, seen: tries } = scripted({ api: [{ status: 401 }] })
  await t.rejects(refused.createIpBlock(BLOCK), {
    code: 'BMC_CREDENTIALS_INVALID',
    message: 'POST /ips/v1/ip-blocks: api.bmc.test answered 401',
  })
  t.equal(tries.length, 2)
})

t.test('a call renews its token once in all its attempts', async t => {
  const { bmc, asked } = scripted({ api: [{ status: 401 }, { status: 500 }, { status: 401 }, { body: [] }] })
  await t.rejects(bmc.listServers(), { code: 'BMC_CREDENTIALS_INVALID' })
  t.equal(asked.length, 2)
})

t.test('a missing scope is named, whichever part of the answer points at it', async t => {
  const hints: Step[] = [
    { status: 403, body: { message: 'The token lacks a scope.' } },
    { status: 403, body: { error: 'insufficient_scope' } },
    { status: 403, body: 'insufficient_scope' },
    { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="bmc"' } },
  ]
  for (const hint of hints) {
    const { bmc } = scripted({ api: [hint] })
    await t.rejects(bmc.createIpBlock(BLOCK), {
      code: 'BMC_SCOPE_MISSING',
      message: 'POST /ips/v1/ip-blocks: api.bmc.test answered 403: the scope bmc is missing',
      fields: { scope: 'bmc' },
    })
  }
})

t.test('each operation names the scope that it needs', async t => {
  const { bmc, simulator } = await simulated(t)
  simulator.backend.setCredentials('sim-client', 'sim-secret', [])
  const calls: [Promise<unknown>, string][] = [
    [bmc.listServers(), 'bmc.read'],
    [bmc.listQuotas(), 'bmc.read'],
    [bmc.listIpProducts(), 'bmc.read'],
    [bmc.createIpBlock(BLOCK), 'bmc'],
    [bmc.listTags(), 'tags.read'],
    [bmc.ensureTag('usage'), 'tags'],
  ]
  for (const [call, scope] of calls) await t.rejects(call, { code: 'BMC_SCOPE_MISSING', fields: { scope } })
})

t.test('a refusal tells what the body says, in whatever form it comes', async t => {
  const cases: [unknown, string][] = [
    [
      { message: 'Wrong data.', validationErrors: ['size too large', 'no location'] },
      ': Wrong data.; size too large; no location',
    ],
    [{ message: 'Wrong data.', validationErrors: null }, ': Wrong data.'],
    ['"Wrong\\n data."', ': "Wrong\\n data."'],
    ['<html>\n  <b>Wrong</b>', ': <html> <b>Wrong</b>'],
    ['x'.repeat(2000), `: ${'x'.repeat(500)}`],
    [undefined, ''],
    [[], ''],
  ]
  for (const [body, detail] of cases) {
    const { bmc } = scripted({ api: [{ status: 400, body }] })
    await t.rejects(bmc.createIpBlock(BLOCK), {
      code: 'BMC_BAD_REQUEST',
      message: `POST /ips/v1/ip-blocks: api.bmc.test answered 400${detail}`,
    })
  }
})
