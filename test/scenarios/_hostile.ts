import { once } from 'node:events'
import * as https from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import type { Served } from '../support/served.ts'

/** A request as somebody makes it who is not the API server. */
export interface HostileCall {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HostileAnswer {
  readonly status: number
  readonly text: string
  readonly allow: string | undefined
}

type Target = Pick<Served, 'url' | 'ca'>

/** One request on a connection of its own. */
export function call({ url, ca }: Target, { method = 'POST', path, headers = {}, body = '' }: HostileCall) {
  return new Promise<HostileAnswer>((resolve, reject) => {
    const request = https.request(url + path, { method, ca, agent: false, headers }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, allow: response.headers.allow }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Opens a connection and says something that need not be HTTP. */
export async function say({ url, ca }: Target, text: string): Promise<TLSSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect({
    host: hostname,
    port: Number(port),
    ca,
    servername: 'localhost',
    checkServerIdentity: () => undefined,
  })
  // Whoever hangs up in the middle is not told how it ended.
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  socket.write(text)
  return socket
}
