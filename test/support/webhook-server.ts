import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { createCertificates } from '../../shared/simulator/certificates.ts'

/** A request that came, whole. */
export interface HookCall {
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** What to answer: JSON, a status with a text, or nothing at all until the test ends. */
export type HookReply =
  | { readonly json: unknown }
  | { readonly status: number; readonly text: string }
  | 'hang'

/** A server for webhook calls on https://127.0.0.1, with an authority of its own. */
export interface WebhookServer {
  readonly url: string
  readonly hostPort: string
  /** PEM. */
  readonly ca: string
  /** Sets who answers calls of that path (without its query); 404 where nobody does. */
  on(path: string, answer: (call: HookCall) => HookReply): void
  /** Calls of that path so far, in order. */
  calls(path: string): readonly HookCall[]
}

/** Ends with the test. */
export async function startWebhookServer(t: Test): Promise<WebhookServer> {
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const handlers = new Map<string, (call: HookCall) => HookReply>()
  const calls: HookCall[] = []

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk)
    const call = { path: request.url ?? '', headers: request.headers, body: JSON.parse(text) as unknown }
    calls.push(call)
    const reply = handlers.get(toPath(call))?.(call) ?? { status: 404, text: 'nobody is here' }
    if (reply === 'hang') return
    if ('json' in reply)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(reply.json))
    else response.writeHead(reply.status).end(reply.text)
  }

  const server = createServer({ cert, key }, (request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const hostPort = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `https://${hostPort}`,
    hostPort,
    ca,
    on: (path, answer) => void handlers.set(path, answer),
    calls: path => calls.filter(call => toPath(call) === path),
  }
}

const toPath = (call: HookCall): string => call.path.split('?')[0] ?? ''
