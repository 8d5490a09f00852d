import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One event for one sandbox. */
export interface Invocation {
  readonly requestId: string
  readonly payload: string
  /** Milliseconds since 1970. */
  readonly deadline: number
  readonly arn: string
}

/** What a runtime answered. */
export type RuntimeAnswer =
  | { readonly kind: 'response'; readonly body: string; readonly leftovers: readonly string[] }
  | { readonly kind: 'error'; readonly body: string; readonly leftovers: readonly string[] }

/** The Runtime API of one sandbox, as its runtime sees it at 127.0.0.1:9001. */
export interface RuntimeApi {
  /** `host:port`. */
  readonly address: string
  /** Resolves when the runtime asks for its next event; rejects when it could not even begin. */
  ready(): Promise<void>
  /** Hands over an event. Only when it is ready. */
  hand(invocation: Invocation): Promise<RuntimeAnswer>
  close(): void
}

/** An answer above it is refused by Lambda, as is an event. */
export const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
const ANSWERED = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/

export async function startRuntimeApi(): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined
  let asked = Promise.withResolvers<void>()
  let current: { readonly requestId: string; answer(answer: RuntimeAnswer): void } | undefined
  asked.promise.catch(() => {})

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request
    const body = await readBody(request)
    const [, requestId, kind] = ANSWERED.exec(url) ?? []
    if (method === 'GET' && url === '/2018-06-01/runtime/invocation/next') {
      waiting = response
      asked.resolve()
    } else if (method === 'POST' && url === '/2018-06-01/runtime/init/error') {
      asked.reject(new Error(body))
      accept(response)
    } else if (method === 'POST' && current && current.requestId === requestId) {
      const text = request.headers['emulator-leftovers']
      const leftovers = typeof text === 'string' && text !== '' ? text.split(',') : []
      current.answer(toAnswer(kind === 'response' ? 'response' : 'error', body, leftovers))
      current = undefined
      accept(response)
    } else {
      response.writeHead(403, { 'content-type': 'application/json' })
      response.end('{"errorType":"InvalidRequestID","errorMessage":"no such invocation"}')
    }
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: () => asked.promise,
    hand({ requestId, payload, deadline, arn }) {
      const next = waiting
      if (!next) throw new Error('the runtime has not asked for an event')
      waiting = undefined
      asked = Promise.withResolvers<void>()
      asked.promise.catch(() => {})
      const { promise, resolve } = Promise.withResolvers<RuntimeAnswer>()
      current = { requestId, answer: resolve }
      next.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': requestId,
        'lambda-runtime-deadline-ms': String(deadline),
        'lambda-runtime-invoked-function-arn': arn,
        'lambda-runtime-trace-id': `Root=1-${requestId};Sampled=0`,
      })
      next.end(payload)
      return promise
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function toAnswer(kind: RuntimeAnswer['kind'], body: string, leftovers: readonly string[]): RuntimeAnswer {
  if (kind === 'error' || Buffer.byteLength(body) <= MAX_PAYLOAD_BYTES) return { kind, body, leftovers }
  const error = { errorType: 'Function.ResponseSizeTooLarge', errorMessage: 'the answer is above 6 MB' }
  return { kind: 'error', body: JSON.stringify(error), leftovers }
}

const accept = (response: ServerResponse): void => void response.writeHead(202).end('{"status":"OK"}')

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
