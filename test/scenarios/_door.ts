import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { CONTROLLER, type TestCluster } from '../support/cluster.ts'
import { toKubeconfig } from '../support/kubeconfigs.ts'

export interface DoorCall {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly body: string
}

/** What becomes of a request: nothing said, it passes. `afterwards` is awaited before the caller has its answer. */
export type Verdict =
  | { readonly status: number; readonly reason?: string }
  | { readonly reset: 'before' | 'after' }
  | { readonly garbage: string }
  | undefined

export type Guard = (call: DoorCall) => Verdict | Promise<Verdict>

/** A door between the controller and the API server, real or not, with somebody who may stand in it. */
export interface Door {
  /** File for KUBECONFIG, with the controller's own token. */
  readonly kubeconfig: string
  /** Stands in the door from now on; nobody when undefined. */
  guard(guard: Guard | undefined): void
}

/** Ends with the test. */
export async function startDoor(t: Test, cluster: TestCluster): Promise<Door> {
  const agent = new Agent({ ca: readAuthority(cluster), keepAlive: true })
  let current: Guard | undefined
  const server = createServer((incoming, answer) => {
    void pass(cluster.url, agent, incoming, answer, call => current?.(call)).catch(() => answer.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    agent.destroy()
  })
  const { port } = server.address() as AddressInfo
  const kubeconfig = join(cluster.folder, `door-${port}.kubeconfig`)
  const target = {
    server: `http://127.0.0.1:${port}`,
    user: CONTROLLER,
    token: cluster.tokenFor(CONTROLLER),
  }
  await writeFile(kubeconfig, toKubeconfig(target), { mode: 0o600 })
  return { kubeconfig, guard: guard => void (current = guard) }
}

function readAuthority(cluster: TestCluster): Buffer {
  const config = parse(cluster.kubeconfig()) as {
    clusters: [{ cluster: { 'certificate-authority-data'?: string } }]
  }
  return Buffer.from(config.clusters[0].cluster['certificate-authority-data'] ?? '', 'base64')
}

async function pass(
  target: string,
  agent: Agent,
  incoming: IncomingMessage,
  answer: ServerResponse,
  guard: Guard,
): Promise<void> {
  const { method = '', url = '', headers } = incoming
  const body = await readAll(incoming)
  const verdict = await guard({ method, path: url, body: body.toString('utf8') })
  if (verdict && 'status' in verdict) return refuse(answer, verdict)
  if (verdict && 'garbage' in verdict) return void answer.end(verdict.garbage)
  if (verdict && 'reset' in verdict && verdict.reset === 'before') return reset(answer)
  const { host: _, ...passed } = headers
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(target + url, { method, agent, headers: passed }, resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
  const bytes = await readAll(response)
  if (verdict) return reset(answer)
  answer.writeHead(response.statusCode ?? 502, response.headers).end(bytes)
}

/** Bytes, not text: the API server packs long answers. */
async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const reset = (answer: ServerResponse): void => void answer.socket?.resetAndDestroy()

function refuse(answer: ServerResponse, { status, reason = '' }: { status: number; reason?: string }): void {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason,
    code: status,
    message: 'a door',
  }
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
