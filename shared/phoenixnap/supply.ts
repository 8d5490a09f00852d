import { expandAddresses } from '../bmc/addresses.ts'
import type { Bmc, IpBlock, PublicNetwork } from '../bmc/client.ts'
import { hasTags } from '../bmc/tags.ts'
import type { CloudCall } from '../cloud-provider/contract.ts'
import type { AddressBlock, AddressSupply, ListAddressesCall } from '../cloud-provider/load-balancer.ts'
import { CcmError, hasCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { doubtOverlaps } from './block-range.ts'
import { toClusterTags, toPurchase } from './block-tags.ts'
import { countOccupied, type SupplyBlock, toSupplyBlock } from './blocks.ts'
import { ifKnown } from './if-known.ts'

/** What a cluster has, with what only the provider needs to know. */
export interface Supply extends AddressSupply {
  /** On this network, or on none. */
  readonly blocks: readonly SupplyBlock[]
  /** On another network. */
  readonly elsewhere: readonly SupplyBlock[]
  /** Purchases that a block of the cluster came from, wherever that block is now. */
  readonly purchases: ReadonlySet<string>
  /** As in AddressSupply. */
  readonly unlisted: readonly string[]
  /** Ids of all blocks that the network names, whoever's they are. */
  readonly named: ReadonlySet<string>
}

/** Where supplies are read from. */
export interface SupplySource {
  readonly bmc: Bmc
  readonly log: Log
  readonly publicNetworkId: string
}

/**
 * Two requests, one after the other: nothing is left running when the first fails. One more for each block that was
 * expected and is not listed.
 *
 * @throws CcmError CCM_PUBLIC_NETWORK_UNKNOWN, BMC_*; BMC_RESPONSE_INVALID when the list turns out to be cut
 */
export async function readSupply(
  source: SupplySource,
  clusterName: string,
  call?: ListAddressesCall,
): Promise<Supply> {
  const blocks = await source.bmc.listIpBlocks({ tags: toClusterTags(clusterName) }, call)
  const network = await readNetwork(source, call)
  const listed = new Set(blocks.map(({ id }) => id))
  const missing = (call?.expected ?? []).filter(id => !listed.has(id))
  const supply = toSupply(blocks, network, source.log)
  const unlisted = await findUnlisted(source, clusterName, { missing, named: supply.named }, call)
  return { ...supply, unlisted }
}

/**
 * A block that the list lacks; undefined where it has gone.
 *
 * @throws CcmError BMC_*; BMC_RESPONSE_INVALID where BMC denies a block that the network names
 */
export async function readBlock(
  bmc: Bmc,
  id: string,
  named: ReadonlySet<string>,
  call?: CloudCall,
): Promise<IpBlock | undefined> {
  const block = await ifKnown(() => bmc.getIpBlock(id, call))
  if (block || !named.has(id)) return block
  throw new CcmError('BMC_RESPONSE_INVALID', `block ${id} is on the network and yet BMC does not know it`)
}

/** Which of the blocks exist after all. */
async function findUnlisted(
  { bmc, log }: SupplySource,
  clusterName: string,
  { missing, named }: { readonly missing: readonly string[]; readonly named: ReadonlySet<string> },
  call?: CloudCall,
): Promise<string[]> {
  const unlisted: string[] = []
  for (const id of new Set(missing)) {
    const block = await readBlock(bmc, id, named, call)
    if (!block) continue
    if (hasTags(block.tags, toClusterTags(clusterName)))
      throw new CcmError('BMC_RESPONSE_INVALID', `the list of IP blocks was cut: it lacks block ${id}`)
    log.warn({ blockId: id }, 'a block that is in use does not bear the tags of the cluster any more')
    unlisted.push(id)
  }
  return unlisted
}

/** @throws CcmError CCM_PUBLIC_NETWORK_UNKNOWN, BMC_* */
async function readNetwork({ bmc, publicNetworkId }: SupplySource, call?: CloudCall): Promise<PublicNetwork> {
  try {
    return await bmc.getPublicNetwork(publicNetworkId, call)
  } catch (cause) {
    if (!hasCode(cause, 'BMC_FORBIDDEN', 'BMC_NOT_FOUND')) throw cause
    const message = `the account has no public network ${publicNetworkId}: ${cause.message}`
    throw new CcmError('CCM_PUBLIC_NETWORK_UNKNOWN', message, { cause, fields: { publicNetworkId } })
  }
}

function toSupply(all: readonly IpBlock[], network: PublicNetwork, log: Log): Omit<Supply, 'unlisted'> {
  const named = new Set(network.ipBlocks.map(({ id }) => id))
  checkCount(all, network, named)
  const blocks = withDoubts(all.map(block => toSupplyBlock(block, network.id, named.has(block.id))))
  return {
    network: { id: network.id, location: network.location, status: network.status },
    blocks: blocks.filter(({ state }) => state !== 'elsewhere'),
    elsewhere: blocks.filter(({ state }) => state === 'elsewhere'),
    purchases: new Set(all.flatMap(({ tags = [] }) => toPurchase(tags) ?? [])),
    memberAddresses: network.memberships.flatMap(({ resourceId, ips }) =>
      ips.flatMap(entry => expand(entry, resourceId, log)),
    ),
    occupied: countOccupied(network),
    named,
  }
}

/**
 * A network takes eleven blocks: ten times as many may be somebody's arrangement with BMC, more are nonsense that would
 * keep us busy, and fill the cluster with gates.
 */
const MOST_ON_NETWORK = 110

function checkCount(
  all: readonly IpBlock[],
  { id, ipBlocks }: PublicNetwork,
  here: ReadonlySet<string>,
): void {
  const ours = all.filter(block => here.has(block.id) || block.assignedResourceId === id).length
  const count = Math.max(ours, ipBlocks.length)
  if (count <= MOST_ON_NETWORK) return
  const message = `${count} IP blocks are said to be on public network ${id}, which cannot be: nothing is done with blocks`
  throw new CcmError('BMC_RESPONSE_INVALID', message, { fields: { publicNetworkId: id } })
}

function withDoubts(blocks: readonly SupplyBlock[]): readonly SupplyBlock[] {
  const doubts = doubtOverlaps(blocks)
  return blocks
    .map(block => {
      const doubt = doubts.get(block.id)
      return doubt === undefined ? block : { ...block, cidr: undefined, usable: undefined, doubt }
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** One entry that cannot be read must not hide the others. */
function expand(entry: string, resourceId: string, log: Log): readonly string[] {
  try {
    return expandAddresses(entry)
  } catch (error) {
    if (!hasCode(error)) throw error
    log.warn(
      { code: error.code, resourceId, ...error.fields },
      'an address of a network member is unreadable',
    )
    return []
  }
}

/** The supply as the contract has it. */
export const toAddressSupply = ({
  network,
  blocks,
  elsewhere,
  memberAddresses,
  occupied,
  unlisted,
}: Supply): AddressSupply => ({
  network,
  blocks: [...blocks, ...elsewhere].map(toAddressBlock),
  memberAddresses,
  occupied,
  unlisted,
})

function toAddressBlock({ prefixLength: _length, tags: _tags, ...block }: SupplyBlock): AddressBlock {
  return block
}
