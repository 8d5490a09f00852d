import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Kube } from '../../shared/kubernetes/client.ts'
import type { TestCluster } from './cluster.ts'

interface Secret {
  readonly type?: string
  readonly data?: object
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly annotations?: Readonly<Record<string, string>>
  }
}

const TYPE = 'kubernetes.io/service-account-token'
const ACCOUNT = 'kubernetes.io/service-account.name'
const POLL_MS = 100

/** Fills token Secrets of service accounts as kube-controller-manager does; ends with the test. */
export async function startTokenController(t: Test, cluster: TestCluster): Promise<void> {
  const kube = await cluster.kube()
  const end = new AbortController()
  const work = fillUntil(kube, cluster, end.signal)
  t.teardown(() => {
    end.abort()
    return work
  })
}

async function fillUntil(kube: Kube, cluster: TestCluster, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    await fillAll(kube, cluster)
    await sleep(POLL_MS, undefined, { signal: end }).catch(() => {})
  }
}

async function fillAll(kube: Kube, cluster: TestCluster): Promise<void> {
  const { body } = await kube.request<{ readonly items: readonly Secret[] }>({ path: '/api/v1/secrets' })
  for (const { type, data, metadata } of body.items) {
    if (type !== TYPE || data) continue
    const { name, namespace, annotations } = metadata
    const user = `system:serviceaccount:${namespace}:${annotations?.[ACCOUNT]}`
    await kube.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
      patch: 'merge',
      body: { data: { token: Buffer.from(cluster.tokenFor(user)).toString('base64') } },
    })
  }
}
