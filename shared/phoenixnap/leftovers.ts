import { expandAddresses } from '../bmc/addresses.ts'
import type { Bmc, IpBlock, PublicNetwork } from '../bmc/client.ts'
import type { Clock } from '../clock.ts'
import type { CloudCall } from '../cloud-provider/contract.ts'
import type { Leftover, Leftovers } from '../cloud-provider/leftovers.ts'
import type { BlockHold, SupplyProgress } from '../cloud-provider/load-balancer.ts'
import { hasCode } from '../errors.ts'
import { liesIn } from '../ip-address.ts'
import { createChange, createTagNames, setMark } from './block-steps.ts'
import { isMarked, toClusterTags } from './block-tags.ts'
import { giveBack } from './give-back.ts'
import { planGiveBack, toNetworkToLeave } from './give-back-plan.ts'
import type { Refusal } from './supply-plan.ts'

/** What one change may take: nobody else's turn is waited for, so that only the deadline of the call is shorter. */
const CHANGE_MS = 60_000

/** Blocks of clusters that have gone, on all networks of the account. */
export function newLeftovers(bmc: Bmc, clock: Clock): Leftovers {
  const tagNames = createTagNames(bmc)
  return {
    list: (clusterName, call) => list(bmc, clusterName, call),
    async giveBack(clusterName, leftover, call = {}) {
      const { blockId, refusal, due, publicNetworkId = '' } = leftover
      if (refusal && due.length === 0) return toRefused(refusal)
      return giveBack({ bmc, clock, tagNames, publicNetworkId }, toHold(clock), clusterName, blockId, call)
    },
    async mark(clusterName, blockId, call = {}) {
      const blocks = await bmc.listIpBlocks({ tags: toClusterTags(clusterName) }, call)
      const block = blocks.find(({ id }) => id === blockId)
      if (!block) return 'gone'
      const change = createChange(toHold(clock), clock, call)
      if (!isMarked(block.tags ?? [])) await setMark({ bmc, tagNames, call }, change, block, true)
      return 'marked'
    },
  }
}

/** Two requests; one where nothing is left. */
async function list(bmc: Bmc, clusterName: string, call?: CloudCall): Promise<readonly Leftover[]> {
  const blocks = await bmc.listIpBlocks({ tags: toClusterTags(clusterName) }, call)
  if (blocks.length === 0) return []
  const networks = await bmc.listPublicNetworks({}, call)
  return blocks.map(block => toLeftover(block, networks)).toSorted((a, b) => (a.blockId < b.blockId ? -1 : 1))
}

/** @param networks all networks of the account, read after the block */
export function toLeftover(block: IpBlock, networks: readonly PublicNetwork[]): Leftover {
  const { id, cidr, location, status } = block
  const holder = networks.find(({ ipBlocks }) => ipBlocks.some(other => other.id === id))
  const publicNetworkId = toNetworkToLeave(block, holder?.id ?? '')
  const network = networks.find(other => other.id === publicNetworkId)
  const plan = planGiveBack(block, network)
  const inUse = network && toInUse(block, network)
  return {
    blockId: id,
    cidr,
    location,
    status,
    publicNetworkId,
    due: inUse ? [] : plan.steps.map(step => step.do),
    wait: inUse ? undefined : plan.wait,
    refusal: inUse ?? plan.refusal,
  }
}

/** A server's address goes with its block: such a block is not even marked. */
function toInUse({ id, cidr }: IpBlock, { id: networkId, memberships }: PublicNetwork): Refusal | undefined {
  if (cidr === undefined) return undefined
  const users = memberships.filter(({ ips }) => ips.some(entry => expand(entry).some(ip => liesIn(ip, cidr))))
  if (users.length === 0) return undefined
  const names = users.map(({ resourceType, resourceId }) => `${resourceType} ${resourceId}`).join(', ')
  const message = `block ${id} (${cidr}) cannot leave public network ${networkId}: addresses in it belong to ${names}`
  return { code: 'CCM_BLOCK_FAILED', message }
}

/** An entry that cannot be read hides no other one; the API itself refuses to take a block away from its users. */
function expand(entry: string): readonly string[] {
  try {
    return expandAddresses(entry)
  } catch (error) {
    if (!hasCode(error)) throw error
    return []
  }
}

/** The Lease of the cluster went with it. */
const toHold = (clock: Clock): BlockHold => ({
  now: clock.now(),
  intent: undefined,
  bought: [],
  setIntent: async () => undefined,
  confirm: async () => CHANGE_MS,
})

const toRefused = ({ code, message }: Refusal): SupplyProgress => ({
  state: 'refused',
  did: [],
  why: message,
  code,
  message,
})
