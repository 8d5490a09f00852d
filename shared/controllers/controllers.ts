import type { Announcer } from '../announcers/contract.ts'
import type { Clock } from '../clock.ts'
import type { Cloud } from '../cloud-provider/contract.ts'
import { CcmError } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { listNodes } from '../kubernetes/nodes.ts'
import type { Log } from '../log.ts'
import { createBlockGuard } from './address/guard.ts'
import { createSupplyReader } from './address/supply-reader.ts'
import type { Controllers, NodeAdmission, ReconcileKey, ReconcileOutcome, WorkCall } from './contract.ts'
import { createJoins } from './inventory/joins.ts'
import { createLiveInstances } from './inventory/live.ts'
import { createInventoryReader } from './inventory/reader.ts'
import { createLimitNote } from './limit-note.ts'
import { mapLimit } from './map-limit.ts'
import type { Measured } from './measure.ts'
import { admitNode } from './node/admit.ts'
import type { NodeContext } from './node/context.ts'
import { reconcileNode } from './node/reconcile.ts'
import type { EndedPasses } from './resync/lease.ts'
import { resync } from './resync/resync.ts'
import { type Survey, survey } from './resync/survey.ts'
import { admitService } from './service/admit.ts'
import type { ServiceContext, ServiceSettings } from './service/context.ts'
import { toServiceKeys } from './service/expand-keys.ts'
import { reconcileService } from './service/reconcile.ts'
import { createRounds, type Rounds } from './service/rounds.ts'

export interface ControllerOptions extends Measured {
  readonly kube: Kube
  readonly cloud: Cloud
  readonly clock: Clock
  readonly log: Log
  /** A text that no other pass has. */
  readonly newHolder: () => string
  /** Undefined where load balancers are disabled. */
  readonly announcer: Announcer | undefined
  readonly settings: ServiceSettings & {
    readonly resyncIntervalMs: number
    readonly nodeDeleteGraceMs: number
    readonly nodeDeleteMaxShare: number
  }
}

/** The controllers, and the look at everything that `status` shows. */
export interface SurveyingControllers extends Controllers {
  /** @throws CcmError KUBE_* when the cluster cannot be read */
  survey(call: WorkCall): Promise<Survey>
}

/** Keys worked on at once in one invocation. */
const PARALLEL = 8

/** The controllers on a cluster and a cloud; all triggers share them, and with them caches and decisions. */
export function createControllers(options: ControllerOptions): SurveyingControllers {
  const { settings } = options
  const { resyncIntervalMs } = settings
  const inventory = createInventoryReader({ ...options, resyncIntervalMs })
  const live = createLiveInstances(options.cloud, options.clock)
  const addresses = createSupplyReader({ ...options, inventory, resyncIntervalMs })
  const guard = createBlockGuard(options)
  const endedPasses: EndedPasses = new Set()
  const context = { ...options, inventory, live, joins: createJoins(), addresses, guard, endedPasses }
  const rounds = createRounds(context)
  const tellOthers = createLimitNote(options)
  return {
    admitNode: (node, call) => orReason(() => admitNode(context, node, call)),
    admitService: async (review, call) => {
      const nothing = { patch: undefined, why: '', warnings: [], ring: [] }
      return { ...nothing, ...(await orReason(() => admitService(context, review, call))) }
    },
    reconcile: async (keys, call) => {
      const [nodes, services] = await Promise.all([
        reconcileNodes(context, keys, call),
        reconcileServices(context, rounds, keys, call),
      ])
      await tellOthers(call.signal)
      return [...nodes, ...services]
    },
    resync: call => resync(context, call),
    survey: call => survey(context, call),
  }
}

/** The handler logs the reason with the object, once. */
async function orReason<T extends NodeAdmission>(admit: () => Promise<T>): Promise<T | NodeAdmission> {
  try {
    return await admit()
  } catch (error) {
    const why = error instanceof CcmError ? `${error.code}: ${error.message}` : String(error)
    const code = error instanceof CcmError ? error.code : 'CCM_INTERNAL'
    return { patch: undefined, why, warnings: [], code }
  }
}

async function reconcileNodes(
  context: NodeContext,
  all: readonly ReconcileKey[],
  call: WorkCall,
): Promise<readonly ReconcileOutcome[]> {
  const keys = all.filter(({ kind }) => kind === 'Node')
  const named = keys.flatMap(({ name }) => (name === undefined ? [] : [name]))
  const others = named.length === keys.length ? [] : await listNodes(context.kube, call.signal)
  const names = [...new Set([...named, ...others.map(({ metadata }) => metadata.name)])]
  return mapLimit(names, PARALLEL, name => reconcileNode(context, name, call))
}

async function reconcileServices(
  context: ServiceContext,
  rounds: Rounds,
  all: readonly ReconcileKey[],
  call: WorkCall,
): Promise<readonly ReconcileOutcome[]> {
  const keys = all.filter(({ kind }) => kind === 'Service')
  const single = await toServiceKeys(context, keys, call)
  return mapLimit(single, PARALLEL, key => reconcileService(context, rounds, key, call))
}
