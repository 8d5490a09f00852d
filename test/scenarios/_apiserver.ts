import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import { listNodes } from '../../shared/kubernetes/nodes.ts'
import type { BmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import { type Api, createApi } from '../support/api.ts'
import type { TestCluster } from '../support/cluster.ts'
import type { Etcd } from '../support/control-plane.ts'
import { createFakeNode, type FakeNode } from '../support/fake-kubelet.ts'
import { type Served, startServed, WEBHOOK_TOKEN } from '../support/served.ts'
import { createManifest, type ServiceName } from '../support/services.ts'
import type { Environment } from '../support/world.ts'
import { type Door, type DoorCall, startDoor } from './_door.ts'
import { type Front, startFront } from './_front.ts'
import { call } from './_hostile.ts'
import { isTainted } from './_outage.ts'

const PARALLEL = 32
const PATIENCE_MS = 100_000
const POLL_MS = 20
const PURCHASE = 'POST /ips/v1/ip-blocks'
/** Begins the provider IDs of nodes that are none of ours. */
export const OTHER_PROVIDER = 'other://'
/** All of what a run on every change has no time for. */
export const isFull = process.env['CCM_TEST_FULL'] === '1'

/** Waits for a condition, and not for a time: longer than everything that runs into its limit meanwhile. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`waited in vain until ${what}`)
    await sleep(POLL_MS)
  }
}

/** Two replicas of `serve` behind one address with one certificate, as a Deployment behind its Service. */
export interface Pair {
  readonly replicas: readonly [Served, Served]
  readonly front: Front
  /** Where and by which authority the API server calls them. */
  readonly target: { readonly url: string; readonly ca: string }
  /** Between both and the API server. */
  readonly door: Door
  /** What both have said. */
  log(): string
}

export interface PairOptions {
  readonly bmc: BmcSimulator
  readonly environment?: Environment
  readonly resyncInterval?: string
}

/** They are ready, registered and called when this resolves; they end with the test. */
export async function startPair(t: Test, cluster: TestCluster, options: PairOptions): Promise<Pair> {
  const [front, door] = [await startFront(t), await startDoor(t, cluster)]
  const certificate = await createCertificates({ hosts: ['127.0.0.1'] })
  const url = `https://127.0.0.1:${front.port}`
  const environment = { ...options.environment, KUBECONFIG: door.kubeconfig }
  const start = (registered: boolean): Promise<Served> =>
    startServed(t, cluster, { resyncInterval: '5s', ...options, environment, certificate, url, registered })
  const replicas = [await start(true), await start(false)] as const
  await front.lead(...replicas.map(replica => Number(new URL(replica.url).port)))
  await eventually(async () => (await readiness({ url, ca: certificate.ca })) === 200, 'a replica is ready')
  return {
    replicas,
    front,
    door,
    target: { url, ca: certificate.ca },
    log: () => replicas.map(replica => replica.log()).join(''),
  }
}

/** A certificate for 127.0.0.1 as files, as settings of `serve`. */
export async function writeTlsFiles(folder: string): Promise<Environment> {
  const { cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const files = { PNAP_TLS_CERT: join(folder, 'tls.crt'), PNAP_TLS_KEY: join(folder, 'tls.key') }
  await Promise.all([writeFile(files.PNAP_TLS_CERT, cert), writeFile(files.PNAP_TLS_KEY, key)])
  return files
}

/** Status of /readyz. */
export const readiness = async (target: Pair['target']): Promise<number> =>
  (await call(target, { method: 'GET', path: '/readyz' })).status

/** Sends a review as the API server does, which gives it two seconds. @returns the answer's `response` */
export async function sendReview(
  target: Pair['target'],
  resource: 'nodes' | 'services',
  object: KubeObject,
): Promise<unknown> {
  const { namespace, name } = object.metadata
  const request = {
    uid: `review-of-${name}`,
    resource: { group: '', version: 'v1', resource },
    operation: 'CREATE',
    name,
    namespace,
    object,
  }
  const { status, text } = await call(target, {
    path: '/admission?timeout=2s',
    headers: { authorization: `Bearer ${WEBHOOK_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }),
  })
  return status === 200 ? (JSON.parse(text) as { response: unknown }).response : { status, text }
}

interface KubeObject {
  readonly metadata: { readonly namespace?: string; readonly name: string }
}

/** Strikes once, when the nth request that fits is at the door, and lets it pass to whatever is there then. */
export function strikeAt(
  door: Door,
  fits: (call: DoorCall) => boolean,
  nth: number,
  strike: () => Promise<void>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let seen = 0
  door.guard(async request => {
    if (fits(request) && ++seen === nth) await strike().then(resolve, reject)
    return undefined
  })
  return promise
}

/** Runs `work` once, when BMC is asked for a block, and before it answers. */
export function atPurchase(bmc: BmcSimulator, work: () => Promise<unknown>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  bmc.faults.add({
    operation: ({ operation }) => {
      if (operation === PURCHASE) work().then(() => resolve(), reject)
      return operation === PURCHASE
    },
    delayMs: 400,
    times: 1,
  })
  return promise
}

/** Registers a node, and tries until the API server has it, as a kubelet does. */
export const joinStubbornly = (api: Api, name: string): Promise<void> =>
  tryUntilStored(api, '/api/v1/nodes', createFakeNode(name))

/** Many at once, straight through the API. */
export async function createNodes(cluster: TestCluster, nodes: readonly FakeNode[]): Promise<void> {
  const api = createApi(cluster.kubeconfig())
  try {
    await mapLimit(nodes, PARALLEL, async body => {
      const { status } = await api.call({ method: 'POST', path: '/api/v1/nodes', body })
      if (status !== 201) throw new Error(`${body.metadata.name}: ${status}`)
    })
  } finally {
    api.close()
  }
}

/** Creates a Service in `default` as a deployment tool does that tries again whatever went wrong. */
export const createStubbornly = (api: Api, name: ServiceName): Promise<void> =>
  tryUntilStored(api, '/api/v1/namespaces/default/services', createManifest(name))

async function tryUntilStored(api: Api, path: string, body: object): Promise<void> {
  await eventually(async () => {
    const answer = await api.call({ method: 'POST', path, body }).catch(() => undefined)
    // 409: an earlier try was stored, and its answer lost.
    return answer?.status === 201 || answer?.status === 409
  }, `${path} holds what was sent`)
}

/** Revisions before the newest are forgotten: whoever reads on from one of them is refused. */
export async function compact({ url }: Etcd): Promise<void> {
  const ask = async (path: string, body: object): Promise<EtcdAnswer> => {
    const { default: fetch } = await import('node-fetch')
    const answer = await fetch(`${url}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await answer.json()) as EtcdAnswer
  }
  const { header } = await ask('range', { key: Buffer.from('/').toString('base64'), limit: 1 })
  await ask('compaction', { revision: header?.revision, physical: true })
}

interface EtcdAnswer {
  readonly header?: { readonly revision: string }
}

/** Every node of the cluster, but those of another provider, is what its server says, and none is missing. */
export async function expectJoined(t: Test, admin: Kube, ids: ReadonlyMap<string, string>): Promise<void> {
  const nodes = (await listNodes(admin)).filter(({ spec }) => !spec?.providerID?.startsWith(OTHER_PROVIDER))
  const found = nodes.map(node => [
    node.metadata.name,
    {
      providerID: node.spec?.providerID,
      isTainted: isTainted(node),
      hasAddress: node.status?.addresses?.some(({ type }) => type === 'InternalIP'),
    },
  ])
  const wanted = [...ids].map(([name, id]) => [
    name,
    { providerID: `phoenixnap://${id}`, isTainted: false, hasAddress: true },
  ])
  t.strictSame(Object.fromEntries(found), Object.fromEntries(wanted), 'every node is what its server says')
}
