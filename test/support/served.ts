import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { runRegister } from '../../shared/register/register.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { type Certificates, createCertificates } from '../../shared/simulator/certificates.ts'
import type { TestCluster } from './cluster.ts'
import { toBareEnvironment } from './hosts/binary.ts'
import { type Host, type HostName, readBinary, readHost, type StartHost } from './hosts/host.ts'
import type { Environment } from './world.ts'

/** The whole program on the host of this run, registered by `register`, between a cluster and a simulated BMC. */
export interface Served extends Host {
  readonly bmc: BmcSimulator
  readonly ca: string
  readonly token: string
  /** Resolves when what it was rung for is done with or waits for the cloud, and at last after some seconds. */
  untilIdle(): Promise<void>
  /** Registers the webhook with further flags of `register`. */
  register(...flags: string[]): Promise<void>
  /** Sends the cluster's audit events to it, or no longer. */
  audit(on: boolean): Promise<void>
}

export interface ServedOptions {
  readonly environment?: Environment
  readonly bmc?: BmcSimulator
  /** False: the API server knows nothing of it yet. */
  readonly registered?: boolean
  /** What it serves with, where another one serves with it as well. */
  readonly certificate?: Certificates
  /** Where the API server calls it, when something stands in front of it. */
  readonly url?: string
  /** Replaces anything of the environment's meaning of time. */
  readonly resyncInterval?: string
}

export const WEBHOOK_TOKEN = 'webhook-token-of-a-test'

/** Only the host of this run is loaded. */
const START: Readonly<Record<HostName, StartHost>> = {
  sources: async inputs => (await import('./hosts/sources.ts')).startSources(inputs),
  binary: async inputs => (await import('./hosts/binary.ts')).startBinary(inputs),
  functions: async inputs => (await import('./hosts/functions.ts')).startFunctions(inputs),
}
const IDLE_TRIES = 40
const IDLE_POLL_MS = 50
/** A host that does not tell what it has in hand is taken to be at rest after so many looks at a log that stays as it is. */
const QUIET_TRIES = 10

/** Starts it and, unless told otherwise, registers its webhook; everything ends with the test. */
export async function startServed(
  t: Test,
  cluster: TestCluster,
  options: ServedOptions = {},
): Promise<Served> {
  const bmc = options.bmc ?? (await startBmcSimulator())
  if (!options.bmc) t.teardown(() => bmc.close())
  const folder = t.testdir()
  const certificate = options.certificate ?? (await createCertificates({ hosts: ['127.0.0.1'] }))
  const { ca, cert, key } = certificate
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') }
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key), writeFile(files.ca, ca)])
  const tokenFile = join(folder, 'webhook-token')
  await writeFile(tokenFile, WEBHOOK_TOKEN)
  const settings = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: 'sim-secret',
    PNAP_BASE_URL: bmc.url,
    PNAP_WEBHOOK_TOKEN_FILE: tokenFile,
    PNAP_RESYNC_INTERVAL: options.resyncInterval ?? '1h',
    ...options.environment,
  }
  const name = readHost()
  const host = await START[name]({ t, cluster, certificate, files, folder, settings })

  async function register(...flags: string[]): Promise<void> {
    const kubeconfig = await cluster.kubeconfigFile()
    const url = options.url ?? host.url
    const argv = ['--url', url, '--ca-file', files.ca, '--webhook-token-file', tokenFile, ...flags]
    const { code, said } =
      name === 'binary' ? await registerByBinary(argv, kubeconfig) : await registerHere(argv, kubeconfig)
    if (code !== 0) throw new Error(`register ended with ${code}:\n${said}`)
  }

  if (options.registered !== false) await register()
  return {
    ...host,
    bmc,
    ca,
    token: WEBHOOK_TOKEN,
    untilIdle: () => untilIdle(host),
    register,
    audit: on =>
      cluster.reconfigure(
        on ? { audit: { url: `${host.url}/audit`, token: WEBHOOK_TOKEN, ca } } : { audit: undefined },
      ),
  }
}

async function untilIdle(host: Host): Promise<void> {
  let [quiet, seen] = [0, host.log().length]
  for (let tries = 0; tries < IDLE_TRIES; tries++) {
    const [pending, length] = [host.pending(), host.log().length]
    quiet = length === seen ? quiet + 1 : 0
    seen = length
    if (pending === 0 || (pending === undefined && quiet >= QUIET_TRIES)) return
    await sleep(IDLE_POLL_MS)
  }
}

interface Registered {
  readonly code: number | null
  readonly said: string
}

async function registerHere(argv: readonly string[], kubeconfig: string): Promise<Registered> {
  const said: string[] = []
  const say = (line: string): void => void said.push(line)
  const sources = { env: { KUBECONFIG: kubeconfig } }
  const code = await runRegister([...argv], { out: say, err: say, sources })
  return { code, said: said.join('\n') }
}

function registerByBinary(argv: readonly string[], kubeconfig: string): Promise<Registered> {
  return new Promise((resolve, reject) => {
    const env = toBareEnvironment({ KUBECONFIG: kubeconfig })
    const child = spawn(readBinary(), ['register', ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const output of [child.stdout, child.stderr])
      output.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    child.on('error', reject)
    child.on('close', code => resolve({ code, said }))
  })
}
