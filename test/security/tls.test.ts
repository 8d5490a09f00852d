import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { CONNECTION_LIMITS } from '../../functions/connections.ts'
import type { Webhook } from '../../functions/http.ts'
import { createServer } from '../../functions/server.ts'
import { systemClock } from '../../shared/clock.ts'
import { type Certificates, createCertificates } from '../../shared/simulator/certificates.ts'

const NOBODY: Webhook = {
  check: async () => ({ status: 401, headers: {}, body: '{}' }),
  answer: async () => ({ status: 200, headers: {}, body: '{}' }),
}

interface Listening {
  readonly server: FastifyInstance
  readonly port: number
  readonly certificates: Certificates
}

async function listen(t: Test): Promise<Listening> {
  const certificates = await createCertificates({ hosts: ['127.0.0.1'] })
  const server = createServer({
    admission: NOBODY,
    audit: NOBODY,
    ready: () => true,
    clock: systemClock,
    maxBodyBytes: 65_536,
    tls: { cert: certificates.cert, key: certificates.key },
  })
  await server.listen({ host: '0.0.0.0', port: 0 })
  t.teardown(async () => {
    server.server.closeAllConnections()
    await server.close()
  })
  return { server, port: (server.server.address() as AddressInfo).port, certificates }
}

/** What a handshake came to: protocol and cipher, or `refused`. */
function shakeHands({ port, certificates }: Listening, options: object): Promise<string> {
  return new Promise(resolve => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca: certificates.ca, ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`)
      socket.destroy()
    })
    socket.on('error', () => resolve('refused'))
  })
}

const only = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => ({
  minVersion: version,
  maxVersion: version,
})

t.test('TLS 1.2 and 1.3, with forward secrecy and authenticated ciphers alone', async t => {
  const listening = await listen(t)
  t.match(await shakeHands(listening, {}), /^TLSv1\.3 TLS_/)
  t.match(await shakeHands(listening, only('TLSv1.2')), /^TLSv1\.2 TLS_ECDHE_.*(?:GCM|POLY1305)/)
  for (const version of ['TLSv1', 'TLSv1.1'] as const)
    t.equal(
      await shakeHands(listening, { ...only(version), ciphers: 'DEFAULT:@SECLEVEL=0' }),
      'refused',
      version,
    )
  const weak = ['AES128-GCM-SHA256', 'AES256-SHA256', 'ECDHE-RSA-AES128-SHA256', 'ECDHE-ECDSA-AES128-SHA']
  for (const ciphers of weak)
    t.equal(
      await shakeHands(listening, { ...only('TLSv1.2'), ciphers: `${ciphers}:@SECLEVEL=0` }),
      'refused',
      ciphers,
    )
})

t.test('limits of connections, headers and time', async t => {
  const { server } = await listen(t)
  const { requestTimeout, headersTimeout, keepAliveTimeout } = server.server
  t.ok(CONNECTION_LIMITS.perAddress * 2 < CONNECTION_LIMITS.all, 'two addresses do not take all')
  t.ok(requestTimeout > 0 && requestTimeout <= 30_000, `a request arrives within ${requestTimeout} ms`)
  t.ok(headersTimeout > 0 && headersTimeout <= 60_000, `its head within ${headersTimeout} ms`)
  t.ok(keepAliveTimeout > 90_000 && keepAliveTimeout < 120_000)
})

t.test('tokens are compared by digests of one length, in constant time', async t => {
  const text = await readFile(new URL('../../functions/auth.ts', import.meta.url), 'utf8')
  const comparisons = [...text.matchAll(/timingSafeEqual\(/g)]
  t.equal(comparisons.length, 1, 'one place compares')
  t.match(text, /const shown = digest\(given\)/, 'a digest of what was shown')
  t.match(text, /candidates\.map\(candidate => timingSafeEqual\(shown, candidate\)\)/, 'with every candidate')
  t.notMatch(
    text,
    /(?:bearer|segment|given|token) === (?:bearer|segment|expected)/,
    'and nothing is compared as a text',
  )
})
