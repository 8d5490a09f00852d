import type { BlockState, IPFamily } from '../cloud-provider/load-balancer.ts'
import type { ClaimState, Gate } from '../controllers/address/contract.ts'

/** What people are shown: values only, all times in milliseconds since 1970 by the API server's clock. */
export interface Status {
  /** When it was looked. */
  readonly at: number
  /** UID of kube-system; undefined where it could not be read. */
  readonly cluster: string | undefined
  readonly version: string
  /** `well`: nothing waits, nothing is held back; `unknown`: a side could not be read, so that nobody can tell. */
  readonly verdict: 'well' | 'attention' | 'unknown'
  /** Why it is not `well`, the most urgent first. */
  readonly reasons: readonly string[]
  readonly pass: PassStatus
  readonly bmc: BmcStatus
  readonly goProgram: GoProgramStatus
  readonly nodes: NodesStatus
  readonly services: ServicesStatus
  readonly addresses: AddressesStatus
  /** Decisions not to act that a safeguard made. */
  readonly held: readonly string[]
  readonly failures: readonly Failure[]
  /** Changes that the next pass makes. */
  readonly pending: readonly Pending[]
}

/** Something that could not be found out or done. `action` is what to do about it. */
export interface Failure {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly action: string
}

export interface Pending {
  readonly kind: string
  readonly name: string
  readonly action: string
  readonly why: string
}

export interface PassStatus {
  /** When the last pass that saw every server took the Lease; undefined: none ever did. */
  readonly completedAt: number | undefined
  /** When any pass began last. */
  readonly startedAt: number | undefined
  /** Who is at work now. */
  readonly holder: string | undefined
  readonly ageMs: number | undefined
  readonly intervalMs: number
  /** Older than three intervals, or there never was one. */
  readonly isLate: boolean
  /** Nodes that were deleted within the last ten minutes. */
  readonly deleted: number
}

/**
 * `limited`: BMC asked to be left alone until `until`; `unreachable`: it does not answer, by passes since `since`;
 * `failing`: it answers, but not what was asked for.
 */
export interface BmcStatus {
  readonly state: 'answers' | 'limited' | 'unreachable' | 'failing'
  readonly since: number | undefined
  readonly until: number | undefined
  readonly failure: Failure | undefined
  /** Servers of the account; undefined where they could not be listed. */
  readonly servers: number | undefined
}

/** The Go program that this one takes the place of. `unknown`: who looked may not see it, or got no answer. */
export interface GoProgramStatus {
  readonly state: 'absent' | 'running' | 'unknown'
  readonly what: string
}

/** `waiting`: not initialised; `missing`: BMC has no server for it; `foreign`: of another cloud or of nobody. */
export const NODE_STATES = ['waiting', 'missing', 'shutdown', 'notReady', 'ready', 'foreign'] as const
export type NodeState = (typeof NODE_STATES)[number]

export interface NodeStatus {
  readonly name: string
  readonly state: NodeState
  /** What it waits for, or what keeps it as it is; empty where there is nothing to say. */
  readonly why: string
  readonly code: string | undefined
  readonly action: string | undefined
  readonly serverId: string | undefined
  /** Since when it waits, or its server is missing. */
  readonly since: number | undefined
}

export interface NodesStatus {
  readonly counts: Readonly<Record<NodeState, number>>
  /** All, those in trouble first, each kind by name. */
  readonly rows: readonly NodeStatus[]
}

/** `leaving`: it is cleaned up; `left`: somebody else serves it. */
export const SERVICE_STATES = ['waiting', 'leaving', 'left', 'served'] as const
export type ServiceState = (typeof SERVICE_STATES)[number]

export interface ServiceStatus {
  /** As `default/web`. */
  readonly name: string
  readonly state: ServiceState
  /** What it is served with now. */
  readonly addresses: readonly string[]
  readonly why: string
  /** What it asks for and cannot have, served or not. */
  readonly problems: readonly { readonly code: string; readonly message: string }[]
  readonly since: number | undefined
}

export interface ServicesStatus {
  /** False where load balancers are disabled. */
  readonly enabled: boolean
  readonly counts: Readonly<Record<ServiceState, number>>
  readonly rows: readonly ServiceStatus[]
}

/** What an address of a block is, in the order of the legend. `unreadable`: an object of ours that nobody understands. */
export const ADDRESS_KINDS = [
  'used',
  'unconfirmed',
  'resting',
  'retained',
  'free',
  'reserved',
  'server',
  'unreadable',
  'network',
  'gateway',
  'broadcast',
] as const
export type AddressKind = (typeof ADDRESS_KINDS)[number]

/** Addresses beside each other that are the same; one that has a Service stands alone. */
export interface AddressRun {
  readonly first: string
  readonly last: string
  /** Rounded beyond 2^53. */
  readonly count: number
  readonly kind: AddressKind
  /** As `default/web`. */
  readonly service?: string
  /** Until when it rests, or waits to be confirmed. */
  readonly until?: number | undefined
  readonly why?: string | undefined
}

export interface BlockStatus {
  readonly id: string
  /** Undefined while nobody knows, or believes, its range. */
  readonly cidr: string | undefined
  readonly family: IPFamily
  readonly location: string
  readonly state: BlockState
  /** BMC's own word. */
  readonly status: string
  readonly gate: Gate['state'] | undefined
  /** Since when no claim lies in it. */
  readonly unusedSince: number | undefined
  readonly isMarked: boolean
  /** False where it is only remembered: BMC could not be asked. */
  readonly isSeen: boolean
  readonly dedicatedTo: string | undefined
  readonly doubt: string | undefined
  readonly counts: Readonly<Partial<Record<AddressKind, number>>>
  readonly runs: readonly AddressRun[]
}

export interface AddressesStatus {
  readonly claims: Readonly<Record<ClaimState, number>>
  /** Addresses of open blocks that nobody has, by family. */
  readonly free: Readonly<Record<IPFamily, number>>
  /** By range; those without one last. */
  readonly blocks: readonly BlockStatus[]
}
