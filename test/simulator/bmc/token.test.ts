import fetch from 'node-fetch'
import t from 'tap'
import { askToken, getToken, pluck, sender, start } from './support.ts'

const SERVERS = '/bmc/v1/servers'

t.test('gives opaque tokens that are new each time and live 15 minutes', async t => {
  const { sim } = await start(t)
  const first = await askToken(sim)
  const second = await askToken(sim)
  t.match(first, {
    status: 200,
    body: { token_type: 'Bearer', expires_in: 900, scope: 'bmc bmc.read tags tags.read' },
  })
  t.notSame(first.body, second.body)
})

t.test('takes the credentials by HTTP Basic, form-encoded within', async t => {
  const { sim } = await start(t, { clientSecret: 'a:b c+d%' })
  const basic = Buffer.from(`sim-client:${encodeURIComponent('a:b c+d%')}`).toString('base64')
  const response = await fetch(sim.tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  t.equal(response.status, 200)
})

const refused: [string, Record<string, string>, number, string][] = [
  ['a wrong secret', { clientSecret: 'no' }, 401, 'unauthorized_client'],
  ['an unknown client', { clientId: 'no' }, 401, 'unauthorized_client'],
  ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
  ['an unknown scope', { scope: 'bmc everything' }, 400, 'invalid_scope'],
]
for (const [what, fields, status, error] of refused) {
  t.test(`refuses ${what}`, async t => {
    const { sim } = await start(t)
    t.match(await askToken(sim, fields), { status, body: { error } })
  })
}

t.test('refuses JSON', async t => {
  const { sim } = await start(t)
  const response = await fetch(sim.tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  t.equal(response.status, 415)
})

t.test('a token is refused when it has expired, was revoked, is unknown or missing', async t => {
  const { sim, clock, send } = await start(t, { tokenLifetimeMs: 1000 })
  await clock.turn(999)
  t.equal((await send('GET', SERVERS)).status, 200)
  await clock.turn(1)
  t.match(await send('GET', SERVERS), { status: 401, body: { message: String } })

  const fresh = sender(sim, await getToken(sim))
  t.equal((await fresh('GET', SERVERS)).status, 200)
  sim.backend.revokeTokens()
  t.equal((await fresh('GET', SERVERS)).status, 401)

  t.equal((await sender(sim, 'nonsense')('GET', SERVERS)).status, 401)
  t.equal((await fetch(sim.url + SERVERS)).status, 401)
})

t.test('rotated credentials: the old ones get no token, tokens of theirs go on', async t => {
  const { sim, send } = await start(t)
  sim.backend.setCredentials('new-client', 'new-secret')
  t.equal((await askToken(sim)).status, 401)
  t.equal((await askToken(sim, { clientId: 'new-client', clientSecret: 'new-secret' })).status, 200)
  t.equal((await send('GET', SERVERS)).status, 200)
  sim.backend.withdrawCredentials()
  t.equal((await send('GET', SERVERS)).status, 401)
  t.equal((await askToken(sim, { clientId: 'new-client', clientSecret: 'new-secret' })).status, 401)
})

t.test('names the scope that is missing; a wide one includes its reading part', async t => {
  const { sim } = await start(t)
  sim.backend.addCredentials('reader', 'secret', ['bmc.read', 'tags.read'])
  sim.backend.addCredentials('writer', 'secret', ['bmc'])
  const reader = sender(sim, await getToken(sim, { clientId: 'reader', clientSecret: 'secret' }))
  const writer = sender(sim, await getToken(sim, { clientId: 'writer', clientSecret: 'secret' }))
  t.equal((await reader('GET', SERVERS)).status, 200)
  t.match(await reader('POST', '/ips/v1/ip-blocks', {}), { status: 403, body: { message: /scope bmc\b/ } })
  t.equal((await writer('GET', SERVERS)).status, 200)
  t.match(await writer('GET', '/tag-manager/v1/tags'), { status: 403, body: { message: /tags\.read/ } })
})

t.test('a token holds the scopes that were asked for', async t => {
  const { sim } = await start(t)
  const send = sender(sim, await getToken(sim, { scope: 'tags.read' }))
  t.equal((await send('GET', '/tag-manager/v1/tags')).status, 200)
  t.equal((await send('GET', SERVERS)).status, 403)
})

t.test('another account sees its own servers only', async t => {
  const { sim, send } = await start(t)
  const mine = sim.backend.addServer({ hostname: 'mine' })
  const other = sim.backend.account('other')
  other.addServer({ hostname: 'theirs' })
  other.setCredentials('other-client', 'other-secret')
  const stranger = sender(
    sim,
    await getToken(sim, { clientId: 'other-client', clientSecret: 'other-secret' }),
  )
  t.same(pluck(await stranger('GET', SERVERS), 'hostname'), ['theirs'])
  t.equal((await stranger('GET', `${SERVERS}/${mine.id}`)).status, 403)
  t.same(pluck(await send('GET', SERVERS), 'hostname'), ['mine'])
})
