import type { IpBlock, PublicNetwork } from '../bmc/client.ts'
import { isMarked } from './block-tags.ts'
import type { Refusal } from './supply-plan.ts'

/** A change on the way out, in the order given. */
export interface GiveBackStep {
  readonly do: 'mark' | 'unassign' | 'delete'
  readonly why: string
}

/** Steps to take now; then the block has gone (`done`), or is waited for, or cannot be given back. */
export interface GiveBackPlan {
  readonly steps: readonly GiveBackStep[]
  readonly wait?: string
  readonly refusal?: Refusal
}

/** The network's own word on the block; undefined when the account has no such network. */
export type NetworkView = Pick<PublicNetwork, 'id' | 'status' | 'ipBlocks'> | undefined

/** Both spellings were seen in answers. */
const PUBLIC_NETWORK = /^(?:public[ _-]?network)?$/i
const MOVING: ReadonlySet<string> = new Set(['creating', 'assigning', 'unassigning'])

/**
 * The network that a block has to leave first; undefined when its status asks for no network.
 *
 * @param publicNetworkId where a block is that names no network itself; empty: on none
 */
export function toNetworkToLeave(block: IpBlock, publicNetworkId: string): string | undefined {
  if (block.status === 'unassigned' || MOVING.has(block.status) || isElsewhere(block)) return undefined
  return block.assignedResourceId ?? (publicNetworkId || undefined)
}

/** @param network the one that toNetworkToLeave names, read after the block */
export function planGiveBack(block: IpBlock, network: NetworkView): GiveBackPlan {
  if (isElsewhere(block)) return { steps: [], refusal: toElsewhere(block) }
  const mark: GiveBackStep[] = isMarked(block.tags ?? []) ? [] : [{ do: 'mark', why: 'nobody uses it' }]
  const { status, id } = block
  if (MOVING.has(status)) return { steps: mark, wait: `block ${id} is ${status}` }
  if (status === 'unassigned') return { steps: [...mark, { do: 'delete', why: 'it is unassigned' }] }
  const isThere = network?.ipBlocks.some(other => other.id === id) ?? false
  if (network && isThere) return leave(block, network, mark)
  if (status === 'assigned') return { steps: mark, ...unclear(block, network) }
  return { steps: [...mark, { do: 'delete', why: `it is ${status} and on no network` }] }
}

function leave(
  { id, status }: IpBlock,
  network: NonNullable<NetworkView>,
  mark: readonly GiveBackStep[],
): GiveBackPlan {
  const message = `public network ${network.id} is ${network.status}`
  if (['ERROR', 'DELETING'].includes(network.status)) {
    return { steps: mark, refusal: { code: 'CCM_PUBLIC_NETWORK_FAILED', message } }
  }
  if (network.status !== 'READY') return { steps: mark, wait: message }
  return {
    steps: [...mark, { do: 'unassign', why: `it is ${status}` }],
    wait: `block ${id} is leaving public network ${network.id}`,
  }
}

/** Assigned, but the network does not say so: it was read a moment later, or it has gone. */
function unclear({ id, assignedResourceId = '' }: IpBlock, network: NetworkView): Partial<GiveBackPlan> {
  if (network) return { wait: `block ${id} is not seen on public network ${network.id}` }
  const message = `block ${id} is assigned to public network ${assignedResourceId}, which the account does not have`
  return { refusal: { code: 'CCM_PUBLIC_NETWORK_UNKNOWN', message } }
}

const isElsewhere = ({ assignedResourceType }: IpBlock): boolean =>
  assignedResourceType !== undefined && !PUBLIC_NETWORK.test(assignedResourceType)

const toElsewhere = ({ id, assignedResourceType, assignedResourceId = '' }: IpBlock): Refusal => ({
  code: 'CCM_BLOCK_FAILED',
  message: `block ${id} belongs to ${assignedResourceType} ${assignedResourceId} and is left there`,
})
