import * as http from 'node:http'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** What a front saw of one request, its authorization aside. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly body: string
  readonly headers: string
}

/** Something before an API that passes requests on, or answers them itself and repeats in its answer what it was sent. */
export interface Front {
  readonly url: string
  readonly seen: SeenRequest[]
  /** Bearer tokens that came by. */
  readonly tokens: Set<string>
  /** Status with which matching requests are answered instead of being passed on. */
  trouble: { readonly status: number; readonly match: RegExp } | undefined
}

/** Headers and body as they came and as somebody would encode them, so long that a limit cuts a secret in the middle. */
function toEcho(said: string): string {
  const bytes = Buffer.from(said)
  const encoded = [bytes.toString('base64'), bytes.toString('hex'), encodeURIComponent(said)]
  return [said, ...encoded, ...[430, 470, 480, 490].map(length => `${'x'.repeat(length)}${said}`)].join(' ')
}

/** @param ca of the target, where it speaks TLS */
export async function startFront(t: Test, target: string, ca?: string): Promise<Front> {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    tokens: new Set(),
    trouble: undefined,
  }
  let turn = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request
    const body = await readAll(request)
    const { authorization = '', ...others } = request.headers
    const token = authorization.replace(/^Bearer +/, '')
    if (token !== '') front.tokens.add(token)
    front.seen.push({ method, url, body, headers: JSON.stringify(others) })
    const { trouble } = front
    if (trouble?.match.test(`${method} ${url}`)) {
      const echo = toEcho(`${token} ${body.slice(0, 600)}`)
      // In turns, as far as a limit of the reader goes: as it came first, encoded first, cut first.
      const parts = echo.split(' ')
      const place = (turn++ * 3) % parts.length
      const message = [...parts.slice(place), ...parts.slice(0, place)].join(' ')
      const said = { kind: 'Status', message, error: message, error_description: message, reason: 'Echo' }
      response
        .writeHead(trouble.status, { 'content-type': 'application/json', 'x-echo': token })
        .end(JSON.stringify(said))
      return
    }
    const send = target.startsWith('https:') ? https.request : http.request
    const options = {
      method,
      headers: { ...request.headers, host: new URL(target).host },
      ...(ca ? { ca } : {}),
    }
    send(target + url, options, upstream => {
      response.writeHead(upstream.statusCode ?? 500, upstream.headers)
      upstream.pipe(response)
    })
      .on('error', () => response.destroy())
      .end(body)
  }
  return front
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
