import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import {
  type ApiServerOptions,
  toApiServerFlags,
  toBaseFiles,
  toEtcdFlags,
  toOptionFiles,
} from './control-plane-files.ts'
import { type GuardedProcess, readLogTail, startGuarded } from './guarded-process.ts'
import { toKubeconfig } from './kubeconfigs.ts'
import { findFreePorts } from './ports.ts'
import { ADMIN, startTokenAuthority } from './users.ts'

/** etcd and kube-apiserver, NodeRestriction and RBAC on. */
export interface ControlPlane {
  readonly url: string
  /** PEM. */
  readonly ca: string
  /** Temporary folder with `etcd.log` and `kube-apiserver.log`; anything may be put there, it is removed at the end. */
  readonly folder: string
  tokenFor(user: string): string
  /** Kubeconfig (YAML) of any user: `admin`, `system:node:…`, `system:serviceaccount:…:…` get their groups. */
  kubeconfig(user: string): string
  stopApiServer(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on the same port and the same data; the given options replace those before. */
  startApiServer(options?: ApiServerOptions): Promise<void>
  readonly etcd: Etcd
  stop(): Promise<void>
}

/** The store behind the API server; its data stay whatever becomes of it. */
export interface Etcd {
  /** For its clients, over plain HTTP. */
  readonly url: string
  /** It answers nobody until it is resumed; connections stay open. */
  pause(): void
  resume(): void
  kill(): Promise<void>
  /** On the same port and the same data, after `kill`. */
  start(): Promise<void>
}

/** Another process may take a port that was free a moment ago. */
const ATTEMPTS = 3
const START_LIMIT_MS = 60_000
const POLL_MS = 50

/** @param assets folder with etcd and kube-apiserver, as KUBEBUILDER_ASSETS names it */
export async function startControlPlane(
  assets: string,
  options: ApiServerOptions = {},
): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryToStart(assets, options)
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes('address already in use')
      if (!isTaken || attempt === ATTEMPTS) throw error
    }
  }
}

async function tryToStart(assets: string, options: ApiServerOptions): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-'))
  const certificates = await createCertificates({ hosts: ['localhost', '127.0.0.1'] })
  const tokens = await startTokenAuthority(certificates)
  const [etcdPort, peerPort, port] = await findFreePorts()
  const url = `https://127.0.0.1:${port}`
  await writeFiles(folder, toBaseFiles(certificates, tokens))
  const running: GuardedProcess[] = []
  let current = options

  const start = async (name: string, args: string[]): Promise<GuardedProcess> => {
    const started = await startGuarded(join(assets, name), args, { logFile: join(folder, `${name}.log`) })
    running.push(started)
    return started
  }
  let apiServer: GuardedProcess | undefined
  let etcd: GuardedProcess | undefined
  const startEtcd = async (): Promise<void> => {
    etcd = await start('etcd', toEtcdFlags(folder, etcdPort, peerPort))
  }
  const signalEtcd = (signal: 'SIGSTOP' | 'SIGCONT'): void => void (etcd && process.kill(etcd.pid, signal))
  const ask = (path: string): Promise<number> =>
    getStatus(url + path, certificates.ca, tokens.tokenFor(ADMIN))

  async function startApiServer(changed: ApiServerOptions = current): Promise<void> {
    current = changed
    const { flags, files } = toOptionFiles(folder, changed)
    await writeFiles(folder, files)
    apiServer = await start('kube-apiserver', [...toApiServerFlags(folder, etcdPort, port), ...flags])
    await waitUntilReady(ask, apiServer, join(folder, 'kube-apiserver.log'))
  }

  async function stop(): Promise<void> {
    await Promise.all(running.map(one => one.stop('SIGKILL')))
    await tokens.close()
    await rm(folder, { recursive: true, force: true })
  }

  try {
    await startEtcd()
    await startApiServer()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    ca: certificates.ca,
    folder,
    tokenFor: user => tokens.tokenFor(user),
    kubeconfig: user =>
      toKubeconfig({ server: url, ca: certificates.ca, user, token: tokens.tokenFor(user) }),
    stopApiServer: async signal => apiServer?.stop(signal),
    startApiServer,
    etcd: {
      url: `http://127.0.0.1:${etcdPort}`,
      pause: () => signalEtcd('SIGSTOP'),
      resume: () => signalEtcd('SIGCONT'),
      kill: async () => etcd?.stop('SIGKILL'),
      start: startEtcd,
    },
    stop,
  }
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
}

/** Ready is when /readyz says so and the objects exist that every cluster has. */
async function waitUntilReady(
  ask: (path: string) => Promise<number>,
  apiServer: GuardedProcess,
  logFile: string,
): Promise<void> {
  const giveUpAt = Date.now() + START_LIMIT_MS
  for (const path of [
    '/readyz',
    '/api/v1/namespaces/kube-system',
    '/api/v1/namespaces/default/services/kubernetes',
  ]) {
    while ((await ask(path)) !== 200) {
      if (apiServer.hasExited() || Date.now() > giveUpAt)
        throw new Error(`kube-apiserver did not become ready (${path}):\n${await readLogTail(logFile)}`)
      await sleep(POLL_MS)
    }
  }
}

/** Status of a GET; 0 when nobody answers. */
function getStatus(url: string, ca: string, token: string): Promise<number> {
  return new Promise(resolve => {
    const call = get(url, { ca, agent: false, headers: { authorization: `Bearer ${token}` } }, response => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    call.on('error', () => resolve(0))
  })
}
