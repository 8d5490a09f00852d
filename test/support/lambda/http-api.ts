import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { KeyPair } from '../../../shared/simulator/certificates.ts'
import type { LambdaFunction } from './functions.ts'
import { toHttpAnswer, toHttpEvent } from './http-event.ts'
import { MAX_PAYLOAD_BYTES } from './runtime-api.ts'
import type { RouteConfig } from './template.ts'

/** An HTTP API of API Gateway (payload format 2.0) in front of the functions. */
export interface HttpApi {
  readonly url: string
  close(): void
}

export interface HttpApiOptions {
  readonly routes: readonly RouteConfig[]
  readonly find: (functionName: string) => LambdaFunction | undefined
  readonly certificate: KeyPair
  /** What an integration may take at most; 30 s at AWS. */
  readonly timeoutMs?: number
}

const INTEGRATION_MS = 30_000
const MAX_BODY_BYTES = 10 * 1024 * 1024

export async function startHttpApi(options: HttpApiOptions): Promise<HttpApi> {
  const { routes, find, certificate, timeoutMs = INTEGRATION_MS } = options

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1)
    const found = matchRoute(routes, request.method ?? '', path)
    const target = found && find(found.route.functionName)
    if (!target) return answer(response, 404, 'Not Found')
    const body = await readLimited(request)
    if (!body) return answer(response, 413, 'Request Too Long')
    const { route, parameters } = found
    const event = JSON.stringify(toHttpEvent(request, { body, route, parameters, requestId: randomUUID() }))
    if (Buffer.byteLength(event) > MAX_PAYLOAD_BYTES) return answer(response, 413, 'Request Too Long')
    const timer = setTimeout(() => answer(response, 503, 'Service Unavailable'), timeoutMs)
    const record = await target.invoke(event)
    clearTimeout(timer)
    if (response.headersSent) return
    const result = record.isError ? undefined : toHttpAnswer(record.body)
    if (!result) return answer(response, 500, 'Internal Server Error')
    response.writeHead(result.status, result.headers).end(result.body)
  }

  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }))
}

interface Match {
  readonly route: RouteConfig
  readonly parameters: Readonly<Record<string, string>>
}

function matchRoute(routes: readonly RouteConfig[], method: string, path: string): Match | undefined {
  for (const route of routes) {
    const [wanted, parts] = [route.path.split('/'), path.split('/')]
    if (route.method !== method || wanted.length !== parts.length) continue
    const pairs = wanted.map(
      (part, index) => [/^\{(\w+)\}$/.exec(part)?.[1], part, parts[index] ?? ''] as const,
    )
    if (!pairs.every(([name, part, given]) => (name === undefined ? part === given : given !== ''))) continue
    const parameters = pairs.flatMap(([name, , given]) => (name === undefined ? [] : [[name, given]]))
    return { route, parameters: Object.fromEntries(parameters) }
  }
  return undefined
}

/** @returns undefined for a body that API Gateway would not take */
async function readLimited(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk as Buffer)
  }
  return size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks)
}
