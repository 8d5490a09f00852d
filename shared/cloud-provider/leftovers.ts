import type { ErrorCode } from '../errors.ts'
import type { CloudCall } from './contract.ts'
import type { SupplyProgress } from './load-balancer.ts'

/** A block that bears the tags of a cluster, on whatever network it is, and what giving it back takes. */
export interface Leftover {
  readonly blockId: string
  /** As the cloud writes it. */
  readonly cidr: string | undefined
  readonly location: string | undefined
  /** The cloud's own word. */
  readonly status: string
  /** The network that it has to leave first; undefined where it is on none. */
  readonly publicNetworkId: string | undefined
  /** Changes that are due now; none while the cloud is at work. */
  readonly due: readonly ('mark' | 'unassign' | 'delete')[]
  /** Why it cannot go at once. */
  readonly wait: string | undefined
  /** Why it cannot go at all. */
  readonly refusal: { readonly code: ErrorCode; readonly message: string } | undefined
}

/**
 * What a cluster that has gone left behind. Nobody is left to hold a lock: the caller has made sure that the cluster is
 * gone. `clusterName` is what the UID of its namespace kube-system was, as in the tags of blocks.
 */
export interface Leftovers {
  /** Every block with the tags of the cluster, by id; complete or thrown. @throws CcmError BMC_* */
  list(clusterName: string, call?: CloudCall): Promise<readonly Leftover[]>
  /**
   * Goes as far towards giving one back as it can without waiting for the cloud. May be interrupted anywhere and run by
   * several at once. `done`: the block is gone.
   *
   * @throws CcmError BMC_* when it could not be found out what there is
   */
  giveBack(clusterName: string, leftover: Leftover, call?: CloudCall): Promise<SupplyProgress>
  /**
   * Marks a block as to be given back and does no more: for the Go program, which gives back whatever bears the mark.
   * `gone`: it is not there any more, or does not bear the tags of the cluster.
   *
   * @throws CcmError BMC_*
   */
  mark(clusterName: string, blockId: string, call?: CloudCall): Promise<'marked' | 'gone'>
}
