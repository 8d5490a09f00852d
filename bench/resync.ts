import { createFakeNode } from '../test/support/fake-kubelet.ts'
import { CONTROLLER } from '../test/support/users.ts'
import { type Figure, nodeName, type Stage, startWorker } from './stage.ts'

const NODES = 1000

interface Pass {
  readonly state: string
  readonly changes: number
  readonly failures: number
  readonly requests: Readonly<Record<string, number>>
  /** Microseconds. */
  readonly cpu: number
}

/** Two passes over 1,000 nodes: the first initialises them all, the second finds nothing to do. */
export async function benchResync(stage: Stage): Promise<Figure[]> {
  const { admin, kubernetes, env } = stage
  for (let index = 0; index < NODES; index++) {
    await admin.request({ method: 'POST', path: '/api/v1/nodes', body: createFakeNode(nodeName(index)) })
  }
  const worker = await startWorker('resync-worker.ts', [], env)
  try {
    const pass = async (): Promise<Pass & { reads: number; writes: number; renewals: number }> => {
      kubernetes.requests.clear()
      const done = await worker.ask<Pass>('pass')
      if (done.state !== 'complete' || done.failures > 0)
        throw new Error(`a pass ended ${JSON.stringify(done)}`)
      const all = kubernetes.requests.count({ user: CONTROLLER })
      const written = kubernetes.requests.writes(CONTROLLER)
      const renewals = written.filter(({ resource }) => resource === 'leases').length
      return { ...done, writes: written.length - renewals, renewals, reads: all - written.length }
    }
    const first = await pass()
    if (first.changes < NODES) throw new Error(`the first pass made ${first.changes} changes`)
    const idle = await pass()
    return [
      { name: `first pass over ${NODES} nodes`, value: first.writes, unit: 'writes to the API server' },
      {
        name: `idle pass over ${NODES} nodes`,
        value: idle.writes,
        unit: 'writes besides its Lease',
        budget: { atMost: 0 },
      },
      { name: `idle pass over ${NODES} nodes`, value: idle.renewals, unit: 'writes of its Lease' },
      { name: `idle pass over ${NODES} nodes`, value: idle.reads, unit: 'reads of the API server' },
      {
        name: `idle pass over ${NODES} nodes`,
        value: countLists(idle.requests),
        unit: 'lists of BMC',
        budget: { atMost: 4 },
      },
      { name: `idle pass over ${NODES} nodes`, value: idle.cpu / 1e6, unit: 's of CPU time' },
    ]
  } finally {
    worker.close()
  }
}

/** Requests to BMC besides that for a token. */
const countLists = (requests: Pass['requests']): number =>
  Object.entries(requests)
    .filter(([operation]) => !/token/i.test(operation))
    .reduce((sum, [, count]) => sum + count, 0)
