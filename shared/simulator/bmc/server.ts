import { randomUUID } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { type Clock, systemClock } from '../../clock.ts'
import { type Log, silentLog } from '../../log.ts'
import { type Backend, createBackend } from './backend.ts'
import { createFaultInjector, type FaultInjector, type Faults } from './faults.ts'
import { addRoutes, TOKEN_PATH } from './http.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import { allRoutes } from './routes.ts'
import { DEFAULT_SETTINGS, type Settings } from './settings.ts'
import { createWorld } from './store.ts'
import { createTokenIssuer } from './token.ts'

/** A BMC API in memory, answering over HTTP on the loopback interface. */
export interface BmcSimulator {
  /** Base URL; the APIs lie under it as in the cloud: /bmc/v1, /ips/v1, /networks/v1, /tag-manager/v1, /billing/v1. */
  readonly url: string
  readonly tokenUrl: string
  /** The store, seen as the account of the default credentials. */
  readonly backend: Backend
  readonly faults: Faults
  readonly requests: RequestLog
  /** Resets every connection and stops listening. */
  close(): Promise<void>
}

/** Settings have their defaults in DEFAULT_SETTINGS. */
export interface BmcSimulatorOptions extends Partial<Settings> {
  readonly clock?: Clock
  /** By which its work gets on; `clock` by default, which may also tell a wrong time. */
  readonly steady?: Clock
  /** 0, the default: any free one. */
  readonly port?: number
  /** 127.0.0.1 by default. */
  readonly host?: string
  readonly clientId?: string
  readonly clientSecret?: string
  /** Account of the default credentials. */
  readonly accountId?: string
  readonly log?: Log
  readonly newToken?: () => string
}

export const DEFAULT_CLIENT_ID = 'sim-client'
export const DEFAULT_CLIENT_SECRET = 'sim-secret'

/** Starts a simulator; it is ready when the promise resolves, and must be closed. */
export async function startBmcSimulator(options: BmcSimulatorOptions = {}): Promise<BmcSimulator> {
  const { app, toSimulator } = assemble(options)
  return toSimulator(await listen(app, options.host ?? '127.0.0.1', options.port ?? 0))
}

/** The same without a socket: requests are handed over within the process. */
export interface EmbeddedBmc extends BmcSimulator {
  readonly inject: FastifyInstance['inject']
}

/** @param url where clients believe it to be */
export function embedBmcSimulator(url: string, options: BmcSimulatorOptions = {}): EmbeddedBmc {
  const { app, toSimulator } = assemble(options)
  return { ...toSimulator(url), inject: app.inject.bind(app) }
}

interface Assembled {
  readonly app: FastifyInstance
  readonly toSimulator: (url: string) => BmcSimulator
}

/** Everything but the socket. */
function assemble(options: BmcSimulatorOptions): Assembled {
  const { clock = systemClock, steady = clock, log = silentLog, newToken = randomUUID } = options
  const settings: Settings = { ...DEFAULT_SETTINGS, ...options }
  const world = createWorld(clock, settings, steady)
  const issuer = createTokenIssuer({ clock, lifetimeMs: settings.tokenLifetimeMs, newToken })
  const requests = createRequestLog()
  const closing = new AbortController()
  const app = fastify({
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  })
  const sockets = new Set<Socket>()
  const injector = createFaultInjector(world, () => {
    for (const socket of sockets) socket.resetAndDestroy()
  })
  trackConnections(app, sockets, injector)
  const routes = allRoutes(injector.cut)
  addRoutes(app, { world, clock, log, issuer, injector, requests, routes, closing: closing.signal })
  const backend = createBackend(world, issuer, options.accountId ?? 'sim-account')
  backend.setCredentials(options.clientId ?? DEFAULT_CLIENT_ID, options.clientSecret ?? DEFAULT_CLIENT_SECRET)
  const toSimulator = (url: string): BmcSimulator => ({
    url,
    tokenUrl: url + TOKEN_PATH,
    backend,
    faults: injector.faults,
    requests: requests.log,
    close: async () => {
      closing.abort(new Error('the BMC simulator is closing'))
      for (const socket of sockets) socket.destroy()
      await app.close()
    },
  })
  return { app, toSimulator }
}

/** Knows every open connection, and takes none while the simulator is down. */
function trackConnections(app: FastifyInstance, sockets: Set<Socket>, injector: FaultInjector): void {
  app.server.on('connection', (socket: Socket) => {
    if (injector.isDown()) {
      injector.countRefused()
      socket.resetAndDestroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  await app.listen({ host, port })
  const { port: bound } = app.server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
}
