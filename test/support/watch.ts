import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeNode } from '../../shared/kubernetes/types.ts'
import { createApi } from './api.ts'
import type { TestCluster } from './cluster.ts'

/** A guard, not a measure: what is waited for takes seconds at the most. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 50
const TOO_MANY_REQUESTS = 429

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

/** Watches from now on: nothing that happens after it has resolved is missed. */
export async function watchNodes(cluster: TestCluster): Promise<NodeWatch> {
  const api = createApi(cluster.kubeconfig())
  const { body } = await api.call({ method: 'GET', path: '/api/v1/nodes?limit=1' })
  const from = body.metadata?.resourceVersion ?? '0'
  const stop = new AbortController()
  const events: WatchEvent[] = []
  const waiting = new Set<() => void>()

  async function readFrom(version: string): Promise<string> {
    let last = version
    for await (const line of api.watch(`/api/v1/nodes?watch=true&resourceVersion=${version}`, stop.signal)) {
      const event = line as WatchEvent & { readonly code?: number }
      // An API server that has just started may refuse for a moment, with a Status instead of events.
      if (event.code === TOO_MANY_REQUESTS) break
      if (event.type === 'ERROR' || event.code) throw new Error(`the watch ended: ${JSON.stringify(line)}`)
      last = event.object.metadata.resourceVersion ?? last
      events.push(event)
      for (const wake of waiting) wake()
    }
    return last
  }

  /** The API server ends the watch of a client that is slow for a moment: as clients do, it goes on from there. */
  async function read(): Promise<void> {
    for (let version = from; !stop.signal.aborted; ) {
      version = await readFrom(version)
      await sleep(PAUSE_MS, undefined, { signal: stop.signal })
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
