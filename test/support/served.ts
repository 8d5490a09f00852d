import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startFromSettings } from '../../functions/serve.ts'
import type { Serving } from '../../functions/serving.ts'
import { systemClock } from '../../shared/clock.ts'
import { runRegister } from '../../shared/register/register.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { CONTROLLER, type TestCluster } from './cluster.ts'
import type { Environment } from './world.ts'

/** The whole program: `serve` over TLS, registered by `register`, between a cluster and a simulated BMC. */
export interface Served {
  readonly bmc: BmcSimulator
  readonly serving: Serving
  readonly url: string
  readonly ca: string
  readonly token: string
  /** What it logged so far. */
  log(): string
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
  /** Replaces anything of the environment's meaning of time. */
  readonly resyncInterval?: string
}

export const WEBHOOK_TOKEN = 'webhook-token-of-a-test'

/** Starts it and, unless told otherwise, registers its webhook; everything ends with the test. */
export async function startServed(
  t: Test,
  cluster: TestCluster,
  options: ServedOptions = {},
): Promise<Served> {
  const bmc = options.bmc ?? (await startBmcSimulator())
  if (!options.bmc) t.teardown(() => bmc.close())
  const folder = t.testdir()
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') }
  await Promise.all([writeFile(files.cert, cert), writeFile(files.key, key), writeFile(files.ca, ca)])
  const tokenFile = join(folder, 'webhook-token')
  await writeFile(tokenFile, WEBHOOK_TOKEN)
  const lines: string[] = []
  const env = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: 'sim-secret',
    PNAP_BASE_URL: bmc.url,
    PNAP_WEBHOOK_TOKEN_FILE: tokenFile,
    PNAP_LISTEN: '127.0.0.1:0',
    PNAP_TLS_CERT: files.cert,
    PNAP_TLS_KEY: files.key,
    PNAP_RESYNC_INTERVAL: options.resyncInterval ?? '1h',
    PNAP_SHUTDOWN_GRACE: '2s',
    KUBECONFIG: await cluster.kubeconfigFile(CONTROLLER),
    ...options.environment,
  }
  const io = {
    out: (): void => {},
    err: (line: string): void => void lines.push(line),
    env,
    readFile: (path: string) => readFile(path, 'utf8'),
    clock: systemClock,
    stop: new AbortController().signal,
  }
  const serving = await startFromSettings({ env }, io)
  t.teardown(() => serving.close())
  const url = `https://127.0.0.1:${serving.port}`

  async function register(...flags: string[]): Promise<void> {
    const admin = { KUBECONFIG: await cluster.kubeconfigFile() }
    const argv = ['--url', url, '--ca-file', files.ca, '--webhook-token-file', tokenFile, ...flags]
    const said: string[] = []
    const say = (line: string): void => void said.push(line)
    const code = await runRegister(argv, { out: say, err: say, sources: { env: admin } })
    if (code !== 0) throw new Error(`register ended with ${code}:\n${said.join('\n')}`)
  }

  if (options.registered !== false) await register()
  return {
    bmc,
    serving,
    url,
    ca,
    token: WEBHOOK_TOKEN,
    log: () => lines.join(''),
    register,
    audit: on =>
      cluster.reconfigure(
        on ? { audit: { url: `${url}/audit`, token: WEBHOOK_TOKEN, ca } } : { audit: undefined },
      ),
  }
}
