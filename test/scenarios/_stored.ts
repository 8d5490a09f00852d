import type { Test } from 'tap'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { createApi } from '../support/api.ts'
import type { TestCluster } from '../support/cluster.ts'

/** Every version of every Service that is stored from now on. */
export async function watchServices(t: Test, cluster: TestCluster): Promise<readonly KubeService[]> {
  const api = createApi(cluster.kubeconfig())
  const { body } = await api.call({ method: 'GET', path: '/api/v1/services?limit=1' })
  const from = body.metadata?.resourceVersion ?? '0'
  const stop = new AbortController()
  const seen: KubeService[] = []
  async function read(): Promise<void> {
    for await (const line of api.watch(`/api/v1/services?watch=true&resourceVersion=${from}`, stop.signal)) {
      seen.push((line as { object: KubeService }).object)
    }
  }
  const reading = read().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  t.teardown(async () => {
    stop.abort()
    api.close()
    await reading
  })
  return seen
}
