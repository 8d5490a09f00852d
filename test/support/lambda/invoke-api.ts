import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventQueue } from './events.ts'
import type { LambdaFunction } from './functions.ts'
import { MAX_PAYLOAD_BYTES, readBody } from './runtime-api.ts'

/** The endpoint of AWS Lambda that functions invoke each other through. */
export interface InvokeApi {
  readonly url: string
  close(): void
}

/** Of an asynchronous invocation, in the smaller regions. */
const MAX_EVENT_BYTES = 256 * 1024
const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/

export async function startInvokeApi(
  find: (functionName: string) => LambdaFunction | undefined,
  events: EventQueue,
): Promise<InvokeApi> {
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readBody(request)) || '{}'
    const name = decodeURIComponent(INVOKE.exec(request.url ?? '')?.[1] ?? '')
    const target = find(name)
    const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse'
    const [isEvent, size] = [type === 'Event', Buffer.byteLength(body)]
    if (request.method !== 'POST' || !target)
      return refuse(response, 404, 'ResourceNotFoundException', `Function not found: ${name}`)
    if (!request.headers.authorization)
      return refuse(response, 403, 'MissingAuthenticationTokenException', 'Missing Authentication Token')
    if (size > (isEvent ? MAX_EVENT_BYTES : MAX_PAYLOAD_BYTES))
      return refuse(response, 413, 'RequestTooLargeException', `${size} byte payload is too large`)
    if (!isJson(body))
      return refuse(response, 400, 'InvalidRequestContentException', 'the payload is no JSON')
    if (isEvent) {
      const requestId = events.add(target, body)
      response.writeHead(202, { 'x-amzn-requestid': requestId }).end()
      return
    }
    const { isError, body: answer, requestId } = await target.invoke(body)
    const headers = { 'x-amzn-requestid': requestId, 'x-amz-executed-version': '$LATEST' }
    const failed = isError ? { 'x-amz-function-error': 'Unhandled' } : {}
    response.writeHead(200, { 'content-type': 'application/json', ...headers, ...failed }).end(answer)
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
  response.end(JSON.stringify({ Type: 'User', message }))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
