import type { Clock } from '../../clock.ts'
import type { Leftovers } from '../../cloud-provider/leftovers.ts'
import type { PlannedChange, WorkCall } from '../contract.ts'

/** What the kubeconfig led to. A living cluster of the UID in question is no finding: it is refused. */
export interface ClusterFinding {
  /**
   * `none`: no cluster is configured; `other`: a living cluster of another UID; `unreachable`: nobody answers there;
   * `unregistered`: it is alive, and nothing of ours is left in it.
   */
  readonly state: 'none' | 'other' | 'unreachable' | 'unregistered'
  readonly why: string
}

/** Why a block is still there, or why the work could not go on. */
export interface CleanupFailure {
  /** Id of the block; `cluster` or `cloud` for what concerns all of them. */
  readonly name: string
  readonly code: string
  readonly message: string
}

/** What was found of a cluster that has gone, and what became of it. */
export interface CleanupReport {
  /** `clean`: nothing is left; `planned`: blocks are there and nothing was changed; `left`: not all could be given back. */
  readonly state: 'clean' | 'planned' | 'left'
  readonly cluster: string
  readonly lookedAt: ClusterFinding
  /** Blocks that were there at the beginning. */
  readonly blocks: number
  readonly changes: readonly PlannedChange[]
  readonly failures: readonly CleanupFailure[]
  readonly durationMs: number
  /** Requests to the cloud, by operation. */
  readonly requests: Readonly<Record<string, number>>
}

export interface CleanupParts {
  readonly leftovers: Leftovers
  readonly clock: Clock
  /** Looked at before each round: a cluster may come back. @throws CcmError CCM_CLUSTER_ALIVE */
  readonly lookAtCluster: (signal?: AbortSignal) => Promise<ClusterFinding>
  readonly requestCounts: () => ReadonlyMap<string, number>
  /** Told what happens while it happens, a line at a time. */
  readonly tell: (line: string) => void
}

export interface CleanupCall extends WorkCall {
  /** What the UID of the cluster's namespace kube-system was. */
  readonly cluster: string
  /** Without it nothing is changed. */
  readonly confirm: boolean
}
