import type { Clock } from '../clock.ts'
import type { Cloud } from '../cloud-provider/contract.ts'
import { CcmError } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { listNodes } from '../kubernetes/nodes.ts'
import type { Log } from '../log.ts'
import type { Controllers, ReconcileKey, ReconcileOutcome, WorkCall } from './contract.ts'
import { createJoins } from './inventory/joins.ts'
import { createLiveInstances } from './inventory/live.ts'
import { createInventoryReader } from './inventory/reader.ts'
import { mapLimit } from './map-limit.ts'
import { admitNode } from './node/admit.ts'
import { reconcileNode } from './node/reconcile.ts'
import { resync } from './resync/resync.ts'

export interface ControllerOptions {
  readonly kube: Kube
  readonly cloud: Cloud
  readonly clock: Clock
  readonly log: Log
  /** A text that no other pass has. */
  readonly newHolder: () => string
  readonly settings: {
    readonly resyncIntervalMs: number
    readonly nodeDeleteGraceMs: number
    readonly nodeDeleteMaxShare: number
  }
}

/** Keys worked on at once in one invocation. */
const PARALLEL = 8

/** The controllers on a cluster and a cloud; all triggers share them, and with them caches and decisions. */
export function createControllers(options: ControllerOptions): Controllers {
  const { settings } = options
  const context = {
    ...options,
    inventory: createInventoryReader({ ...options, resyncIntervalMs: settings.resyncIntervalMs }),
    live: createLiveInstances(options.cloud, options.clock),
    joins: createJoins(),
  }

  async function toNames(keys: readonly ReconcileKey[], call: WorkCall): Promise<readonly string[]> {
    const named = keys.flatMap(({ name }) => (name === undefined ? [] : [name]))
    if (named.length === keys.length) return [...new Set(named)]
    const all = await listNodes(options.kube, call.signal)
    return [...new Set([...named, ...all.map(({ metadata }) => metadata.name)])]
  }

  async function reconcile(
    keys: readonly ReconcileKey[],
    call: WorkCall,
  ): Promise<readonly ReconcileOutcome[]> {
    const names = await toNames(keys, call)
    return mapLimit(names, PARALLEL, name => reconcileNode(context, name, call))
  }

  return {
    async admitNode(node, call) {
      try {
        return await admitNode(context, node, call)
      } catch (error) {
        // The handler logs the reason with the node, once.
        const why = error instanceof CcmError ? `${error.code}: ${error.message}` : String(error)
        return { patch: undefined, why, warnings: [] }
      }
    },
    admitService: async () => ({
      patch: undefined,
      why: 'load balancers are disabled',
      warnings: [],
      ring: [],
    }),
    reconcile,
    resync: call => resync(context, call),
  }
}
