import { X509Certificate } from 'node:crypto'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { type Certificates, createCertificates, type KeyPair } from '../../shared/simulator/certificates.ts'

t.test('a server is trusted by its authority under every host', async t => {
  const { ca, cert } = await createCertificates({ hosts: ['localhost', '127.0.0.1', '::1', 'kube.test'] })
  const server = new X509Certificate(cert)
  t.ok(server.verify(new X509Certificate(ca).publicKey))
  t.ok(server.checkIP('127.0.0.1'))
  t.ok(server.checkIP('::1'))
  t.ok(server.checkHost('kube.test'))
  t.equal(server.checkHost('other.test'), undefined)
  t.equal(new X509Certificate(ca).ca, true)
  t.equal(server.ca, false)
})

t.test('it is valid around the given time', async t => {
  const now = Date.UTC(2026, 0, 1)
  const { ca, cert } = await createCertificates({ hosts: ['localhost'], now })
  for (const pem of [ca, cert]) {
    const { validFromDate, validToDate } = new X509Certificate(pem)
    t.ok(validFromDate.getTime() < now && now + 300 * 86_400_000 < validToDate.getTime())
  }
})

t.test('a TLS server knows a client by its certificate', async t => {
  const certificates = await createCertificates({
    hosts: ['127.0.0.1'],
    clientNames: ['system:node:node-a'],
  })
  const port = await serve(t, certificates)
  t.equal(
    await whoAmI(port, certificates.ca, certificates.clients['system:node:node-a']),
    'system:node:node-a',
  )
  const stranger = await createCertificates({ hosts: [], clientNames: ['system:node:node-a'] })
  t.equal(await whoAmI(port, certificates.ca, stranger.clients['system:node:node-a']), 'nobody')
  await t.rejects(whoAmI(port, stranger.ca), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
})

async function serve(t: Test, { ca, cert, key }: Certificates): Promise<number> {
  const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: false }, (req, res) => {
    const socket = req.socket as TLSSocket
    res.end(socket.authorized ? socket.getPeerCertificate().subject.CN : 'nobody')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

function whoAmI(port: number, ca: string, client?: KeyPair): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, ca, ...client, agent: false }, response => {
      response.setEncoding('utf8').on('data', resolve)
    })
    call.on('error', reject).end()
  })
}
