import t from 'tap'
import {
  bearer,
  MAX_BODY_BYTES,
  onEveryHost,
  PATH_SECRET,
  PREVIOUS,
  PREVIOUS_PATH_SECRET,
  review,
  TOKEN,
} from './_hosts.ts'

const events = JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [] })

const AUTH: readonly [name: string, path: string, headers: Record<string, string>, status: number][] = [
  ['no token', '/admission', {}, 401],
  ['a wrong token', '/admission', bearer('wrong-webhook-token'), 401],
  ['a part of the token', '/admission', bearer(TOKEN.slice(0, -1)), 401],
  ['no scheme', '/admission', { authorization: TOKEN }, 401],
  ['another scheme', '/admission', { authorization: `Basic ${TOKEN}` }, 401],
  ['the path secret as a token', '/admission', bearer(PATH_SECRET), 401],
  ['the token', '/admission', bearer(TOKEN), 200],
  ['the token, scheme in small letters', '/admission', { authorization: `bearer ${TOKEN}` }, 200],
  ['the previous token', '/admission', bearer(PREVIOUS), 200],
  ['the path secret', `/admission/${PATH_SECRET}`, {}, 200],
  ['the previous path secret', `/admission/${PREVIOUS_PATH_SECRET}`, {}, 200],
  ['a wrong path secret', `/admission/${PATH_SECRET.replace(/./, 'x')}`, {}, 401],
  ['a wrong path secret but the token', '/admission/x', bearer(TOKEN), 200],
  ['the token as a path', `/admission/${TOKEN}`, {}, 401],
  ['audit without a token', '/audit', {}, 401],
  ['audit with the path secret as a token', '/audit', bearer(PATH_SECRET), 401],
  ['audit with the token', '/audit', bearer(TOKEN), 200],
  ['audit with the previous token', '/audit', bearer(PREVIOUS), 200],
  ['audit with the path secret', `/audit/${PATH_SECRET}`, {}, 404],
]
for (const [name, path, headers, status] of AUTH) {
  onEveryHost(t, `${name}: ${status}`, async (t, { call, backstage }) => {
    const answer = await call({ path, headers, body: path === '/audit' ? events : review() })
    t.equal(answer.status, status)
    const isReviewed = status === 200 && path.startsWith('/admission')
    t.equal(backstage.admitted.length, isReviewed ? 1 : 0)
    const text = JSON.stringify([backstage.lines, answer.body])
    for (const secret of [TOKEN, PREVIOUS, PATH_SECRET, PREVIOUS_PATH_SECRET, 'wrong-webhook-token']) {
      t.notOk(text.includes(secret), 'neither log nor answer holds a credential')
    }
  })
}

const call = { path: '/admission', headers: bearer(TOKEN) }
const REFUSED: readonly [name: string, call: Record<string, unknown>, status: number, code: string][] = [
  ['GET', { ...call, method: 'GET' }, 405, 'WEBHOOK_METHOD_NOT_ALLOWED'],
  ['PUT to audit', { ...call, path: '/audit', method: 'PUT' }, 405, 'WEBHOOK_METHOD_NOT_ALLOWED'],
  ['an unknown path', { ...call, path: '/validate' }, 404, 'WEBHOOK_NOT_FOUND'],
  ['a path too deep', { ...call, path: `/admission/${PATH_SECRET}/x` }, 404, 'WEBHOOK_NOT_FOUND'],
  ['no body', { ...call, body: '' }, 400, 'WEBHOOK_BODY_INVALID'],
  ['no JSON', { ...call, body: '{' }, 400, 'WEBHOOK_BODY_INVALID'],
  ['a list', { ...call, body: '[]' }, 400, 'WEBHOOK_BODY_INVALID'],
  ['null', { ...call, body: 'null' }, 400, 'WEBHOOK_BODY_INVALID'],
  ['another kind', { ...call, body: events }, 400, 'WEBHOOK_BODY_INVALID'],
  [
    'another review version',
    { ...call, body: review({}, { apiVersion: 'admission.k8s.io/v1beta1' }) },
    400,
    'WEBHOOK_VERSION_UNSUPPORTED',
  ],
  ['no request', { ...call, body: review({}, { request: undefined }) }, 400, 'WEBHOOK_BODY_INVALID'],
  ['no uid', { ...call, body: review({ uid: '' }) }, 400, 'WEBHOOK_BODY_INVALID'],
  ['a review for audit', { ...call, path: '/audit', body: review() }, 400, 'WEBHOOK_BODY_INVALID'],
  ['a body over the limit', { ...call, body: 'x'.repeat(MAX_BODY_BYTES + 1) }, 413, 'WEBHOOK_BODY_TOO_LARGE'],
  [
    'a body over the limit without a token',
    { path: '/admission', body: 'x'.repeat(MAX_BODY_BYTES + 1) },
    401,
    'WEBHOOK_UNAUTHENTICATED',
  ],
]
for (const [name, request, status, code] of REFUSED) {
  onEveryHost(t, `${name}: ${status} ${code}`, async (t, host) => {
    const answer = await host.call({ path: '', ...request })
    t.equal(answer.status, status)
    const { error } = answer.body as { error: Record<string, string> }
    t.strictSame(Object.keys(error), ['code', 'message', 'action'])
    t.equal(error['code'], code)
    t.equal(host.backstage.admitted.length + host.backstage.invoked.length, 0)
    t.equal((await host.call({ ...call, body: review() })).status, 200, 'and the next one is served')
  })
}

onEveryHost(t, 'a body at the limit is read', async (t, host) => {
  const body = review().padEnd(MAX_BODY_BYTES)
  t.equal((await host.call({ ...call, body })).status, 200)
})

for (const type of ['application/json', 'text/plain', 'application/octet-stream', '']) {
  onEveryHost(t, `a body of type '${type}' is read`, async (t, host) => {
    const headers = { authorization: `Bearer ${TOKEN}`, ...(type === '' ? {} : { 'content-type': type }) }
    const answer = await host.call({ ...call, headers, body: review(), encoded: type.includes('octet') })
    t.equal(answer.status, 200)
    t.match(answer.body, { response: { allowed: true } })
  })
}

onEveryHost(t, 'a caller with a wrong token is logged once a minute', async (t, { call, backstage }) => {
  for (let i = 0; i < 5; i += 1) await call({ path: '/audit', body: events })
  t.equal(backstage.lines.length, 1)
  await backstage.clock.turn(60_000)
  await call({ path: '/audit', body: events })
  t.match(backstage.lines.at(-1), { code: 'WEBHOOK_UNAUTHENTICATED', requests: 5 })
})
