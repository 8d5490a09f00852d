import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A span as a collector understood it. */
export interface TakenSpan {
  readonly name: string
  /** As in OTLP: 1 internal, 2 server, 3 client. */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly links: readonly string[]
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** Of what sent it. */
  readonly resource: Readonly<Record<string, string | number | boolean>>
}

/** A collector of OTLP over HTTP; it keeps what comes as JSON, and of other batches their type and length. */
export interface Collector {
  readonly url: string
  /** True: what comes is left without an answer. */
  hangs: boolean
  /** Requests that were answered. */
  answered(): number
  /** Connections that are open. */
  open(): number
  /** What it answers with. */
  status: number
  readonly spans: TakenSpan[]
  readonly requests: {
    readonly path: string
    readonly type: string
    readonly text: string
    readonly authorization: string
  }[]
}

/** Ends with the test. */
export async function startCollector(t: Test): Promise<Collector> {
  const taken: Pick<Collector, 'spans' | 'requests'> = { spans: [], requests: [] }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('latin1')
      const { 'content-type': type = '', authorization = '' } = request.headers
      taken.requests.push({ path: request.url ?? '', type, text, authorization })
      if (collector.hangs) return
      if (type === 'application/json')
        taken.spans.push(...readSpans(JSON.parse(Buffer.concat(chunks).toString())))
      answered += 1
      response
        .writeHead(collector.status, { 'content-type': type })
        .end(collector.status === 200 ? (type === 'application/json' ? '{}' : '') : authorization)
    })
  })
  let answered = 0
  const sockets = new Set<unknown>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const collector: Collector = {
    url: `http://127.0.0.1:${port}`,
    hangs: false,
    status: 200,
    open: () => sockets.size,
    answered: () => answered,
    ...taken,
  }
  return collector
}

interface Pair {
  readonly key: string
  readonly value: {
    stringValue?: string
    intValue?: number | string
    boolValue?: boolean
    doubleValue?: number
  }
}

interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] }
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
  }[]
}

interface OtlpSpan extends Pick<TakenSpan, 'name' | 'kind' | 'traceId' | 'spanId' | 'parentSpanId'> {
  readonly attributes: readonly Pair[]
  readonly links?: readonly { readonly spanId: string }[]
  readonly status?: { readonly code?: number }
}

/** ExportTraceServiceRequest in JSON (opentelemetry-proto, trace/v1). */
const readSpans = ({ resourceSpans }: Traces): TakenSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(span => ({
        ...span,
        links: (span.links ?? []).map(({ spanId }) => spanId),
        failed: span.status?.code === 2,
        attributes: toRecord(span.attributes),
        resource: toRecord(resource.attributes),
      })),
    ),
  )

const toRecord = (pairs: readonly Pair[]): TakenSpan['attributes'] =>
  Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
    ]),
  )
