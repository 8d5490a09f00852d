import { mkdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { toDurationMs } from '../../../shared/setting-parsers.ts'
import { CONTROLLER, type TestCluster } from '../cluster.ts'
import { type Lambda, startLambda } from '../lambda/lambda.ts'
import { fillIn, getPackaged } from '../lambda/package.ts'
import type { Environment } from '../world.ts'
import type { Host, HostInputs } from './host.ts'

/** More cold starts at once than there are cores would take longer than a webhook has. */
const MAX_INSTANCES = { admission: availableParallelism() } as const

/** The packaged functions under the emulated runtime; the schedule begins at once, as `serve` does. */
export async function startFunctions(inputs: HostInputs): Promise<Host> {
  const { t, certificate, folder } = inputs
  const { deployment, code } = await getPackaged(join(folder, 'service'))
  const logs = join(folder, 'logs')
  await mkdir(logs, { recursive: true })
  const settings = await toFunctionSettings(inputs)
  const filled = fillIn(deployment, settings)
  const options = { deployment: filled, code, certificate, folder: logs, maxInstances: MAX_INSTANCES }
  const lambda = await startLambda(t, options)
  const schedule = setInterval(
    () => void lambda.tick(),
    toDurationMs(inputs.settings['PNAP_RESYNC_INTERVAL'] ?? '60s'),
  )
  t.teardown(() => {
    clearInterval(schedule)
    tellFaults(lambda)
  })
  void lambda.tick()
  return {
    url: lambda.url,
    log: () => lambda.log(),
    pending: () => lambda.pending(),
    processes: MAX_INSTANCES.admission,
    warmUp: async () => {
      const answer = await lambda.functions['admission']?.invoke(toFirstReview(settings.PNAP_WEBHOOK_TOKEN))
      if (answer?.isError) throw new Error(answer.body)
    },
  }
}

/** A node that needs nothing: it is reviewed without a request to cluster or cloud. */
function toFirstReview(token = ''): string {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'first',
      resource: { group: '', version: 'v1', resource: 'nodes' },
      name: 'first',
      operation: 'CREATE',
      object: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'first' }, spec: {} },
    },
  }
  return JSON.stringify({
    rawPath: '/admission',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(review),
    requestContext: { http: { method: 'POST' }, timeEpoch: Date.now() },
  })
}

/** Settings as a deployment's environment has them: no files, and the cluster by address, authority and token. */
export async function toFunctionSettings({ cluster, settings }: Pick<HostInputs, 'cluster' | 'settings'>) {
  const { PNAP_WEBHOOK_TOKEN_FILE: tokenFile, ...others } = settings
  return {
    PNAP_WEBHOOK_TOKEN: tokenFile ? await readFile(tokenFile, 'utf8') : undefined,
    ...toClusterSettings(cluster),
    ...others,
  }
}

export function toClusterSettings(cluster: TestCluster): Environment {
  const { clusters, users } = parse(cluster.kubeconfig(CONTROLLER)) as {
    clusters: [{ cluster: { 'certificate-authority-data'?: string } }]
    users: [{ user: { token: string } }]
  }
  return {
    KUBE_API_SERVER: cluster.url,
    KUBE_CA_DATA: clusters[0].cluster['certificate-authority-data'] ?? '',
    KUBE_TOKEN: users[0].user.token,
  }
}

/**
 * Whatever a suite is about: none may have failed but by telling the platform of a failure that it met and logged, and
 * none may have left work behind when it answered.
 * Nothing can be asserted when a test has ended, and what is thrown then keeps others from tidying up: the file fails.
 */
function tellFaults({ records }: Lambda): void {
  const faults = records.flatMap(({ functionName, isError, body, leftovers }) => [
    ...(isError && !body.includes('"FunctionFailed"') ? [`${functionName} failed: ${body}`] : []),
    ...(leftovers.length > 0 ? [`${functionName} left under way: ${leftovers.join(', ')}`] : []),
  ])
  if (faults.length === 0) return
  console.error([...new Set(faults)].join('\n'))
  process.exitCode = 1
}
