import type { Test } from 'tap'
import type { ResyncReport } from '../../../shared/controllers/contract.ts'
import { resync } from '../../../shared/controllers/resync/resync.ts'
import { makeInstance } from '../_make.ts'
import { createStage, type Stage } from '../_stage.ts'

export const SERVERS = ['a', 'b', 'c'].map(id => makeInstance(id, { hostname: `node-${id}` }))
export const SHUTDOWN = { key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' }
/** The Lease in a list of writes. */
export const LEASE = 'leases cloud-provider-phoenixnap-resync'

/** Three nodes that a first pass has initialised; the request log is empty. */
export async function setUp(t: Test): Promise<Stage> {
  const stage = await createStage(t, { instances: SERVERS })
  for (const { hostname } of SERVERS) stage.addNode(hostname, { ready: true })
  t.equal((await pass(stage)).state, 'complete')
  stage.simulator.requests.clear()
  return stage
}

export const pass = (stage: Stage, dryRun = false): Promise<ResyncReport> =>
  resync(stage.context, { ...stage.call(), dryRun })
