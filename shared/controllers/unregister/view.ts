import type { PoolKind } from '../../announcers/contract.ts'
import type { ErrorCode } from '../../errors.ts'
import type { KubeNode, KubeService, ObjectMeta } from '../../kubernetes/types.ts'
import type { AddressBook } from '../address/contract.ts'
import type { StoredPool } from '../address/pool-plan.ts'
import type { Failure, KnownBlock, Phase } from './contract.ts'

/** A kind of which objects are deleted as a whole. */
export interface Kind {
  readonly phase: Phase
  readonly kind: string
  /** API group and version, as `/api/v1`. */
  readonly prefix: string
  readonly resource: string
}

export interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** An object of such a kind. */
export interface Stored {
  readonly metadata: ObjectMeta
  /** Of a binding. */
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly Subject[]
  /** Names of a Secret's keys; what they hold is not kept. */
  readonly keys?: readonly string[]
}

/** A list that could not be read. */
export interface Unread extends Failure {
  readonly code: ErrorCode
  readonly unread: true
}

/** Everything that may be ours in a cluster, as it was read. */
export interface ClusterView {
  readonly objects: readonly { readonly kind: Kind; readonly object: Stored }[]
  /** They bear our label, and are not ours by their names. */
  readonly foreign: readonly { readonly kind: Kind; readonly object: Stored }[]
  readonly services: readonly KubeService[]
  readonly nodes: readonly KubeNode[]
  /** Pools with our label or name, with the version of the API that serves them. */
  readonly pools: readonly { readonly kind: PoolKind; readonly pool: StoredPool }[]
  readonly book: AddressBook
  readonly blocks: readonly KnownBlock[]
  readonly workloads: readonly { readonly kind: string; readonly metadata: ObjectMeta }[]
  /** Secrets by the chart's names for certificates, made by cert-manager. */
  readonly certificates: readonly ObjectMeta[]
  /** What could not be read: with any of these the view is a part of the truth, and decides nothing. */
  readonly failures: readonly Unread[]
}
