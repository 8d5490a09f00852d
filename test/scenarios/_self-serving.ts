import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { startFromSettings } from '../../functions/serve.ts'
import type { Serving } from '../../functions/serving.ts'
import { type App, type AppOptions, createApp } from '../../shared/compose.ts'
import { hasCode } from '../../shared/errors.ts'
import type { Kube, KubeAnswer, KubeRequest } from '../../shared/kubernetes/client.ts'
import { applyObject } from '../../shared/register/apply.ts'
import { type KubeObject, readWebhooks } from '../../shared/register/manifests.ts'
import { type BmcSimulator, startBmcSimulator } from '../../shared/simulator/bmc/server.ts'
import { createTurnableClock, type TurnableClock } from '../../shared/simulator/clock.ts'
import { CONTROLLER, type TestCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import type { Environment } from '../support/world.ts'
import { type Front, startFront } from './_front.ts'
import { clearCluster, isTainted, WEBHOOK } from './_outage.ts'

export const SECRET = '/api/v1/namespaces/kube-system/secrets/cloud-provider-phoenixnap-serving'
/** While an API server has not heard of the registration yet, nodes join in vain. */
const MOST_JOINS = 300
const SERVICES = '/api/v1/namespaces/kube-system/services'

/** A cluster in which nobody but `serve` itself brings certificate, token and registration. */
export interface SelfScene {
  readonly admin: Kube
  readonly bmc: BmcSimulator
  readonly front: Front
  readonly environment: Environment
  /** A server with a name of its own, whose kubelet registers it. */
  readonly join: () => Promise<{ readonly name: string; readonly id: string; readonly tainted: boolean }>
}

/**
 * On the real API server the webhook is called through a Service. There is no kube-proxy, so that its type is
 * ExternalName: the API server resolves that one by itself, and verifies the certificate by the Service's name as always.
 */
export async function createSelfScene(t: Test, cluster: TestCluster): Promise<SelfScene> {
  const admin = await cluster.kube()
  await clearCluster(admin)
  await remove(admin, SECRET)
  await remove(admin, `${SERVICES}/ccm`)
  await installRole(admin)
  await installSelfRole(admin, await cluster.kube(CONTROLLER))
  const [bmc, front] = [await startBmcSimulator(), await startFront(t)]
  t.teardown(() => bmc.close())
  const spec = { type: 'ExternalName', externalName: 'localhost' }
  const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'ccm' }, spec }
  await admin.request({ method: 'POST', path: SERVICES, body })
  const where: Record<string, string> =
    cluster.kind === 'apiserver'
      ? { PNAP_WEBHOOK_SERVICE: `kube-system/ccm:${front.port}` }
      : { PNAP_WEBHOOK_URL: `https://127.0.0.1:${front.port}` }
  const environment = {
    PNAP_CLIENT_ID: 'sim-client',
    PNAP_CLIENT_SECRET: 'sim-secret',
    PNAP_BASE_URL: bmc.url,
    PNAP_LISTEN: '127.0.0.1:0',
    PNAP_SERVING_SECRET: 'kube-system/cloud-provider-phoenixnap-serving',
    PNAP_RESYNC_INTERVAL: '1h',
    PNAP_SHUTDOWN_GRACE: '1s',
    KUBECONFIG: await cluster.kubeconfigFile(CONTROLLER),
    ...where,
  }
  // Before anybody lists them: where a clock stands still, a list is never old.
  const servers = Array.from({ length: MOST_JOINS }, (_, index) =>
    bmc.backend.addServer({ hostname: `self-${index}` }),
  )
  async function join() {
    const { id, hostname: name } = servers.shift() ?? { id: '', hostname: 'one-too-many' }
    const node = await fakeKubelet(await cluster.kube(`system:node:${name}`), name)
    return { name, id, tainted: isTainted(node) }
  }
  return { admin, bmc, front, environment, join }
}

/** A registration of an earlier life: nobody is where it leads, and nobody has the key of its authority. */
export async function registerEarlierLife(admin: Kube, { front }: SelfScene, ca: string): Promise<void> {
  const url = { namespace: 'kube-system', name: 'ccm', port: front.port, path: '/admission/of-before' }
  for (const object of await readWebhooks({ url, ca }, CONTROLLER)) await applyObject(admin, object, false)
}

const SELF_ROLE = new URL('../../infra/rbac-self.yaml', import.meta.url)

export async function installSelfRole(admin: Kube, controller: Kube): Promise<void> {
  for (const document of parseAllDocuments(await readFile(SELF_ROLE, 'utf8')))
    await applyObject(admin, document.toJS() as KubeObject, false)
  // An API server hears of roles some moments after it stored them.
  for (const path of [SECRET, WEBHOOK]) while (await isForbidden(controller, path)) await sleep(20)
}

async function isForbidden(kube: Kube, path: string): Promise<boolean> {
  try {
    await kube.request({ path })
    return false
  } catch (error) {
    return hasCode(error, 'KUBE_FORBIDDEN')
  }
}

/** Deletes what may not be there. */
export async function remove(kube: Kube, path: string): Promise<void> {
  await kube.request({ method: 'DELETE', path }).catch((error: unknown) => {
    if (!hasCode(error, 'KUBE_NOT_FOUND')) throw error
  })
}

/** What the Secret holds, decoded. */
export async function readServingSecret(admin: Kube): Promise<Record<string, string>> {
  const { body } = await admin.request<{ data?: Record<string, string> }>({ path: SECRET })
  return Object.fromEntries(Object.entries(body.data ?? {}).map(([key, value]) => [key, decode(value)]))
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString()

export interface Registered {
  readonly metadata: { readonly resourceVersion: string }
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[]
}

/** PEM that the API server was told to trust. */
export async function readTrusted(admin: Kube): Promise<string> {
  const { body } = await admin.request<Registered>({ path: WEBHOOK })
  return Buffer.from(body.webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString()
}

export interface Replica {
  readonly serving: Serving
  readonly said: () => string
  /** How often it has read that file. */
  readonly reads: (path: string) => number
}

/** The API server's clock is the test's as well, for what `serve` keeps of itself. */
const dated = (kube: Kube, clock: JumpingClock): Kube => ({
  ...kube,
  request: async <T>(request: KubeRequest): Promise<KubeAnswer<T>> => ({
    ...(await clock.holdDuring(() => kube.request<T>(request))),
    date: clock.now(),
  }),
})

/** `serve` in this process, on a clock of the test. */
export async function startReplica(t: Test, environment: Environment, clock: JumpingClock): Promise<Replica> {
  const lines: string[] = []
  const read: string[] = []
  const io = {
    out: (): void => {},
    err: (line: string): void => void lines.push(line),
    env: environment,
    readFile: (path: string) => {
      read.push(path)
      return readFile(path, 'utf8')
    },
    clock,
    stop: new AbortController().signal,
  }
  const compose = async (options: AppOptions): Promise<App> => {
    const app = await createApp(options)
    return { ...app, kube: dated(app.kube, clock) }
  }
  const serving = await startFromSettings({ env: environment }, io, compose)
  t.teardown(() => serving.close())
  return { serving, said: () => lines.join(''), reads: path => read.filter(one => one === path).length }
}

/** A clock that is turned, and can be put forward before whoever sleeps on it wakes. */
export interface JumpingClock extends TurnableClock {
  jump(ms: number): void
  /** Is turned no further until the work has ended: a real API server's answer takes real time, and would come too late. */
  holdDuring<T>(work: () => Promise<T>): Promise<T>
}

/** Below the least limit of a request, the 10 s of the cloud's. */
const STEP_MS = 5000
const LOOK_MS = 5
/** What waits for the clock itself would otherwise wait for ever. */
const MOST_LOOKS = 400

export function createJumpingClock(start: number): JumpingClock {
  const clock = createTurnableClock(start)
  let ahead = 0
  const held = new Set<object>()
  return {
    now: () => clock.now() + ahead,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    async turn(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await clock.turn(Math.min(left, STEP_MS))
        for (let looks = 0; held.size > 0 && looks < MOST_LOOKS; looks++) await sleep(LOOK_MS)
      }
    },
    async holdDuring(work) {
      const hold = {}
      held.add(hold)
      try {
        return await work()
      } finally {
        held.delete(hold)
      }
    },
    jump: ms => {
      ahead += ms
    },
  }
}
