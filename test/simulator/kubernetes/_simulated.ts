import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { createCertificates } from '../../../shared/simulator/certificates.ts'
import { createTurnableClock, type TurnableClock } from '../../../shared/simulator/clock.ts'
import {
  type KubernetesSimulator,
  type KubernetesSimulatorOptions,
  startKubernetesSimulator,
} from '../../../shared/simulator/kubernetes/server.ts'
import { type Api, createApi } from '../../support/api.ts'

/** A simulator on a clock that stands still, and its clients; all end with the test. */
export interface Simulated {
  readonly simulator: KubernetesSimulator
  readonly clock: TurnableClock
  /** `admin` by default. */
  readonly api: (user?: string) => Api
}

export async function simulate(t: Test, options: KubernetesSimulatorOptions = {}): Promise<Simulated> {
  const clock = createTurnableClock()
  const simulator = await startKubernetesSimulator({ clock, ...options })
  const apis: Api[] = []
  t.teardown(async () => {
    for (const api of apis) api.close()
    await simulator.close()
  })
  const api = (user?: string): Api => {
    const created = createApi(simulator.kubeconfig(user))
    apis.push(created)
    return created
  }
  return { simulator, clock, api }
}

/** What somebody sent to a listening server. */
export interface Received {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: unknown
}

/** A server that answers with what `answer` makes of each request; it ends with the test. */
export async function listen(
  t: Test,
  answer: (received: Received) => { status?: number; body?: unknown },
  secure = false,
): Promise<{ url: string; ca: string; received: Received[] }> {
  const received: Received[] = []
  const handle: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || 'null')
      const got = { path: request.url ?? '', authorization: request.headers.authorization, body }
      received.push(got)
      const { status = 200, body: text = {} } = answer(got)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(text))
    })
  }
  const tls = await createCertificates({ hosts: ['127.0.0.1'] })
  const server = secure ? createTlsServer({ cert: tls.cert, key: tls.key }, handle) : createServer(handle)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`, ca: tls.ca, received }
}
