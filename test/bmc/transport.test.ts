import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createCounter } from '../../shared/bmc/counter.ts'
import { createTransport, type Sending, type Transport } from '../../shared/bmc/transport.ts'
import { createTurnableClock } from '../../shared/simulator/clock.ts'

interface Wire {
  readonly transport: Transport
  readonly server: Server
  readonly url: string
  /** Connections made so far, in order. */
  readonly sockets: Socket[]
  readonly counts: ReadonlyMap<string, number>
}

/** A real server and a transport that talks to it. */
async function wired(t: Test, answer: RequestListener): Promise<Wire> {
  const sockets: Socket[] = []
  const server = createServer(answer).on('connection', socket => void sockets.push(socket))
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const counter = createCounter()
  const transport = createTransport({ clock: createTurnableClock(), counter })
  t.teardown(() => {
    transport.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { transport, server, url: `http://127.0.0.1:${port}/`, sockets, counts: counter.counts }
}

const sending = (url: string, method: Sending['method'] = 'GET', rest: Partial<Sending> = {}): Sending => ({
  operation: `${method} test`,
  method,
  url,
  headers: {},
  signal: new AbortController().signal,
  timeoutMs: 10_000,
  ...rest,
})

const ok: RequestListener = (_, response) => void response.end('"ok"')

t.test('reads share a socket, everything else has one of its own', async t => {
  const { transport, url, sockets } = await wired(t, ok)
  await transport.send(sending(url))
  await transport.send(sending(url))
  t.equal(sockets.length, 1)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) await transport.send(sending(url, method))
  t.equal(sockets.length, 5)
})

t.test('a read on a kept socket that died is repeated at once on a new one', async t => {
  let deadly = false
  const { transport, url, sockets, counts } = await wired(t, (request, response) => {
    if (deadly && request.socket === sockets[0]) request.socket.resetAndDestroy()
    else response.end('"ok"')
  })
  await transport.send(sending(url))
  deadly = true
  t.match(await transport.send(sending(url)), { kind: 'answered', status: 200, text: '"ok"' })
  t.equal(sockets.length, 2)
  t.equal(counts.get('GET test'), 3)
})

t.test('but once only, and not on a socket that was new', async t => {
  const { transport, url, counts } = await wired(t, ({ socket }) => void socket.resetAndDestroy())
  t.match(await transport.send(sending(url)), { kind: 'lost', why: 'ECONNRESET' })
  t.equal(counts.get('GET test'), 1)
})

t.test('closing ends idle sockets and spares those in use', async t => {
  const asked = Promise.withResolvers<ServerResponse>()
  const { transport, url, sockets } = await wired(t, (request, response) => {
    if (request.url === '/slow') asked.resolve(response)
    else response.end('"ok"')
  })
  await transport.send(sending(url))
  const idle = sockets[0]
  const gone = new Promise(resolve => idle?.once('close', resolve))
  transport.close()
  await gone
  const slow = transport.send(sending(`${url}slow`))
  const response = await asked.promise
  transport.close()
  response.end('"slow"')
  t.match(await slow, { kind: 'answered', text: '"slow"' })
  t.match(await transport.send(sending(url)), { kind: 'answered' }, 'it can be used again')
})

t.test('a connection that does not come about is known not to have had an effect', async t => {
  const { transport, url, server } = await wired(t, ok)
  await new Promise(resolve => server.close(resolve))
  t.match(await transport.send(sending(url, 'POST')), {
    kind: 'not-sent',
    why: 'ECONNREFUSED',
    permanent: false,
  })
  t.match(await transport.send(sending('http://nowhere.invalid/', 'POST')), { kind: 'not-sent' })
})

t.test('an answer that breaks off is lost', async t => {
  const { transport, url } = await wired(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('[{"id":')
    setImmediate(() => response.socket?.resetAndDestroy())
  })
  t.match(await transport.send(sending(url, 'POST')), { kind: 'lost' })
  t.match(await transport.send(sending(url)), { kind: 'lost' })
})

t.test('a certificate that is not trusted is a permanent failure before sending', async t => {
  const counter = createCounter()
  const clock = createTurnableClock()
  for (const code of ['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']) {
    const fetch = async () => Promise.reject(Object.assign(new Error('tls'), { code }))
    const transport = createTransport({ clock, counter, fetch })
    t.match(await transport.send(sending('https://api.test/')), {
      kind: 'not-sent',
      why: code,
      permanent: true,
    })
  }
})

t.test('no redirect is followed: it would carry the token elsewhere', async t => {
  const { transport, url, counts } = await wired(t, (_, response) => {
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  t.match(await transport.send(sending(url)), { kind: 'answered', status: 302 })
  t.equal(counts.get('GET test'), 1)
})

t.test('a body beyond all measure is not read', async t => {
  const { url } = await wired(t, (_, response) => void response.end('x'.repeat(2000)))
  const options = { clock: createTurnableClock(), counter: createCounter() }
  const transport = createTransport({ ...options, maxBodyBytes: 1000 })
  t.strictSame(await transport.send(sending(url)), { kind: 'unreadable', why: 'the body is too long' })
})

t.test('headers that matter are read and sent', async t => {
  let agent: string | undefined
  const { transport, url } = await wired(t, (request, response) => {
    agent = request.headers['user-agent']
    response.writeHead(429, { 'retry-after': '3', 'www-authenticate': 'Bearer' }).end()
  })
  t.match(await transport.send(sending(url)), {
    kind: 'answered',
    status: 429,
    text: '',
    retryAfterMs: 3000,
    challenge: 'Bearer',
  })
  t.equal(agent, 'cloud-provider-phoenixnap')
})

t.test('a request that was aborted before it left is not sent', async t => {
  const { transport, url, counts } = await wired(t, ok)
  const aborted = sending(url, 'POST', { signal: AbortSignal.abort() })
  t.strictSame(await transport.send(aborted), { kind: 'aborted', sent: false })
  const caller = new AbortController()
  const going = transport.send(sending(url, 'POST', { signal: caller.signal }))
  caller.abort()
  t.strictSame(await going, { kind: 'aborted', sent: false })
  await new Promise(resolve => setImmediate(resolve))
  t.equal(counts.get('POST test'), undefined)
})
