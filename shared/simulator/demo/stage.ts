import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKube, type Kube } from '../../kubernetes/client.ts'
import { loadKubeConfig } from '../../kubernetes/credentials.ts'
import { SERVICE_ACCOUNT_USER } from '../../kubernetes/names.ts'
import {
  type BmcSimulator,
  DEFAULT_CLIENT_ID,
  DEFAULT_CLIENT_SECRET,
  startBmcSimulator,
} from '../bmc/server.ts'
import { type Certificates, createCertificates } from '../certificates.ts'
import { type KubernetesSimulator, startKubernetesSimulator } from '../kubernetes/server.ts'
import { readAuditFiles } from './audit-files.ts'
import { type DemoIo, StoryError } from './contract.ts'
import type { Pass } from './program.ts'

/** Both simulators, and files in a temporary folder, as an operator of the real thing would have them. */
export interface Stage {
  readonly bmc: BmcSimulator
  readonly kubernetes: KubernetesSimulator
  /** PEM of the authority behind every certificate here. */
  readonly ca: string
  /** Public network from which Services get their addresses. */
  readonly networkId: string
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string
  /** Flags and environment of `serve`. */
  readonly serve: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }
  /** A client of any user. */
  clientOf(user: string): Promise<Kube>
  /** Runs `register`, then gives the API server the files that it wrote. @throws StoryError */
  register(): Promise<void>
  /** Runs `resync`: one pass, without waiting for the next one. @returns number of changes by action @throws StoryError */
  resync(): Promise<Pass['changes']>
}

/** Minutes of the real world, shortened so that the story is. */
const BMC_TIMES = {
  serverCreateMs: 800,
  serverActionMs: 300,
  serverDeleteMs: 300,
  blockCreateMs: 200,
  assignMs: 300,
  unassignMs: 300,
}
/** The shortest interval that is allowed, and a grace time that is over when the next pass comes. */
export const INTERVAL_S = 5
export const GRACE_S = 3
/** Long enough for a Service to be deleted and created again on a very busy machine. */
export const REST_S = 3
export const BLOCK_GRACE_S = 1
/** How long audit events wait for their batch. */
const AUDIT_WAIT_MS = 100

/** Names of the files. */
const FILES = {
  admin: 'kubeconfig',
  controller: 'controller.kubeconfig',
  ca: 'ca.pem',
  cert: 'tls.pem',
  key: 'tls-key.pem',
  token: 'webhook-token',
  apiserver: 'apiserver',
} as const

/** Starts everything but the controller. @param resources what is to be closed at the end, whatever comes between */
export async function buildStage(
  io: Pick<DemoIo, 'run' | 'signal'>,
  resources: AsyncDisposableStack,
): Promise<Stage> {
  const tls = await createCertificates({ hosts: ['127.0.0.1', 'localhost'] })
  const folder = await mkdtemp(join(tmpdir(), 'phoenixnap-demo-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const bmc = await startBmcSimulator(BMC_TIMES)
  resources.defer(() => bmc.close())
  const { id: networkId } = bmc.backend.addPublicNetwork()
  const kubernetes = await startKubernetesSimulator({ tls })
  resources.defer(() => kubernetes.close())
  const clients: Kube[] = []
  // One entry for all, made now: the machines ask for clients later, and end before it.
  resources.defer(() => {
    for (const client of clients) client.close()
  })
  const at = (name: keyof typeof FILES): string => join(folder, FILES[name])
  const token = randomBytes(24).toString('hex')
  await writeFiles(at, kubernetes, tls, token)
  const listen = `127.0.0.1:${await findFreePort()}`
  const env = toEnvironment({ bmc, networkId, token, kubeconfig: at('controller') })

  return {
    bmc,
    kubernetes,
    networkId,
    ca: tls.ca,
    kubeconfig: at('admin'),
    serve: {
      args: ['--listen', listen, '--tls-cert', at('cert'), '--tls-key', at('key')],
      env,
    },
    async clientOf(user) {
      const access = { apiServer: kubernetes.url, caData: tls.ca, token: kubernetes.tokenFor(user) }
      const client = createKube({ config: await loadKubeConfig(access), userAgent: 'demo' })
      clients.push(client)
      return client
    },
    async register() {
      const args = [
        ['--url', `https://${listen}`],
        ['--ca-file', at('ca')],
        ['--webhook-token-file', at('token')],
        ['--apiserver-dir', at('apiserver')],
      ]
      await runProgram(io, ['register', ...args.flat()], { KUBECONFIG: at('admin') })
      kubernetes.setAudit({ ...(await readAuditFiles(at('apiserver'))), maxWaitMs: AUDIT_WAIT_MS })
    },
    async resync() {
      const report = await runProgram(io, ['resync', '--output', 'json'], env)
      const { changes } = JSON.parse(report) as { changes: readonly { action: string }[] }
      const byAction = Object.entries(Object.groupBy(changes, ({ action }) => action))
      return Object.fromEntries(byAction.map(([action, same = []]) => [action, same.length]))
    },
  }
}

/** All but the API server's own, which `register` writes. */
async function writeFiles(
  at: (name: keyof typeof FILES) => string,
  kubernetes: KubernetesSimulator,
  tls: Certificates,
  token: string,
): Promise<void> {
  const texts = {
    admin: kubernetes.kubeconfig(),
    controller: kubernetes.kubeconfig(SERVICE_ACCOUNT_USER),
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    token,
  }
  for (const name of ['admin', 'controller', 'ca', 'cert', 'key', 'token'] as const) {
    await writeFile(at(name), texts[name], { mode: 0o600 })
  }
}

interface Surroundings {
  readonly bmc: BmcSimulator
  readonly networkId: string
  readonly token: string
  readonly kubeconfig: string
}

const toEnvironment = ({ bmc, networkId, token, kubeconfig }: Surroundings): Record<string, string> => ({
  PNAP_CLIENT_ID: DEFAULT_CLIENT_ID,
  PNAP_CLIENT_SECRET: DEFAULT_CLIENT_SECRET,
  PNAP_BASE_URL: bmc.url,
  PNAP_WEBHOOK_TOKEN: token,
  PNAP_RESYNC_INTERVAL: `${INTERVAL_S}s`,
  PNAP_NODE_DELETE_GRACE: `${GRACE_S}s`,
  PNAP_LOAD_BALANCER: `kube-vip://${networkId}`,
  PNAP_RELEASE_QUARANTINE: `${REST_S}s`,
  PNAP_BLOCK_GRACE: `${BLOCK_GRACE_S}s`,
  KUBECONFIG: kubeconfig,
})

/** @returns what it wrote to its standard output */
async function runProgram(
  { run, signal }: Pick<DemoIo, 'run' | 'signal'>,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const said = { out: '', err: '' }
  const take = (stream: keyof typeof said) => (text: string) => {
    said[stream] += text
  }
  const code = await run(argv, { env, out: take('out'), err: take('err'), stop: signal })
  if (code === 0) return said.out
  const text = `${said.out}${said.err}`.trimEnd()
  throw new StoryError(`${argv[0]} ends with exit code 0, not ${code}:\n${text}`)
}

/** `register` must know the port before `serve` listens: its role has to be there for the first pass. */
async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
