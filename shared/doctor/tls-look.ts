import { isIP } from 'node:net'
import type { LookAtTls, TlsFacts } from './facts.ts'

/** A handshake that takes longer is none that an API server would wait for. */
const TIMEOUT_MS = 10_000

/** The certificate of a server, trusted or not. Nothing is sent but the handshake. */
export const lookAtTls: LookAtTls = async ({ host, port, ca, signal }) => {
  const { connect } = await import('node:tls')
  const { promise, resolve, reject } = Promise.withResolvers<TlsFacts>()
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket = connect(
    { host, port, ...servername, ...(ca ? { ca } : {}), rejectUnauthorized: false },
    () => {
      const { valid_to: validTo } = socket.getPeerCertificate()
      const distrust = socket.authorized ? undefined : String(socket.authorizationError)
      resolve({ distrust, validTo: Date.parse(validTo) })
    },
  )
  const ended = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  const onEnd = (): void => reject(new Error('no answer in time'))
  ended.addEventListener('abort', onEnd)
  socket.on('error', reject)
  try {
    return await promise
  } finally {
    ended.removeEventListener('abort', onEnd)
    socket.destroy()
  }
}
