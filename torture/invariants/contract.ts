import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock, Server } from '../../shared/simulator/bmc/types.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import type { Call, Entry } from '../world/contract.ts'
import type { InvariantId } from './table.ts'

/** Something that must never happen, and has. */
export interface Violation {
  readonly invariant: InvariantId
  /** True virtual time, in milliseconds since 1970. */
  readonly at: number
  /** `services default/web`, `ip-blocks 60473a…`. */
  readonly object: string
  readonly what: string
}

/** A violation as a check finds it: when, is told by whoever asked. */
export type Fault = Omit<Violation, 'at'>

/** What the checks have to know of a world beside its history. Durations in milliseconds. */
export interface CheckerInputs {
  /** UID of kube-system: value of the tag `cluster`. */
  readonly clusterUid: string
  readonly networkId: string
  /** Whether an entry's `by` names a controller; everybody else is a user, the cluster or the cloud. */
  readonly isProcess: (by: string) => boolean
  readonly cluster: { list(resource: string): readonly KubeObject[] }
  readonly cloud: {
    servers(): readonly Server[]
    /** Those that the API lists, where its list is cut. */
    listedServers?(): readonly Server[]
    ipBlocks(): readonly IpBlock[]
    /** Addresses that servers have on the network. */
    memberAddresses?(): readonly string[]
  }
  readonly now: () => number
  /** The API server's own clock, where that may be wrong. */
  readonly clusterNow?: (() => number) | undefined
  /** Texts that nobody may find outside the settings. */
  readonly secrets: readonly string[]
  readonly logs: () => readonly { readonly by: string; readonly lines: readonly string[] }[]
  readonly settings: CheckerSettings
  /** True for a user's request that the API server would refuse without the controllers as well. */
  readonly isRefusedAnyway?: ((call: Call) => boolean) | undefined
  /** Whether another block can be had: quota and stock. It can by default. */
  readonly canBuy?: (() => boolean) | undefined
  /** False for a Service whose user asks for what cannot be had, or that a rule of the operator keeps waiting. */
  readonly isServable?: ((service: KubeService) => boolean) | undefined
  /** True for a text that names an object which somebody keeps bad for good: at rest nothing is asked of it. */
  readonly isSpoilt?: ((text: string) => boolean) | undefined
}

export interface CheckerSettings {
  readonly announcer: string
  readonly ipAllocation: 'packed' | 'dedicated'
  readonly resyncIntervalMs: number
  readonly nodeDeleteGraceMs: number
  readonly nodeDeleteMaxShare: number
  readonly releaseQuarantineMs: number
  readonly typeChangeQuarantineMs: number
  readonly blockGraceMs: number
  /** The longest that anybody may still go by: what is due is done within them. */
  readonly longest: Pick<CheckerSettings, 'releaseQuarantineMs' | 'blockGraceMs'>
  readonly minFreeAddresses: number
  readonly maxBlocks: number
  readonly classes: readonly string[]
  /** False where not every namespace may keep the addresses of its deleted Services. */
  readonly everybodyRetains: boolean
}

export interface Checker {
  /** To be asked for every entry, as soon as it is made. */
  check(entry: Entry): readonly Violation[]
  /** What must hold once everything has come to rest: faults are over, and passes were made until they had nothing to do. */
  atRest(): readonly Violation[]
  /** From now on nothing is to be written at all, the resync Lease aside; until `wake`. */
  rest(): void
  wake(): void
  /** Somebody who is no controller has had a hand on a block (its id) or an address, beside the history. */
  touched(id: string): void
}

/** One group of checks over a world. */
export interface Checks {
  /** After the state has taken the entry in. */
  check?(entry: Entry): readonly Fault[]
  atRest?(): readonly Fault[]
}
