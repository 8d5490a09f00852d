import type { Clock } from '../../clock.ts'
import type { ToOwner } from '../../cloud-provider/contract.ts'
import type { ServiceRef } from '../../cloud-provider/load-balancer.ts'
import type { Kube, KubeRequest } from '../../kubernetes/client.ts'

/**
 * The way out, in this order: nobody calls us any more, nobody of ours may write any more, and only then what is left is
 * taken away. A host that still had its rights would put it back.
 */
export const PHASES = [
  'webhooks',
  'rights',
  'services',
  'nodes',
  'pools',
  'claims',
  'state',
  'accounts',
] as const
export type Phase = (typeof PHASES)[number]

/** One object, and what is to become of it. */
export interface Step {
  readonly phase: Phase
  readonly kind: string
  /** With its namespace where it has one, as `default/web`. */
  readonly name: string
  /** `handOver`: it stays, and is the operator's from now on. */
  readonly action: 'delete' | 'release' | 'keep' | 'change' | 'handOver'
  /** What is written, readably: field → value. */
  readonly detail: Readonly<Record<string, unknown>>
  readonly why: string
  /** The one write that does it, for the very object that was read. */
  readonly request: KubeRequest
}

/** What is told of a step. */
export type Change = Pick<Step, 'kind' | 'name' | 'action' | 'detail' | 'why'>

/** An object that is still there, or one that could not be read. */
export interface Failure {
  /** Kind and name, as `Service default/web`. */
  readonly name: string
  readonly code: string
  readonly message: string
  /** It could not be read: what of ours is there is not known. */
  readonly unread?: true
}

/** An address that stays with a Service. */
export interface KeptAddress {
  readonly address: string
  readonly service: string
}

/** A block that stays with the account, and on its bill. */
export interface KnownBlock {
  readonly id: string
  readonly cidr: string | undefined
  /** The Service that it was bought for. */
  readonly dedicatedTo?: ServiceRef | undefined
}

/** What was found of us in a cluster, and what became of it. */
export interface WithdrawReport {
  readonly changes: readonly Change[]
  readonly failures: readonly Failure[]
  readonly kept: readonly KeptAddress[]
  /** As the inventory names them. */
  readonly blocks: readonly KnownBlock[]
  /** What a person should know or do, a sentence each. */
  readonly notes: readonly string[]
}

export interface WithdrawParts {
  readonly kube: Kube
  readonly clock: Clock
  /** Told what happens while it happens, a line at a time. */
  readonly tell: (line: string) => void
  /** Whose a node is. */
  readonly toOwner: ToOwner
}

export interface WithdrawCall {
  /** Without it nothing is changed. */
  readonly confirm: boolean
  /** Addresses are taken from Services: those that lie in these blocks, and those that are claimed. */
  readonly release: { readonly cidrs: readonly string[] } | undefined
  readonly signal?: AbortSignal | undefined
}
