import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import type { ConnectionLimits } from '../../functions/connections.ts'
import type { Webhook } from '../../functions/http.ts'
import { createServer, type TlsFiles } from '../../functions/server.ts'
import { systemClock } from '../../shared/clock.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'

/** Lets everybody in who shows anything at all. */
const WEBHOOK: Webhook = {
  check: async ({ headers }) =>
    headers['authorization'] ? undefined : { status: 401, headers: {}, body: '{}' },
  answer: async () => ({ status: 200, headers: {}, body: '{}' }),
}

async function listen(t: Test, connections: ConnectionLimits, tls?: TlsFiles): Promise<number> {
  const server = createServer({
    admission: WEBHOOK,
    audit: WEBHOOK,
    ready: () => true,
    clock: systemClock,
    maxBodyBytes: 65_536,
    connections,
    tls,
  })
  await server.listen({ host: '0.0.0.0', port: 0 })
  t.teardown(async () => {
    server.server.closeAllConnections()
    await server.close()
  })
  return (server.server.address() as AddressInfo).port
}

type Way = 'health' | 'token' | 'no token'

const REQUESTS: Readonly<Record<Way, string>> = {
  health: 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n',
  token: 'POST /admission HTTP/1.1\r\nhost: a\r\nauthorization: Bearer x\r\ncontent-length: 0\r\n\r\n',
  'no token': 'POST /admission HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n',
}

/** Status, and what becomes of the connection; `closed` without an answer. */
function ask(socket: Socket, way: Way): Promise<string> {
  return new Promise(resolve => {
    const onClose = (): void => resolve('closed')
    socket.once('close', onClose)
    socket.once('data', chunk => {
      socket.off('close', onClose)
      resolve(toOutcome(String(chunk)))
    })
    if (socket.destroyed) resolve('closed')
    else socket.write(REQUESTS[way])
  })
}

const toOutcome = (answer: string): string =>
  `${/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]} ${/connection: (\S+)/i.exec(answer)?.[1]}`

const quiet = (socket: Socket): Socket => socket.on('error', () => {})

/** The server takes connections in the order in which they are made. */
function open(port: number, localAddress: string): Promise<Socket> {
  return new Promise(resolve => {
    const socket = quiet(connect({ host: '127.0.0.1', port, localAddress }))
    socket.once('connect', () => resolve(socket)).once('close', () => resolve(socket))
  })
}

async function openAll(port: number, addresses: readonly string[]): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (const address of addresses) sockets.push(await open(port, address))
  return sockets
}

const askAll = async (sockets: readonly Socket[], way: Way): Promise<string[]> =>
  Promise.all(sockets.map(socket => ask(socket, way)))

const [A, B, C] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'] as const
const KEPT = '200 keep-alive'
const [SERVED_ONCE, REFUSED] = ['200 close', '401 close']

t.test('who has shown no token is answered once on a connection, who has is kept', async t => {
  const port = await listen(t, { all: 10, perAddress: 10 })
  const [stranger, caller, wrong] = (await openAll(port, [A, B, C])) as [Socket, Socket, Socket]
  t.equal(await ask(stranger, 'health'), SERVED_ONCE)
  t.equal(await ask(wrong, 'no token'), REFUSED)
  t.equal(await ask(caller, 'token'), KEPT)
  t.equal(await ask(caller, 'health'), KEPT)
})

t.test('connections held without a token lock nobody out, from however many addresses', async t => {
  const port = await listen(t, { all: 4, perAddress: 2 })
  const held = await openAll(port, [A, A, B, B])
  const [caller] = (await openAll(port, [C])) as [Socket]
  t.equal(await ask(caller, 'token'), KEPT)
  t.equal(await ask(held[0] as Socket, 'token'), 'closed', 'the oldest one made room')
  t.strictSame(await askAll(held.slice(1), 'token'), [KEPT, KEPT, KEPT])
})

t.test('one address has its share, and the oldest of its strangers goes first', async t => {
  const port = await listen(t, { all: 10, perAddress: 3 })
  const [other] = (await openAll(port, [B])) as [Socket]
  const held = await openAll(port, [A, A, A, A])
  t.strictSame(await askAll(held, 'token'), ['closed', KEPT, KEPT, KEPT])
  t.equal(await ask(other, 'token'), KEPT, 'nobody else pays for it')
})

t.test('who has shown a token is never closed for others', async t => {
  const port = await listen(t, { all: 3, perAddress: 2 })
  const callers = await openAll(port, [A, A, B])
  t.strictSame(await askAll(callers, 'token'), [KEPT, KEPT, KEPT])
  t.strictSame(await askAll(await openAll(port, [A, B, C]), 'health'), ['closed', 'closed', 'closed'])
  t.strictSame(await askAll(callers, 'token'), [KEPT, KEPT, KEPT])
  callers[0]?.destroy()
  await new Promise(resolve => callers[0]?.once('close', resolve))
  // The server hears of it a moment later.
  let outcome = 'closed'
  for (let tries = 0; outcome === 'closed' && tries < 100; tries++)
    outcome = await ask(await open(port, C), 'token')
  t.equal(outcome, KEPT, 'what was given back counts no more')
})

t.test('over TLS as well', async t => {
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const port = await listen(t, { all: 2, perAddress: 2 }, { cert, key })
  const openTls = (localAddress: string): Promise<Socket> =>
    new Promise(resolve => {
      const path = { host: '127.0.0.1', port, localAddress }
      const socket = quiet(connectTls({ ...path, ca }, () => resolve(socket)))
    })
  const caller = await openTls(A)
  t.equal(await ask(caller, 'token'), KEPT)
  const stranger = await openTls(B)
  t.equal(await ask(await openTls(C), 'health'), SERVED_ONCE)
  t.equal(await ask(stranger, 'health'), 'closed')
  t.equal(await ask(caller, 'token'), KEPT)
})
