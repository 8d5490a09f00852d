import type { JsonPatch, KubeNode, KubeService } from '../kubernetes/types.ts'

/** What a ring names: one object, or a whole kind when the name is not known (`deletecollection`, `generateName`). */
export interface ReconcileKey {
  readonly kind: 'Node' | 'Service'
  /** Of a Service. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  /**
   * Rung from a review, before its change is stored: the resourceVersion that the object had then, '' when there was none.
   * Reconcile reads again for some seconds until it finds another one; two keys that differ in nothing else are one.
   */
  readonly seen?: string | undefined
}

/** Limits that a handler passes down; it decides nothing else. */
export interface WorkCall {
  /** Milliseconds since 1970 by which the work must have ended. */
  readonly deadline: number
  readonly signal?: AbortSignal | undefined
}

/** What became of a node in review. No patch: it is let through untouched and the rest of the system finishes. */
export interface NodeAdmission {
  readonly patch: JsonPatch | undefined
  readonly why: string
  /** Shown to the user by kubectl; each at most 256 characters. */
  readonly warnings: readonly string[]
  /** Code of what kept it from being worked on. */
  readonly code?: string | undefined
}

/** A Service in review. */
export interface ServiceReview {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  /** Empty while the API server has yet to make one (`generateName`). */
  readonly name: string
  readonly namespace: string
  /** Undefined on DELETE. */
  readonly service: KubeService | undefined
  /** Undefined on CREATE. */
  readonly old: KubeService | undefined
  readonly dryRun: boolean
}

/** What became of a Service in review. */
export interface ServiceAdmission extends NodeAdmission {
  /** Keys that reconcile is to look at once the change is stored; empty in a dry run. */
  readonly ring: readonly ReconcileKey[]
}

/**
 * What became of one key. `waiting`: the cloud is at work on it, look again after `retryAfterMs`. `retry`: something passing kept it from being done (a conflict, an API that was down).
 */
export interface ReconcileOutcome {
  readonly key: ReconcileKey
  readonly result: 'unchanged' | 'changed' | 'waiting' | 'retry' | 'gone'
  /** With `waiting`: milliseconds after which it is worth looking again. */
  readonly retryAfterMs?: number | undefined
  readonly why: string
  /** Code of the error behind a retry. */
  readonly code?: string | undefined
}

/** One change that a pass makes, or would make in a dry run. */
export interface PlannedChange {
  readonly kind: 'Node' | 'ConfigMap' | 'Service' | 'IPAddress' | 'IPBlock' | 'Pool'
  /** Of a Service with its namespace, as `default/web`. */
  readonly name: string
  /** As `initialise`, `updateAddresses`, `repairLabels`, `taintShutdown`, `untaintShutdown`, `deleteNode`. */
  readonly action: string
  /** What is written, readably: field → value. */
  readonly detail: Readonly<Record<string, unknown>>
  readonly why: string
}

/** What a pass over everything found and did. */
export interface ResyncReport {
  /** `busy`: another pass is at work, nothing was done. `incomplete`: a side could not be read; the error says which. */
  readonly state: 'complete' | 'busy' | 'incomplete'
  readonly nodes: number
  readonly instances: number
  /** Services that are served or cleaned up. */
  readonly services: number
  readonly changes: readonly PlannedChange[]
  /** Decisions not to act that an operator should see, as `node-a: deletion held back: …`. */
  readonly held: readonly string[]
  /** One entry an object that failed; the others were worked on all the same. */
  readonly failures: readonly { readonly name: string; readonly code: string; readonly message: string }[]
  readonly durationMs: number
  /** Requests of this pass to the cloud, by operation. */
  readonly requests: Readonly<Record<string, number>>
}

/** The controllers as the handlers see them. */
export interface Controllers {
  /** For a Node CREATE review; reads only. @throws never: what could not be found out is a reason in the answer */
  admitNode(node: KubeNode, call: WorkCall): Promise<NodeAdmission>
  /** For a review of a Service; writes claims only, and none in a dry run. @throws never, as admitNode */
  admitService(review: ServiceReview, call: WorkCall): Promise<ServiceAdmission>
  /** One outcome a key; a key that fails never stops the others. */
  reconcile(keys: readonly ReconcileKey[], call: WorkCall): Promise<readonly ReconcileOutcome[]>
  resync(call: WorkCall & { readonly dryRun?: boolean }): Promise<ResyncReport>
}
