import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { KeyPair } from '../../../shared/simulator/certificates.ts'
import { LAMBDA_NODE } from '../offline.ts'
import { AWS_RETRY_DELAY, createEventQueue, type GivenUp } from './events.ts'
import { createFunction, type InvocationRecord, type LambdaFunction } from './functions.ts'
import { startHttpApi } from './http-api.ts'
import { startInstance } from './instance.ts'
import { startInvokeApi } from './invoke-api.ts'
import type { Deployment } from './template.ts'

/** A deployment that runs: the functions, what invokes them, and what they invoke. */
export interface Lambda {
  /** https, of the HTTP API. */
  readonly url: string
  /** Of the endpoint at which functions are invoked. */
  readonly invokeUrl: string
  /** By the name in serverless.yml. */
  readonly functions: Readonly<Record<string, LambdaFunction>>
  /** All invocations that have ended, in that order. */
  readonly records: readonly InvocationRecord[]
  /** Events that were given up. */
  readonly givenUp: readonly GivenUp[]
  /** What all functions wrote so far. */
  log(): string
  /** The schedule's time has come; resolves when its invocations have ended. */
  tick(): Promise<void>
  /** The next event is delivered twice. */
  deliverTwice(): void
  /** Invocations and events that are not done with. */
  pending(): number
}

export interface LambdaOptions {
  readonly deployment: Deployment
  /** Folder of a function's unpacked zip. */
  readonly code: (name: string) => string
  readonly certificate: KeyPair
  /** Receives the log files. */
  readonly folder: string
  /** Sandboxes of a function at most, by its name. */
  readonly maxInstances?: Readonly<Record<string, number>>
  readonly retryDelayMs?: (attempt: number) => number
  readonly integrationTimeoutMs?: number
}

const MAX_INSTANCES = 16

/** Everything ends with the test, frozen sandboxes included. */
export async function startLambda(t: Test, options: LambdaOptions): Promise<Lambda> {
  const { deployment, folder } = options
  const records: InvocationRecord[] = []
  const events = createEventQueue({ retryDelayMs: options.retryDelayMs ?? AWS_RETRY_DELAY })
  const find = (wanted: string): LambdaFunction | undefined =>
    Object.values(functions).find(({ config }) => config.functionName === wanted)
  const invokeApi = await startInvokeApi(find, events)
  const logFile = (name: string): string => join(folder, `${name}.log`)
  const functions: Record<string, LambdaFunction> = Object.fromEntries(
    deployment.functions.map(config => {
      const { name } = config
      const platform = toRole(invokeApi.url)
      const code = options.code(name)
      const start = () => startInstance(config, { node: LAMBDA_NODE, code, logFile: logFile(name), platform })
      const maxInstances = options.maxInstances?.[name] ?? MAX_INSTANCES
      return [
        name,
        createFunction({ config, start, maxInstances, onEnd: record => void records.push(record) }),
      ]
    }),
  )
  const { routes, schedules } = deployment
  const limit = options.integrationTimeoutMs
  const httpApi = await startHttpApi({
    routes,
    find,
    certificate: options.certificate,
    ...(limit === undefined ? {} : { timeoutMs: limit }),
  })
  t.teardown(async () => {
    httpApi.close()
    invokeApi.close()
    await Promise.all(Object.values(functions).map(one => one.close()))
  })
  return {
    url: httpApi.url,
    invokeUrl: invokeApi.url,
    functions,
    records,
    givenUp: events.givenUp,
    log: () =>
      Object.keys(functions)
        .map(name => readIfThere(logFile(name)))
        .join(''),
    async tick() {
      const due = schedules.flatMap(({ functionName }) => find(functionName) ?? [])
      await Promise.all(due.map(one => one.invoke(SCHEDULED)))
    },
    deliverTwice: () => events.deliverTwice(),
    pending: () => events.pending() + Object.values(functions).reduce((sum, one) => sum + one.pending(), 0),
  }
}

const SCHEDULED = JSON.stringify({
  version: '0',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  region: 'us-east-1',
  detail: {},
})

/** What a function's role gives its process. */
const toRole = (endpoint: string): Record<string, string> => ({
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'emulated',
  AWS_SECRET_ACCESS_KEY: 'emulated-secret-key',
  AWS_SESSION_TOKEN: 'emulated-session-token',
  AWS_ENDPOINT_URL_LAMBDA: endpoint,
})

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
