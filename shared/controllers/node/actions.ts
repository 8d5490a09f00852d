import type { NodeAddress } from '../../cloud-provider/contract.ts'
import type { ErrorCode } from '../../errors.ts'
import type { Taint } from '../../kubernetes/types.ts'

/** What an action writes into a Node; absent fields stay as they are. */
export interface NodeFields {
  readonly providerID?: string
  readonly labels?: Readonly<Record<string, string>>
  /** null removes. */
  readonly annotations?: Readonly<Record<string, string | null>>
  /** Whole list: a merge by type would mix old and new ones. */
  readonly addresses?: readonly NodeAddress[]
  /** Taints of these keys go, whatever their value or effect. */
  readonly removeTaints?: readonly string[]
  readonly addTaints?: readonly Taint[]
}

/** One thing to do about a node, with its reason. */
export interface NodeAction {
  readonly do:
    | 'initialise'
    | 'updateAddresses'
    | 'repairLabels'
    | 'taintShutdown'
    | 'untaintShutdown'
    | 'markMissing'
    | 'unmarkMissing'
  readonly set: NodeFields
  readonly why: string
}

/** Which of the three ways a decision is made for; admission writes no event. */
export type Trigger = 'admission' | 'reconcile' | 'resync'

/** What a user should read in `kubectl describe node`. */
export interface NodeEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** Source as the Go controllers name it. */
  readonly component: 'cloud-node-controller' | 'cloud-node-lifecycle-controller'
}

/** What to do about one node. */
export interface NodeDecision {
  readonly actions: readonly NodeAction[]
  readonly events: readonly NodeEvent[]
  /** Why it is so, for the log line of this decision. */
  readonly why: string
  /** Code when something keeps the node from being initialised or kept up. */
  readonly code?: ErrorCode
}

/** All that several actions write, as one. */
export function mergeFields(actions: readonly NodeAction[]): NodeFields {
  const sets = actions.map(({ set }) => set)
  const providerID = sets.find(set => set.providerID !== undefined)?.providerID
  const addresses = sets.findLast(set => set.addresses !== undefined)?.addresses
  const labels = Object.assign({}, ...sets.map(set => set.labels ?? {})) as Record<string, string>
  const annotations = Object.assign({}, ...sets.map(set => set.annotations ?? {})) as Record<
    string,
    string | null
  >
  const removeTaints = sets.flatMap(set => set.removeTaints ?? [])
  const addTaints = sets.flatMap(set => set.addTaints ?? [])
  return {
    ...(providerID === undefined ? {} : { providerID }),
    ...(addresses === undefined ? {} : { addresses }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(removeTaints.length === 0 ? {} : { removeTaints }),
    ...(addTaints.length === 0 ? {} : { addTaints }),
  }
}

/** A node's taints after a change: every other one keeps its place. */
export function changeTaints(taints: readonly Taint[], fields: NodeFields): readonly Taint[] {
  const kept = taints.filter(({ key }) => !fields.removeTaints?.includes(key))
  return [...kept, ...(fields.addTaints ?? [])]
}
