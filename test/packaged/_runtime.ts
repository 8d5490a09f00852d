import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type InvocationType, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import type { Test } from 'tap'
import type { ReconcileKey } from '../../shared/controllers/contract.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { startTestCluster, type TestCluster } from '../support/cluster.ts'
import { toClusterSettings } from '../support/hosts/functions.ts'
import { installRole } from '../support/install.ts'
import type { LambdaFunction } from '../support/lambda/functions.ts'
import { type Lambda, startLambda } from '../support/lambda/lambda.ts'
import { fillIn, type Packaged } from '../support/lambda/package.ts'
import type { FunctionConfig } from '../support/lambda/template.ts'
import type { Environment } from '../support/world.ts'

export const SECRETS = {
  PNAP_CLIENT_ID: 'sim-client',
  PNAP_CLIENT_SECRET: 'planted-client-secret',
  PNAP_WEBHOOK_TOKEN: 'planted-webhook-token',
} as const

/** The packaged functions between a cluster of their own and a simulated BMC. */
export interface Stage {
  readonly cluster: TestCluster
  readonly admin: Kube
  readonly bmc: BmcSimulator
  readonly lambda: Lambda & { readonly ca: string }
}

export interface StageOptions {
  readonly settings?: Environment
  /** Changes the configuration of every function, which is otherwise the shipped one. */
  readonly change?: Partial<FunctionConfig>
}

export async function setStage(t: Test, packaged: Packaged, options: StageOptions = {}): Promise<Stage> {
  const cluster = await startTestCluster(t)
  const admin = await cluster.kube()
  await installRole(admin)
  const steps = { blockCreateMs: 100, assignMs: 100, unassignMs: 100 }
  const bmc = await startBmcSimulator({
    ...steps,
    clientId: SECRETS.PNAP_CLIENT_ID,
    clientSecret: SECRETS.PNAP_CLIENT_SECRET,
  })
  t.teardown(() => bmc.close())
  const settings = {
    ...SECRETS,
    PNAP_BASE_URL: bmc.url,
    PNAP_LOAD_BALANCER: `kube-vip://${bmc.backend.addPublicNetwork().id}`,
    ...toClusterSettings(cluster),
    ...options.settings,
  }
  const lambda = await startPackaged(t, packaged, settings, options)
  return { cluster, admin, bmc, lambda }
}

async function startPackaged(
  t: Test,
  { deployment, code }: Packaged,
  settings: Environment,
  { change }: StageOptions,
): Promise<Lambda & { readonly ca: string }> {
  const folder = join(t.testdir(), 'logs')
  await mkdir(folder)
  const filled = fillIn(deployment, settings)
  const functions = filled.functions.map(config => ({ ...config, ...change }))
  const certificate = await createCertificates({ hosts: ['127.0.0.1'] })
  const options = { deployment: { ...filled, functions }, code, certificate, folder }
  return { ...(await startLambda(t, options)), ca: certificate.ca }
}

/** By its name in serverless.yml. */
export function functionOf({ lambda }: Pick<Stage, 'lambda'>, name: string): LambdaFunction {
  const found = lambda.functions[name]
  if (!found) throw new Error(`no function ${name}`)
  return found
}

/** Hands keys to reconcile, as audit and admission do it. @returns what the endpoint answered */
export async function reconcile(
  stage: Pick<Stage, 'lambda'>,
  type: InvocationType,
  keys: readonly ReconcileKey[],
): Promise<{ readonly status: number; readonly error: string | undefined; readonly answer: unknown }> {
  const client = new LambdaClient({
    endpoint: stage.lambda.invokeUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'tester', secretAccessKey: 'tester' },
    maxAttempts: 1,
  })
  const { functionName } = functionOf(stage, 'reconcile').config
  const Payload = Buffer.from(JSON.stringify({ keys }))
  const sent = await client.send(
    new InvokeCommand({ FunctionName: functionName, InvocationType: type, Payload }),
  )
  const text = Buffer.from(sent.Payload ?? []).toString()
  return {
    status: sent.StatusCode ?? 0,
    error: sent.FunctionError,
    answer: text === '' ? undefined : JSON.parse(text),
  }
}

export const nodeKey = (name: string): ReconcileKey => ({ kind: 'Node', name })
export const serviceKey = (name: string): ReconcileKey => ({ kind: 'Service', namespace: 'default', name })

/** A guard, not a measure. */
const PATIENCE_MS = 60_000
const POLL_MS = 10

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

export const untilDone = ({ lambda }: Pick<Stage, 'lambda'>): Promise<void> =>
  until('every event is done with', () => lambda.pending() === 0)

/** The process that works on an event of this function now. */
export async function untilRunning(stage: Pick<Stage, 'lambda'>, name: string): Promise<number> {
  await until(`${name} runs`, () => functionOf(stage, name).pids().length > 0)
  return functionOf(stage, name).pids()[0] ?? 0
}
