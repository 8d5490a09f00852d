import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createKube } from '../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../shared/kubernetes/credentials.ts'
import { runRegister } from '../shared/register/register.ts'
import { startBmcSimulator } from '../shared/simulator/bmc/server.ts'
import { createCertificates } from '../shared/simulator/certificates.ts'
import { type Api, createApi } from '../test/support/api.ts'
import { startControlPlane } from '../test/support/control-plane.ts'
import { createFakeNode } from '../test/support/fake-kubelet.ts'
import { installRole } from '../test/support/install.ts'
import { ADMIN, CONTROLLER } from '../test/support/users.ts'
import { type Run, TOKEN } from './stage.ts'

const PROGRAM = join(import.meta.dirname, '../functions/main.ts')
const PROBE = 'probe'
const POLL_MS = 50
const TRIES = 600
const REVIEWED = 'node.cloudprovider.kubernetes.io/uninitialized'

/** A real API server that asks the program, as shipped, about nodes that join. */
export interface JoinScene {
  /** Requests of a user who may create nodes. */
  readonly api: Api
  close(): Promise<void>
}

/**
 * @param assets folder with kube-apiserver and etcd
 * @param hostnames of servers that the cloud has and on which no node has joined yet
 */
export async function openJoinScene(
  { profile }: Pick<Run, 'profile'>,
  assets: string,
  hostnames: readonly string[],
): Promise<JoinScene> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-join-'))
  const [bmc, plane] = [await startBmcSimulator(), await startControlPlane(assets)]
  const ends: (() => unknown)[] = [
    () => bmc.close(),
    () => plane.stop(),
    () => rm(folder, { recursive: true }),
  ]
  const close = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
  }
  try {
    for (const hostname of [PROBE, ...hostnames]) bmc.backend.addServer({ hostname })
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text, { mode: 0o600 })
      return join(folder, name)
    }
    const kubeconfig = await write('admin.kubeconfig', plane.kubeconfig(ADMIN))
    const admin = createKube({ config: await loadKubeConfig({ kubeconfig }) })
    ends.push(() => admin.close())
    await installRole(admin)
    const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
    const served = await startServe(profile, {
      KUBECONFIG: await write('kubeconfig', plane.kubeconfig(CONTROLLER)),
      PNAP_CLIENT_ID: 'sim-client',
      PNAP_CLIENT_SECRET: 'sim-secret',
      PNAP_BASE_URL: bmc.url,
      PNAP_WEBHOOK_TOKEN: TOKEN,
      PNAP_LISTEN: '127.0.0.1:0',
      PNAP_TLS_CERT: await write('tls.crt', cert),
      PNAP_TLS_KEY: await write('tls.key', key),
    })
    ends.push(served.close)
    const files = ['--ca-file', await write('ca.crt', ca)]
    const tokens = ['--webhook-token-file', await write('token', TOKEN)]
    await register([`--url=https://127.0.0.1:${served.port}`, ...files, ...tokens], kubeconfig)
    const api = createApi(plane.kubeconfig(ADMIN))
    ends.push(() => api.close())
    await untilReviewed(api)
    return { api, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startServe(
  profile: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly port: number; readonly close: () => Promise<unknown> }> {
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profile, 'join')}`]
  const child = spawn(process.execPath, [...flags, PROGRAM, 'serve'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  const close = (): Promise<unknown> => {
    child.kill('SIGTERM')
    return ended
  }
  const lines: string[] = []
  const port = await new Promise<number>((resolve, reject) => {
    const reader = createInterface({ input: child.stderr })
    let told: number | undefined
    reader.on('line', line => {
      if (told === undefined) lines.push(line)
      if (line.includes('"msg":"serving"')) told = (JSON.parse(line) as { port: number }).port
      // Its first pass has written the inventory.
      if (told !== undefined && line.includes('"msg":"resync ended')) resolve(told)
    })
    reader.on('close', () => reject(new Error(`serve has ended:\n${lines.join('\n')}`)))
  })
  return { port, close }
}

async function register(flags: readonly string[], kubeconfig: string): Promise<void> {
  const said: string[] = []
  const say = (line: string): void => void said.push(line)
  const code = await runRegister(flags, { out: say, err: say, sources: { env: { KUBECONFIG: kubeconfig } } })
  if (code !== 0) throw new Error(`register ended with ${code}:\n${said.join('\n')}`)
}

/** A new webhook takes effect some time after it was registered. */
async function untilReviewed(api: Api): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const call = { method: 'POST', path: '/api/v1/nodes?dryRun=All', body: createFakeNode(PROBE) }
    if (!isTainted((await api.call(call)).body)) return
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
  throw new Error('no node was reviewed')
}

/** Whether a node waits for a cloud provider: nothing is scheduled onto it. */
export function isTainted(node: object): boolean {
  const { spec } = node as { readonly spec?: { readonly taints?: readonly { readonly key: string }[] } }
  return spec?.taints?.some(({ key }) => key === REVIEWED) ?? false
}
