import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type GuardedProcess, readLogTail, startGuarded } from './guarded-process.ts'

/** A real registry on loopback, without TLS, with its own storage. */
export interface TestRegistry {
  /** Host and port. */
  readonly address: string
  readonly process: GuardedProcess
  /** Every repository, with its tags and their digests. */
  readonly read: () => Promise<Record<string, Record<string, string>>>
}

/** A test that is to end by itself. */
interface Test {
  teardown(end: () => unknown): void
  testdir(): string
}

const PROGRAM = 'docker-registry'
/** Programs of Debian's packages buildah, skopeo, docker-registry and mmdebstrap (`.ci/tools` installs them). */
export type Tool = 'buildah' | 'skopeo' | 'docker-registry' | 'mmdebstrap' | 'make' | 'git' | 'unshare'

/** @returns what a skipped test says, or false if all are there */
export function findMissing(...tools: readonly Tool[]): string | false {
  const missing = tools.filter(
    tool => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error !== undefined,
  )
  return missing.length > 0 && `${missing.join(', ')} not installed: bash .ci/tools`
}

export interface Login {
  readonly user: string
  readonly password: 'secret'
}

/** bcrypt of `secret`, the one form of a password that the registry reads. */
const HASHED_SECRET = '$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a'

/** @param folder of its own, which holds the storage too @param login what everybody must show; nobody by default */
export async function startRegistry(
  t: Pick<Test, 'teardown'>,
  folder: string,
  login?: Login,
): Promise<TestRegistry> {
  const config = join(folder, 'registry.yml')
  const logFile = join(folder, 'registry.log')
  const passwords = join(folder, 'htpasswd')
  if (login) await writeFile(passwords, `${login.user}:${HASHED_SECRET}\n`)
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      storage: { filesystem: { rootdirectory: join(folder, 'storage') }, delete: { enabled: true } },
      http: { addr: '127.0.0.1:0' },
      ...(login ? { auth: { htpasswd: { realm: 'test', path: passwords } } } : {}),
    }),
  )
  const process = await startGuarded(PROGRAM, ['serve', config], {
    logFile,
    env: { OTEL_TRACES_EXPORTER: 'none' },
  })
  t.teardown(() => process.stop())
  const address = await readAddress(logFile, process)
  return { address, process, read: () => readRegistry(address, login) }
}

async function readAddress(logFile: string, process: GuardedProcess): Promise<string> {
  for (;;) {
    const log = await readFile(logFile, 'utf8')
    const address = /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1]
    if (address !== undefined) return address
    if (process.hasExited()) throw new Error(`${PROGRAM} did not start: ${await readLogTail(logFile)}`)
    await pause(20)
  }
}

async function readRegistry(
  address: string,
  login: Login | undefined,
): Promise<Record<string, Record<string, string>>> {
  const authorization = login && `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
  const headers = { accept: ACCEPT, ...(authorization ? { authorization } : {}) }
  const get = (path: string): Promise<Response> => fetch(`http://${address}/v2/${path}`, { headers })
  const list = async <T>(path: string): Promise<T> => (await get(path)).json() as Promise<T>
  const { repositories } = await list<{ repositories: string[] }>('_catalog')
  const all = repositories.map(async name => {
    const { tags } = await list<{ tags: string[] | null }>(`${name}/tags/list`)
    const digests = (tags ?? []).map(async tag => {
      const { headers } = await get(`${name}/manifests/${tag}`)
      return [tag, headers.get('docker-content-digest') ?? ''] as const
    })
    return [name, Object.fromEntries(await Promise.all(digests))] as const
  })
  return Object.fromEntries(await Promise.all(all))
}

const ACCEPT = ['manifest', 'index'].map(kind => `application/vnd.oci.image.${kind}.v1+json`).join(', ')

/** A door in front of a registry that lets so many requests through and then breaks every connection. */
export interface BreakingDoor {
  readonly address: string
  /** Requests that came in so far. */
  readonly seen: () => number
  readonly letThrough: (requests: number) => void
}

export async function startBreakingDoor(t: Pick<Test, 'teardown'>, registry: string): Promise<BreakingDoor> {
  let [left, seen] = [Number.POSITIVE_INFINITY, 0]
  const server = createServer((request, response) => {
    seen += 1
    left -= 1
    if (left < 0) request.socket.destroy()
    else void forward(request, response, registry)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    seen: () => seen,
    letThrough: requests => void (left = requests),
  }
}

async function forward(request: IncomingMessage, response: ServerResponse, registry: string): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { host = '', connection: _, 'transfer-encoding': __, ...headers } = request.headers
  const answer = await fetch(`http://${registry}${request.url}`, {
    method: request.method ?? 'GET',
    headers: { ...(headers as Record<string, string>), 'x-forwarded-host': host },
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  })
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(Buffer.from(await answer.arrayBuffer()))
}

/** An HTTP proxy that leads every CONNECT to one address, whatever name was asked for. @returns its URL and what was asked */
export async function startProxy(
  t: Pick<Test, 'teardown'>,
  target: string,
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const [host = '', port = ''] = target.split(':')
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.writeHead(502).end()
  })
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`)
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
