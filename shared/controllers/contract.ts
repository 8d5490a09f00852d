import type { JsonPatch, KubeNode } from '../kubernetes/types.ts'

/** What a ring names: one object, or a whole kind when the name is not known (`deletecollection`, `generateName`). */
export interface ReconcileKey {
  readonly kind: 'Node'
  readonly name?: string | undefined
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
}

/** What became of one key. `retry`: something passing kept it from being done (a conflict, an API that was down). */
export interface ReconcileOutcome {
  readonly key: ReconcileKey
  readonly result: 'unchanged' | 'changed' | 'retry' | 'gone'
  readonly why: string
  /** Code of the error behind a retry. */
  readonly code?: string | undefined
}

/** One change that a pass makes, or would make in a dry run. */
export interface PlannedChange {
  readonly kind: 'Node' | 'ConfigMap'
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
  /** One outcome a key; a key that fails never stops the others. */
  reconcile(keys: readonly ReconcileKey[], call: WorkCall): Promise<readonly ReconcileOutcome[]>
  resync(call: WorkCall & { readonly dryRun?: boolean }): Promise<ResyncReport>
}
