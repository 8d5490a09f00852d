import type { ErrorCode } from '../errors.ts'
import type { CloudCall } from './contract.ts'

/** As in Service.spec.ipFamilies. */
export type IPFamily = 'IPv4' | 'IPv6'

/** A Service by its key. */
export interface ServiceRef {
  readonly namespace: string
  readonly name: string
}

/**
 * Where a block stands: `coming` (bought, not assigned yet), `assigned` (its addresses can be announced), `failed` (its
 * assignment or removal ended in an error), `going` (being given back), `elsewhere` (assigned to another network than
 * the settings name: what Services have in it stays, and nobody else gets anything there).
 */
export type BlockState = 'coming' | 'assigned' | 'failed' | 'going' | 'elsewhere'

/**
 * Creation and assignment take seconds to minutes, other clients give up after 15: then nobody waits for the block, and its
 * addresses are got from another one.
 */
export const BLOCK_PATIENCE_MS = 15 * 60_000

/** A range of public addresses that the cloud gave to this cluster. */
export interface AddressBlock {
  readonly id: string
  /** Canonical; undefined while the cloud has not said it yet. */
  readonly cidr: string | undefined
  readonly family: IPFamily
  readonly location: string
  readonly state: BlockState
  /** The cloud's own word, kept as it is. */
  readonly status: string
  /** What Services may have of it: without network, gateway and broadcast address. Undefined where nothing is left. */
  readonly usable: UsableRange | undefined
  /**
   * Why the range that the cloud tells is not believed, for people. Such a block has neither cidr nor usable addresses,
   * and stays as it is until the cloud tells another range.
   */
  readonly doubt?: string | undefined
  /** Set on a block that was bought for one Service. */
  readonly dedicatedTo: ServiceRef | undefined
  /** Id of the purchase that it came from. */
  readonly purchase: string | undefined
  /** True once it was marked as to be given back. */
  readonly marked: boolean
  /** True when it is on the public network, or on its way in or out. */
  readonly onNetwork: boolean
  /** Since its creation until it was read: the least of what several clocks say; undefined where none can tell. */
  readonly ageMs: number | undefined
}

/** Addresses from `first` to `last`, both included; `count` ends at 2^53 - 1. */
export interface UsableRange {
  readonly first: string
  readonly last: string
  readonly count: number
}

/** What a cluster has of public addresses, read from the cloud at one moment. */
export interface AddressSupply {
  readonly network: {
    readonly id: string
    readonly location: string
    /** The cloud's own word. */
    readonly status: string
  }
  /** Blocks of this cluster, wherever they are; never those of other clusters. By id. */
  readonly blocks: readonly AddressBlock[]
  /** Addresses of the network that belong to its members (servers), canonical; never given to a Service. */
  readonly memberAddresses: readonly string[]
  /** Ids that were expected and exist, but do not bear the cluster's marks any more: neither gone nor to be touched. */
  readonly unlisted: readonly string[]
  /** Blocks of anybody on the network, ours included: it takes a limited number of each family. */
  readonly occupied: Readonly<Record<IPFamily, number>>
}

/** Addresses that are lacking, beyond what is free in assigned blocks. */
export interface AddressNeed {
  readonly family: IPFamily
  readonly count: number
  /** Set where they must be in a block of this Service's own. */
  readonly service?: ServiceRef | undefined
}

/** What ensureLoadBalancer is asked for. */
export interface AddressDemand {
  readonly needs: readonly AddressNeed[]
  /** Ids of blocks in which Services have addresses, or ask for some: they are kept and repaired. */
  readonly inUse: readonly string[]
  /**
   * The block of each address that somebody has already, as often as it has such addresses: only the rest of it can
   * serve the needs. Undefined: no block in use has any left.
   */
  readonly claimed?: readonly string[] | undefined
  /**
   * Ids of the assigned blocks whose free addresses the needs are beyond. What was assigned since then counts as on its
   * way, so that a demand worked out a moment ago buys nothing twice. Undefined: all that are assigned now.
   */
  readonly counted?: readonly string[] | undefined
  /**
   * Ids of all blocks of the cluster that there were a moment ago, those included that are on their way or leave: a list
   * without one of them is looked into before anything is bought beside it.
   */
  readonly known?: readonly string[] | undefined
}

/** A purchase that was decided on and perhaps sent; kept where every handler of the cluster sees it. */
export interface PurchaseIntent {
  /** Goes into the tags of the block. */
  readonly id: string
  readonly family: IPFamily
  readonly prefixLength: number
  readonly service?: ServiceRef | undefined
  /** When the request was last about to be sent, in milliseconds since 1970 by the cluster's clock. */
  readonly since: number
}

/** A block that was bought and may not show in the cloud's list yet, or does not serve yet; or that the cloud refused to assign. */
export interface BoughtBlock {
  readonly id: string
  /** When that was, in milliseconds since 1970 by the cluster's clock; undefined where nobody noted it. */
  readonly since: number | undefined
}

/** Keeps all handlers of a cluster but one from changing blocks, and remembers the purchase under way. */
export interface BlockGuard {
  /**
   * Runs `work` while no other handler of this cluster runs one.
   *
   * @returns what the work returned, or `busy` when another handler is at work
   * @throws CcmError KUBE_*, and whatever the work throws
   */
  exclusively<T>(work: (hold: BlockHold) => Promise<T>, call: CloudCall): Promise<T | 'busy'>
}

/** The right to change blocks, for a limited time. */
export interface BlockHold {
  /** The cluster's time when it was given, in milliseconds since 1970. */
  readonly now: number
  readonly intent: PurchaseIntent | undefined
  readonly bought: readonly BoughtBlock[]
  /**
   * Stores the intent before it is acted on, or forgets it; in the same write what was bought, where `bought` says it.
   *
   * @throws CcmError KUBE_CONFLICT when the hold was lost
   */
  setIntent(intent: PurchaseIntent | undefined, bought?: readonly BoughtBlock[]): Promise<void>
  /** Reads again whether it still holds. @returns milliseconds left; @throws CcmError KUBE_CONFLICT when it was lost */
  confirm(): Promise<number>
}

export interface LoadBalancerCall extends CloudCall {
  readonly guard: BlockGuard
  /** Plan only: nothing is changed, and the guard is not asked. */
  readonly dryRun?: boolean | undefined
}

export interface ListAddressesCall extends CloudCall {
  /**
   * Ids of blocks that the cluster knows of. One that the list lacks is asked for by itself: a list that was cut must
   * not read as blocks that have gone.
   */
  readonly expected?: readonly string[] | undefined
}

/** One change of a block, made or (in a dry run) planned. */
export interface BlockChange {
  readonly do: 'buy' | 'assign' | 'repair' | 'keep' | 'mark' | 'unassign' | 'delete'
  /** Undefined for a purchase that is planned. */
  readonly blockId: string | undefined
  /** Readably: size, cidr, location, … */
  readonly detail: Readonly<Record<string, unknown>>
  readonly why: string
}

/**
 * How far the cloud has come. `done`: nothing is left to do; `waiting`: it is at work, look again; `busy`: another
 * handler is at work; `refused`: it cannot be had now, for the reason in `code` and `message` (what could be had was done).
 * `waiting` has them too where what it waits for goes wrong again and again; the message is the same each time.
 */
export interface SupplyProgress {
  readonly state: 'done' | 'waiting' | 'busy' | 'refused'
  readonly did: readonly BlockChange[]
  readonly why: string
  readonly code?: ErrorCode | undefined
  readonly message?: string | undefined
  /** With `refused`: the cloud is at work on the rest, look again as for `waiting`. */
  readonly alsoWaiting?: boolean | undefined
}

/** An address of a load balancer, as far as the cloud is concerned. */
export interface LoadBalancerStatus {
  readonly ingress: readonly { readonly ip: string; readonly blockId: string; readonly assigned: boolean }[]
}

/** A Service as the cloud needs to know it. */
export interface LoadBalancerService extends ServiceRef {
  /** Addresses that it was given. */
  readonly addresses: readonly string[]
}

/**
 * Load balancers; `LoadBalancer` of the Go contract plus the bulk read that lets any number of Services cost two calls.
 * The cloud supplies blocks of addresses; which Service has which address is kept in the cluster, and who announces it
 * is the announcer's business. `clusterName` is the UID of the namespace kube-system, as in the tags of blocks.
 */
export interface LoadBalancer {
  /** Name by which people find what belongs to a Service. */
  getLoadBalancerName(clusterName: string, service: ServiceRef): string
  /** What the cloud says of a Service's addresses; undefined when none lies in a block of this cluster. */
  getLoadBalancer(
    clusterName: string,
    service: LoadBalancerService,
    call?: CloudCall,
  ): Promise<LoadBalancerStatus | undefined>
  /**
   * Goes as far towards the demand as it can without waiting for the cloud: buys, assigns, repairs. May be interrupted
   * anywhere and run by any number of handlers: nothing is bought twice.
   *
   * @throws CcmError BMC_*, KUBE_* when it could not be found out what there is
   */
  ensureLoadBalancer(
    clusterName: string,
    demand: AddressDemand,
    nodes: readonly string[],
    call: LoadBalancerCall,
  ): Promise<SupplyProgress>
  /** Nodes changed: nothing is to be done, because the announcer decides which node answers. */
  updateLoadBalancer(
    clusterName: string,
    service: LoadBalancerService,
    nodes: readonly string[],
    call?: CloudCall,
  ): Promise<void>
  /**
   * Goes as far towards giving a block back as it can without waiting for the cloud. The caller has made sure that
   * no Service has or can get an address in it. `done`: the block is gone.
   *
   * @throws CcmError BMC_*, KUBE_* when it could not be found out what there is
   */
  ensureLoadBalancerDeleted(
    clusterName: string,
    blockId: string,
    call: LoadBalancerCall,
  ): Promise<SupplyProgress>
  /** All blocks of the cluster and its public network, complete or thrown: two requests. */
  listAddresses(clusterName: string, call?: ListAddressesCall): Promise<AddressSupply>
}
