import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { createApi } from './api.ts'
import type { TestCluster } from './cluster.ts'

/** A guard, not a measure: what is waited for takes seconds at the most. */
const PATIENCE_MS = 60_000

export interface WatchEvent {
  readonly type: string
  readonly object: KubeNode
}

/** What a client that watched nodes from the start has seen. */
export interface NodeWatch {
  readonly events: readonly WatchEvent[]
  /** Resolves with the first event that fits, past or future. */
  until(fits: (event: WatchEvent) => boolean): Promise<WatchEvent>
  close(): void
}

/** Opens a watch from now on; resolves when the API server has accepted it. */
export async function watchNodes(cluster: TestCluster): Promise<NodeWatch> {
  const api = createApi(cluster.kubeconfig())
  const { body } = await api.call({ method: 'GET', path: '/api/v1/nodes?limit=1' })
  const from = body.metadata?.resourceVersion ?? '0'
  const stop = new AbortController()
  const events: WatchEvent[] = []
  const waiting = new Set<() => void>()

  async function read(): Promise<void> {
    for await (const line of api.watch(`/api/v1/nodes?watch=true&resourceVersion=${from}`, stop.signal)) {
      events.push(line as WatchEvent)
      for (const wake of waiting) wake()
    }
  }
  const reading = read().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })

  return {
    events,
    async until(fits) {
      for (;;) {
        const found = events.find(fits)
        if (found) return found
        await new Promise<void>((resolve, reject) => {
          const guard = setTimeout(
            () => reject(new Error('nothing of the kind was seen in time')),
            PATIENCE_MS,
          )
          const wake = (): void => {
            clearTimeout(guard)
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
        })
      }
    },
    close() {
      stop.abort()
      api.close()
      void reading
    },
  }
}
