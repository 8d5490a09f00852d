import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { createKube, type KubeRequest } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { type Answer, connect, json, reset, startApiServer } from './_api-server.ts'

const NODE = '/api/v1/nodes/a'
/** Never answers. */
const hang: Answer = () => {}

const inHeader: Answer = (_request, response) => {
  response.writeHead(429, { 'retry-after': '30' }).end('too many')
}

const text: Answer = (_request, response) => {
  response.end('<html>')
}

const breakOff: Answer = (_request, response, socket) => {
  response.writeHead(200, { 'content-length': '100' }).write('{"a":')
  setImmediate(() => socket.destroy())
}

const redirect: Answer = (_request, response) => {
  response.writeHead(302, { location: '/login' }).end()
}

t.test('an answer comes with the time of the server', async t => {
  const server = await startApiServer(t, (_request, response) => {
    response.writeHead(200, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }).end('{"a":1}')
  })
  const kube = await connect(t, server)
  t.same(await kube.request({ path: NODE }), { body: { a: 1 }, date: Date.UTC(2026, 0, 1) })
  t.equal(kube.server, server.url)
  t.match(server.received, [
    { method: 'GET', url: NODE, headers: { authorization: 'Bearer the-token', accept: 'application/json' } },
  ])
})

t.test('an answer without a body, and one without a time', async t => {
  const server = await startApiServer(t, (_request, response) => {
    response.sendDate = false
    response.end()
  })
  const { body, date } = await (await connect(t, server)).request({ path: NODE })
  t.equal(body, undefined)
  t.ok(Math.abs(date - Date.now()) < 60_000)
})

const SENT: { request: KubeRequest; url?: string; type?: string; body?: string }[] = [
  {
    request: { path: NODE, query: { limit: 5, watch: true, labelSelector: 'a=b', continue: undefined } },
    url: `${NODE}?limit=5&watch=true&labelSelector=a%3Db`,
  },
  { request: { path: NODE, query: { continue: undefined } }, url: NODE },
  { request: { path: NODE, method: 'POST', body: { a: 1 } }, type: 'application/json', body: '{"a":1}' },
  { request: { path: NODE, method: 'PUT', body: {} }, type: 'application/json', body: '{}' },
  { request: { path: NODE, method: 'DELETE' } },
  {
    request: { path: NODE, method: 'DELETE', body: { preconditions: {} } },
    type: 'application/json',
    body: '{"preconditions":{}}',
  },
  {
    request: { path: NODE, method: 'PATCH', patch: 'json', body: [] },
    type: 'application/json-patch+json',
    body: '[]',
  },
  {
    request: { path: NODE, method: 'PATCH', patch: 'merge', body: {} },
    type: 'application/merge-patch+json',
    body: '{}',
  },
  {
    request: { path: NODE, method: 'PATCH', patch: 'strategic', body: {} },
    type: 'application/strategic-merge-patch+json',
    body: '{}',
  },
  {
    request: { path: NODE, method: 'PATCH', patch: 'apply', body: {} },
    type: 'application/apply-patch+yaml',
    body: '{}',
  },
]
for (const { request, url = NODE, type, body = '' } of SENT)
  t.test(`sends ${JSON.stringify(request)}`, async t => {
    const server = await startApiServer(t, json({}))
    await (await connect(t, server, { userAgent: 'test' })).request(request)
    const [received] = server.received
    t.match(received, { method: request.method ?? 'GET', url, body, headers: { 'user-agent': 'test' } })
    t.equal(received?.headers['content-type'], type)
  })

const REFUSALS = [
  { status: 400, reason: 'BadRequest', code: 'KUBE_INVALID' },
  { status: 401, reason: 'Unauthorized', code: 'KUBE_CREDENTIALS_INVALID' },
  { status: 403, reason: 'Forbidden', code: 'KUBE_FORBIDDEN' },
  { status: 404, reason: 'NotFound', code: 'KUBE_NOT_FOUND' },
  { status: 409, reason: 'Conflict', code: 'KUBE_CONFLICT' },
  { status: 409, reason: 'AlreadyExists', code: 'KUBE_ALREADY_EXISTS' },
  { status: 410, reason: 'Expired', code: 'KUBE_GONE' },
  { status: 422, reason: 'Invalid', code: 'KUBE_INVALID' },
  { status: 429, reason: 'TooManyRequests', code: 'KUBE_RATE_LIMITED' },
  { status: 500, reason: 'InternalError', code: 'KUBE_SERVER_ERROR' },
  { status: 503, reason: 'ServiceUnavailable', code: 'KUBE_SERVER_ERROR' },
  { status: 504, reason: 'Timeout', code: 'KUBE_TIMEOUT' },
]
for (const { status, reason, code } of REFUSALS)
  t.test(`a refusal with ${status} ${reason} is ${code}, and not repeated`, async t => {
    const server = await startApiServer(t, json({ kind: 'Status', reason, message: 'because' }, status))
    const kube = await connect(t, server)
    await t.rejects(kube.request({ path: NODE }), {
      code,
      message: `GET ${NODE}: because`,
      fields: { status },
    })
    t.equal(server.received.length, 1)
  })

t.test('a refusal says when to come again', async t => {
  const inBody = json({ message: 'later', details: { retryAfterSeconds: 7 } }, 503)
  const kube = await connect(t, await startApiServer(t, inHeader, inBody))
  await t.rejects(kube.request({ path: NODE }), {
    code: 'KUBE_RATE_LIMITED',
    message: `GET ${NODE}: HTTP 429`,
    fields: { retryAfterMs: 30_000 },
  })
  await t.rejects(kube.request({ path: NODE }), {
    code: 'KUBE_SERVER_ERROR',
    fields: { status: 503, retryAfterMs: 7_000 },
  })
})

t.test('a long refusal is cut, an answer that is no JSON is an error of the server', async t => {
  const kube = await connect(t, await startApiServer(t, json({ message: 'x'.repeat(9_000) }, 422), text))
  const error = await kube.request({ path: NODE }).catch((caught: unknown) => caught)
  t.match(error, { code: 'KUBE_INVALID' })
  t.ok((error as Error).message.length < 600)
  await t.rejects(kube.request({ path: NODE }), { code: 'KUBE_SERVER_ERROR', message: /no JSON/ })
})

t.test('connections', async t => {
  t.test('a read whose connection is reset is repeated once', async t => {
    const server = await startApiServer(t, reset, json({ a: 1 }))
    t.match(await (await connect(t, server)).request({ path: NODE }), { body: { a: 1 } })
    t.equal(server.received.length, 2)
  })
  t.test('a read whose answer breaks off is repeated as well', async t => {
    const server = await startApiServer(t, breakOff, json({ a: 1 }))
    t.match(await (await connect(t, server)).request({ path: NODE }), { body: { a: 1 } })
  })
  t.test('but only once', async t => {
    const server = await startApiServer(t, reset)
    await t.rejects((await connect(t, server)).request({ path: NODE }), {
      code: 'KUBE_UNREACHABLE',
      message: RegExp(server.url),
    })
    t.equal(server.received.length, 2)
  })
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const)
    t.test(`a ${method} whose connection is reset is never repeated`, async t => {
      const server = await startApiServer(t, reset, json({}))
      const kube = await connect(t, server)
      await t.rejects(kube.request({ method, path: NODE, body: {} }), { code: 'KUBE_UNREACHABLE' })
      t.equal(server.received.length, 1)
    })
  t.test('a redirect is not followed', async t => {
    const server = await startApiServer(t, redirect, json({ token: 'x' }))
    const kube = await connect(t, server)
    await t.rejects(kube.request({ method: 'POST', path: NODE, body: {} }), { code: 'KUBE_UNREACHABLE' })
    t.equal(server.received.length, 1)
  })
})

t.test('nobody listens', async t => {
  const socket = createServer().listen(0, '127.0.0.1')
  await once(socket, 'listening')
  const address = socket.address()
  const port = typeof address === 'object' ? address?.port : 0
  socket.close()
  const apiServer = `https://127.0.0.1:${port}`
  const kube = createKube({ config: await loadKubeConfig({ apiServer }) })
  await t.rejects(kube.request({ path: NODE }), {
    code: 'KUBE_UNREACHABLE',
    message: RegExp(`${apiServer} cannot be reached`),
  })
})

t.test('a server with a certificate of somebody else', async t => {
  const server = await startApiServer(t, json({}))
  const { ca } = await createCertificates({ hosts: [] })
  const kube = createKube({ config: await loadKubeConfig({ apiServer: server.url, caData: ca, token: 'x' }) })
  await t.rejects(kube.request({ path: NODE }), { code: 'KUBE_UNREACHABLE', message: /certificate/ })
  t.equal(server.received.length, 0)
})

t.test('deadlines', async t => {
  t.test('of the client', async t => {
    const kube = await connect(t, await startApiServer(t, hang), { timeoutMs: 50 })
    await t.rejects(kube.request({ path: NODE }), { code: 'KUBE_TIMEOUT' })
    await t.rejects(kube.request({ method: 'POST', path: NODE, body: {} }), { code: 'KUBE_TIMEOUT' })
  })
  t.test('of the caller', async t => {
    const caller = new AbortController()
    const server = await startApiServer(t, () => caller.abort())
    const kube = await connect(t, server)
    await t.rejects(kube.request({ path: NODE, signal: caller.signal }), { code: 'KUBE_TIMEOUT' })
    t.equal(server.received.length, 1, 'a read that was given up is not repeated')
  })
  t.test('that has passed already', async t => {
    const server = await startApiServer(t, json({}))
    const kube = await connect(t, server)
    for (const method of ['GET', 'POST'] as const)
      await t.rejects(
        kube.request({
          method,
          path: NODE,
          body: method === 'POST' ? {} : undefined,
          signal: AbortSignal.abort(),
        }),
        { code: 'KUBE_TIMEOUT' },
      )
    t.equal(server.received.length, 0)
  })
})

t.test('a request that is given up at the last moment is never handed to fetch', async t => {
  const caller = new AbortController()
  const config = await loadKubeConfig({ apiServer: 'https://cluster.test' })
  config.applyToHTTPSOptions = async (options: object): Promise<void> => {
    Object.defineProperty(options, 'ca', { get: () => caller.abort() })
  }
  const kube = createKube({
    config,
    fetch: () => t.fail('fetch destroys the body, which nobody hears') as never,
  })
  const request = kube.request({ method: 'POST', path: NODE, body: {}, signal: caller.signal })
  await t.rejects(request, { code: 'KUBE_TIMEOUT' })
})

t.test('credentials that cannot be read are no fault of the network', async t => {
  const server = await startApiServer(t, json({}))
  const user = {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', 'echo no luck >&2; exit 3'],
    },
  }
  const folder = t.testdir({
    plugin: JSON.stringify(toConfig(server.url, user)),
    hanging: JSON.stringify(toConfig(server.url, { exec: { ...user.exec, args: ['-c', 'sleep 0.5'] } })),
    file: JSON.stringify(toConfig(server.url, { tokenFile: 'gone' })),
  })
  const open = async (name: string): Promise<ReturnType<typeof createKube>> =>
    createKube({
      config: await loadKubeConfig({ kubeconfig: `${folder}/${name}` }),
      ...(name === 'hanging' ? { timeoutMs: 100 } : {}),
    })
  await t.rejects((await open('plugin')).request({ path: NODE }), {
    code: 'KUBE_CREDENTIALS_INVALID',
    message: /the plugin failed/,
  })
  await t.rejects((await open('file')).request({ path: NODE }), {
    code: 'KUBE_CREDENTIALS_INVALID',
    message: /the token file \(ENOENT\)/,
  })
  await t.rejects((await open('hanging')).request({ path: NODE }), { code: 'KUBE_TIMEOUT' })
  t.equal(server.received.length, 0)
})

function toConfig(server: string, user: object): object {
  return {
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
}
