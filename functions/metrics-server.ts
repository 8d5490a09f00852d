import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../shared/clock.ts'
import { CcmError } from '../shared/errors.ts'
import { TEXT_TYPE } from '../shared/metrics/exposition.ts'
import type { ListenAddress } from '../shared/setting-parsers.ts'

export interface MetricsServer {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

export interface MetricsServerParts {
  readonly listen: ListenAddress
  /** All metrics in Prometheus's text format. */
  readonly read: () => string
  readonly clock: Clock
}

/** Two Prometheus servers with a connection each are usual; nobody else has anything to ask. */
const MAX_CONNECTIONS = 32
const REQUEST_TIMEOUT_MS = 10_000
/** Above the usual interval of scrapes, so that each finds its connection. */
const KEEP_ALIVE_MS = 95_000
/** Whoever asks more often is told the same, and costs reviews nothing. */
const FRESH_MS = 1000

/**
 * Tells metrics on an address of their own, to everybody who reaches it: a scraper is given no token with which webhooks
 * could be called, and its requests take no connection from them.
 *
 * @throws CcmError CCM_CONFIG_INVALID when the address cannot be listened on
 */
export async function startMetricsServer({
  listen,
  read,
  clock,
}: MetricsServerParts): Promise<MetricsServer> {
  const latest = createLatest(read, clock)
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS })
  server.maxConnections = MAX_CONNECTIONS
  server.on('request', ({ method, url = '' }, response) => {
    const [path] = url.split('?', 1)
    if (path !== '/metrics') response.writeHead(404).end()
    else if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end()
    else response.writeHead(200, { 'content-type': TEXT_TYPE }).end(method === 'GET' ? latest() : '')
  })
  await listening(server, listen)
  const { port } = server.address() as AddressInfo
  return {
    host: listen.host,
    port,
    async close() {
      const closed = new Promise(resolve => void server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function createLatest(read: () => string, clock: Clock): () => string {
  let text = ''
  let until = Number.NEGATIVE_INFINITY
  return () => {
    const now = clock.now()
    // A clock that was set back makes nothing last.
    if (now < until && now >= until - FRESH_MS) return text
    text = read()
    until = now + FRESH_MS
    return text
  }
}

async function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (cause: Error & { readonly code?: string }) => {
    const why = cause.code ?? 'unknown reason'
    reject(
      new CcmError('CCM_CONFIG_INVALID', `settings: PNAP_METRICS_LISTEN: cannot listen there (${why})`, {
        cause,
      }),
    )
  })
  server.listen({ host, port }, resolve)
  await promise
}
