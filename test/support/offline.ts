import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { build, FUNCTIONS } from '../../infra/build.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { readLogTail, startGuarded } from './guarded-process.ts'

/** The packaged functions, served by serverless-offline. */
export interface Offline {
  /** https, of the HTTP API. */
  readonly url: string
  /** PEM of the authority of that URL. */
  readonly ca: string
  readonly caFile: string
  /** What serverless-offline and the functions wrote so far. */
  output(): Promise<string>
  /** Resolves when the output has a match. @throws Error with the output's end when it does not come */
  untilOutput(pattern: RegExp): Promise<void>
  /** Lets the minute of the schedule pass. */
  tick(): void
}

export interface OfflineOptions {
  /** Settings of the functions, as `npm run deploy` would find them in its environment. */
  readonly env: Readonly<Record<string, string>>
  /** Ports of the HTTP API, the Lambda endpoint and two that nobody uses: see `findFreePorts`. */
  readonly ports: readonly [number, number, number, number]
}

const ROOT = join(import.meta.dirname, '../..')
/** The runtime of the functions where one is given: serverless-offline runs them in its own process. */
export const LAMBDA_NODE = process.env['CCM_LAMBDA_NODE'] || process.execPath
const PATIENCE_MS = 60_000
const POLL_MS = 50

/** Builds the functions and serves them in a copy of the service; ends with the test. */
export async function startOffline(t: Test, { env, ports }: OfflineOptions): Promise<Offline> {
  const folder = t.testdir({ certs: {} })
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const caFile = join(folder, 'certs/ca.pem')
  await writeFile(caFile, ca)
  await writeFile(join(folder, 'certs/cert.pem'), cert)
  await writeFile(join(folder, 'certs/key.pem'), key)
  await cp(join(ROOT, 'serverless.yml'), join(folder, 'serverless.yml'))
  await symlink(join(ROOT, 'infra'), join(folder, 'infra'))
  await mkdir(join(folder, '.build'))
  const entries = FUNCTIONS.map(name => [name, join(ROOT, `functions/${name}.ts`)])
  await build({ out: join(folder, '.build'), functions: Object.fromEntries(entries) })

  const [httpPort, lambdaPort, websocketPort, albPort] = ports
  const logFile = join(folder, 'offline.log')
  const flags = { httpPort, lambdaPort, websocketPort, albPort }
  const offline = await startGuarded(
    LAMBDA_NODE,
    [
      join(ROOT, 'node_modules/serverless/bin/serverless.js'),
      'offline',
      'start',
      ...Object.entries(flags).map(([name, port]) => `--${name}=${port}`),
    ],
    { logFile, cwd: folder, env: toEnvironment(env, lambdaPort) },
  )
  t.teardown(() => offline.stop())

  async function untilOutput(pattern: RegExp): Promise<void> {
    const giveUpAt = Date.now() + PATIENCE_MS
    while (!pattern.test(await readFile(logFile, 'utf8'))) {
      if (offline.hasExited() || Date.now() > giveUpAt)
        throw new Error(`no ${pattern} in the output:\n${await readLogTail(logFile)}`)
      await sleep(POLL_MS)
    }
  }

  await untilOutput(/Server ready/)
  return {
    url: `https://127.0.0.1:${httpPort}`,
    ca,
    caFile,
    output: () => readFile(logFile, 'utf8'),
    untilOutput,
    tick: () => process.kill(offline.pid, 'SIGUSR2'),
  }
}

function toEnvironment(env: OfflineOptions['env'], lambdaPort: number): Record<string, string> {
  return {
    ...env,
    AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${lambdaPort}`,
    AWS_ACCESS_KEY_ID: 'offline',
    AWS_SECRET_ACCESS_KEY: 'offline',
    NODE_OPTIONS: `--import=${new URL('offline-schedule.ts', import.meta.url).href}`,
  }
}
