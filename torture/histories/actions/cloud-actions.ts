import type { IpBlock } from '../../../shared/simulator/bmc/types.ts'
import type { Picks } from '../picks.ts'
import type { Stage } from '../stage.ts'
import { type Action, defineAction } from './action.ts'
import { pickFreeAddress } from './addresses.ts'

const LOCATION = 'PHX'
const PLENTY = 1000
const QUOTA = 'bmc.public_ips.max_count'
/** Other customers of the same network hold at most this many of its ten places. */
const MOST_FOREIGN = 3

const toSeedTags = ({ tags = [] }: IpBlock) =>
  tags.map(({ name, value }) => ({ name, ...(value === undefined ? {} : { value }) }))

const pickBlock = (stage: Stage, picks: Picks): IpBlock | undefined => picks.of(stage.blocks())

/** Nobody's Service loses its address by it. */
function pickUnusedBlock(stage: Stage, picks: Picks): IpBlock | undefined {
  const used = stage.world.cluster.store
    .list('ipaddresses')
    .map(({ metadata }) => metadata.annotations?.['phoenixnap.com/block-id'])
  return picks.of(stage.blocks().filter(({ id }) => used.filter(other => other === id).length <= 1))
}

const shortages: readonly Action[] = [
  defineAction('sell out', 2, (stage, picks) => {
    const sizes = picks.one(['/28', '/29', '/28 /29', '/28 /29 /30']).split(' ')
    for (const size of sizes) stage.world.cloud.backend.setStock(LOCATION, size, picks.between(0, 1))
    stage.tell(`${sizes.join()} are nearly sold out`)
    const restock = (): void => {
      for (const size of sizes) stage.world.cloud.backend.setStock(LOCATION, size, PLENTY)
    }
    stage.agenda.after(picks.one([30_000, 150_000]), restock)
    stage.repairs.push(restock)
    return true
  }),
  defineAction('lower the quota', 2, (stage, picks) => {
    const limit = picks.one([8, 4, 0, 24])
    stage.world.cloud.backend.setQuota(QUOTA, limit)
    stage.tell(`the quota is ${limit} addresses`)
    const raise = (): void => stage.world.cloud.backend.setQuota(QUOTA, PLENTY)
    stage.agenda.after(picks.one([30_000, 150_000]), raise)
    stage.repairs.push(raise)
    return true
  }),
  defineAction('others use the network', 2, stage => {
    const { backend } = stage.world.cloud
    const { ipBlocks } = backend.publicNetwork(stage.world.networkId)
    const own = new Set(stage.blocks().map(({ id }) => id))
    const foreign = ipBlocks.filter(({ id }) => !own.has(id))
    if (foreign.length >= MOST_FOREIGN || ipBlocks.length >= 9) return false
    const assigned = { assignedResourceId: stage.world.networkId, assignedResourceType: 'public network' }
    const { id, cidr } = backend.addIpBlock({ cidrBlockSize: '/29', status: 'assigned', ...assigned })
    backend.updatePublicNetwork(stage.world.networkId, { blockIds: [...ipBlocks.map(block => block.id), id] })
    stage.tell(`somebody else's block ${cidr} is on the network`)
    return true
  }),
  defineAction('a server takes an address of ours', 2, (stage, picks) => {
    const address = pickFreeAddress(stage, picks)
    if (!address) return false
    const { backend } = stage.world.cloud
    const { networkId } = stage.world
    const resourceId = `server-of-${address}`
    backend.addMembership(networkId, { resourceId, ips: [address] })
    // As long as it is there, its block cannot be taken off the network.
    stage.repairs.push(() => {
      const { memberships } = backend.publicNetwork(networkId)
      backend.updatePublicNetwork(networkId, {
        memberships: memberships.filter(other => other.resourceId !== resourceId),
      })
    })
    stage.watch.touched(address)
    stage.tell(`a server takes ${address} on our network`)
    return true
  }),
]

const blocks: readonly Action[] = [
  defineAction('assignments end in errors', 2, (stage, picks) => {
    const times = picks.between(1, 3)
    stage.world.cloud.faults.failAssignments(times)
    stage.tell(`the next ${times} assignments end in errors`)
    return true
  }),
  defineAction('unassignments end in errors', 2, (stage, picks) => {
    const times = picks.between(1, 3)
    stage.world.cloud.faults.failUnassignments(times)
    stage.tell(`the next ${times} unassignments end in errors`)
    return true
  }),
  defineAction('a block gets a tag', 2, (stage, picks) => {
    const block = pickBlock(stage, picks)
    if (!block) return false
    const tags = [...toSeedTags(block), { name: 'team', value: 'network' }]
    stage.world.cloud.backend.updateIpBlock(block.id, { tags })
    stage.watch.touched(block.id)
    stage.tell(`${block.cidr} gets a tag of somebody else`)
    return true
  }),
  defineAction('an unused block is deleted', 3, (stage, picks) => {
    const block = pickUnusedBlock(stage, picks)
    if (!block) return false
    const { backend } = stage.world.cloud
    const { ipBlocks } = backend.publicNetwork(stage.world.networkId)
    const blockIds = ipBlocks.map(({ id }) => id).filter(id => id !== block.id)
    backend.updatePublicNetwork(stage.world.networkId, { blockIds })
    backend.removeIpBlock(block.id)
    stage.watch.touched(block.id)
    stage.tell(`somebody deletes ${block.cidr}, which nobody uses`)
    return true
  }),
  defineAction('an unused block loses its tags', 3, (stage, picks) => {
    const block = pickUnusedBlock(stage, picks)
    if (!block) return false
    const { backend } = stage.world.cloud
    backend.updateIpBlock(block.id, { tags: [] })
    // Who is told of it puts them back.
    stage.repairs.push(() => {
      if (backend.ipBlocks().some(({ id }) => id === block.id))
        backend.updateIpBlock(block.id, { tags: toSeedTags(block) })
    })
    stage.watch.touched(block.id)
    stage.tell(`somebody takes the tags of ${block.cidr}, which nobody uses`)
    return true
  }),
]

export const CLOUD_ACTIONS: readonly Action[] = [...shortages, ...blocks]
