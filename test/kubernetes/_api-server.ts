import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { createKube, type Kube, type KubeOptions } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import { type Certificates, createCertificates } from '../../shared/simulator/certificates.ts'

/** One request as it came. */
export interface Received {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Number of the connection, from 1. */
  readonly connection: number
  /** Common name of the client's certificate; undefined without one. */
  readonly client: string | undefined
}

export type Answer = (request: Received, response: ServerResponse, socket: Socket) => void

/** An https server that answers as a test says. */
export interface ApiServer {
  readonly url: string
  readonly certificates: Certificates
  readonly received: readonly Received[]
  /** Connections that are open now. */
  connections(): number
}

export const json =
  (body: unknown, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

/** Closes the connection without an answer. */
export const reset: Answer = (_request, _response, socket) => {
  socket.destroy()
}

/** Answers the first request with the first answer, and so on; the last one answers all that follow. */
export async function startApiServer(t: Test, ...answers: readonly Answer[]): Promise<ApiServer> {
  const certificates = await createCertificates({ hosts: ['127.0.0.1'], clientNames: ['one', 'two'] })
  const received: Received[] = []
  const sockets = new Map<Socket, number>()
  let opened = 0

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const socket = request.socket as TLSSocket
    const { method = '', url = '', headers } = request
    const client: unknown = socket.getPeerCertificate().subject?.CN
    const one = {
      method,
      url,
      headers,
      body,
      connection: sockets.get(socket) ?? 0,
      client: typeof client === 'string' ? client : undefined,
    }
    received.push(one)
    answers[Math.min(received.length, answers.length) - 1]?.(one, response, socket)
  }

  const server = createServer(
    { ...certificates, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      handle(request, response).catch(() => response.destroy())
    },
  )
  server.on('secureConnection', (socket: TLSSocket) => {
    opened += 1
    sockets.set(socket, opened)
    socket.once('close', () => sockets.delete(socket))
  })
  // An idle connection ends only when the client closes it.
  server.keepAliveTimeout = 0
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificates,
    received,
    connections: () => sockets.size,
  }
}

/** A client of it with a token. */
export async function connect(t: Test, server: ApiServer, options: Partial<KubeOptions> = {}): Promise<Kube> {
  const config = await loadKubeConfig({
    apiServer: server.url,
    caData: server.certificates.ca,
    token: 'the-token',
  })
  const kube = createKube({ config, ...options })
  t.teardown(() => kube.close())
  return kube
}
