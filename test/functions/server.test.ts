import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createAdmission } from '../../functions/admission.ts'
import { createAudit } from '../../functions/audit.ts'
import { createAuthenticate } from '../../functions/auth.ts'
import type { Renew } from '../../functions/renewal.ts'
import { createServer, type TlsFiles } from '../../functions/server.ts'
import { silentLog } from '../../shared/log.ts'
import { createCertificates, type KeyPair } from '../../shared/simulator/certificates.ts'
import { bearer, createBackstage, MAX_BODY_BYTES, review, TOKEN, toControllers } from './_hosts.ts'

interface Options {
  readonly tls?: TlsFiles
  readonly tokens?: readonly string[]
  readonly renew?: Renew
  readonly ready?: () => boolean
  readonly wants?: () => readonly string[]
}

async function listen(t: Test, { tls, tokens = [TOKEN], renew, ready = () => true, wants }: Options = {}) {
  const backstage = createBackstage()
  const parts = {
    clock: backstage.clock,
    log: silentLog,
    authenticate: createAuthenticate({
      tokens: () => tokens,
      demandCertificate: tls?.clientCa !== undefined,
    }),
    renew,
    maxBodyBytes: MAX_BODY_BYTES,
  }
  const server = createServer({
    admission: createAdmission({
      ...parts,
      controllers: async () => toControllers(backstage),
      invoker: async () => ({ invoke: async () => {} }),
    }),
    audit: createAudit({ ...parts, invoker: { invoke: async () => {} } }),
    ready,
    wants,
    tls,
    ...parts,
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => server.close())
  return { server, backstage }
}

const toPort = (server: FastifyInstance): number => (server.server.address() as AddressInfo).port

interface Calling {
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly ca: string
  readonly client?: KeyPair | undefined
}

/** Status of one call over TLS. */
function call(
  port: number,
  { path, method = 'POST', headers = {}, body = '', ca, client }: Calling,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, ca, ...client, agent: false as const }
    const calling = request(options, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    calling.on('error', reject).end(body)
  })
}

t.test('health is open, and tells the process from its use', async t => {
  let ready = false
  const { server } = await listen(t, { ready: () => ready })
  t.equal((await server.inject('/healthz')).statusCode, 200)
  t.equal((await server.inject('/readyz')).statusCode, 503)
  ready = true
  t.equal((await server.inject('/readyz')).statusCode, 200)
})

t.test('readiness tells what a person should mend, and is no less ready for it', async t => {
  const wants = ['CCM_ANNOUNCER_MISSING: the cluster has no ipaddresspools.metallb.io']
  const { server } = await listen(t, { ready: () => true, wants: () => wants })
  const { statusCode, body } = await server.inject('/readyz')
  t.strictSame({ statusCode, body }, { statusCode: 200, body: `ok\n${wants[0]}` })
})

t.test('a path that cannot be decoded is unknown', async t => {
  const { server } = await listen(t)
  const answer = await server.inject({ method: 'POST', url: '/admission/%', headers: bearer(TOKEN) })
  t.equal(answer.statusCode, 404)
  t.match(answer.json(), { error: { code: 'WEBHOOK_NOT_FOUND' } })
})

t.test('a caller without credentials is refused before its body is read', async t => {
  const { server } = await listen(t)
  for (const path of ['/admission', '/audit', '/unknown']) {
    const answer = await sendHead(toPort(server), path)
    t.match(answer, path === '/unknown' ? /^HTTP\/1.1 404 / : /^HTTP\/1.1 401 /)
    t.match(answer, /connection: close/i)
  }
})

/** Announces a body that never comes; resolves with what is answered before the connection ends. */
function sendHead(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      )
    })
    socket.setEncoding('utf8').on('data', chunk => {
      answer += chunk
    })
    socket.on('error', reject).on('close', () => resolve(answer))
  })
}

t.test('TLS: the token is enough where no certificate is demanded', async t => {
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const { server } = await listen(t, { tls: { cert, key } })
  const review1 = { path: '/admission', ca, body: review() }
  t.equal(await call(toPort(server), { ...review1, headers: bearer(TOKEN) }), 200)
  t.equal(await call(toPort(server), review1), 401)
})

t.test('TLS: a demanded certificate and a configured token are both needed', async t => {
  const { ca, cert, key, clients } = await createCertificates({
    hosts: ['127.0.0.1'],
    clientNames: ['apiserver'],
  })
  const stranger = await createCertificates({ hosts: [], clientNames: ['apiserver'] })
  const mine = clients['apiserver']
  const other = stranger.clients['apiserver']
  const rows: readonly [
    tokens: string[],
    client: KeyPair | undefined,
    token: string | undefined,
    status: number,
  ][] = [
    [[TOKEN], mine, TOKEN, 200],
    [[TOKEN], mine, undefined, 401],
    [[TOKEN], undefined, TOKEN, 401],
    [[TOKEN], other, TOKEN, 401],
    [[], mine, undefined, 200],
    [[], other, undefined, 401],
    [[], undefined, undefined, 401],
  ]
  for (const [tokens, client, token, status] of rows) {
    const { server } = await listen(t, { tls: { cert, key, clientCa: ca }, tokens })
    const headers = token === undefined ? {} : bearer(token)
    t.equal(await call(toPort(server), { path: '/admission', ca, client, headers, body: review() }), status)
    t.equal(await call(toPort(server), { path: '/healthz', method: 'GET', ca }), 200, 'health stays open')
  }
})

t.test('without any way to authenticate nobody is let in', async t => {
  const { server } = await listen(t, { tokens: [''] })
  for (const headers of [{}, bearer('x'), { authorization: 'Bearer ' }]) {
    t.equal((await server.inject({ method: 'POST', url: '/admission', headers })).statusCode, 401)
  }
})

t.test('tokens may change while the server runs', async t => {
  const tokens = ['first-webhook-token']
  const { server } = await listen(t, { tokens })
  const status = async (token: string): Promise<number> =>
    (await server.inject({ method: 'POST', url: '/admission', headers: bearer(token), payload: review() }))
      .statusCode
  t.equal(await status('first-webhook-token'), 200)
  tokens.splice(0, 1, 'second-webhook-token')
  t.equal(await status('first-webhook-token'), 401)
  t.equal(await status('second-webhook-token'), 200)
})

t.test('a token that was put in place a moment ago is looked for when it is sent', async t => {
  const tokens = ['first-webhook-token']
  const asked: boolean[] = []
  const renew = async (refused: boolean): Promise<void> => {
    asked.push(refused)
    if (refused) tokens.splice(0, 1, 'second-webhook-token')
  }
  const { server } = await listen(t, { tokens, renew })
  const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await server.inject({ method: 'POST', url: '/admission', headers, payload: review() })).statusCode
  t.equal(await status({}), 401)
  t.strictSame(asked, [false], 'not for one who sends none')
  t.equal(await status(bearer('second-webhook-token')), 200)
  t.equal(await status(bearer('first-webhook-token')), 401)
})
