import ipaddr from 'ipaddr.js'
import { type Account, applySeed, type NetworkRow, newRow, type World } from './store.ts'
import type { PublicNetwork, Seed } from './types.ts'

/** A network as a test puts it into the store. */
export type PublicNetworkSeed = Seed<Omit<PublicNetwork, 'ipBlocks'>> & {
  /** Blocks of the same account that are assigned to it. */
  readonly blockIds?: readonly string[]
}

const OPTIONAL = ['description', 'raEnabled'] as const
const FIRST_VLAN = 10

export function insertNetwork(world: World, account: Account, seed: PublicNetworkSeed): NetworkRow {
  const { blockIds = [], ...fields } = seed
  const number = world.count('network')
  const row: NetworkRow = {
    ...newRow({
      id: seed.id ?? world.nextId(),
      vlanId: FIRST_VLAN + number,
      memberships: [],
      name: `network-${number}`,
      location: 'PHX',
      status: 'READY',
      createdOn: world.timestamp(),
    }),
    blockIds,
  }
  applySeed(row, fields)
  account.networks.set(row.data.id, row)
  for (const id of blockIds) assignNow(world, account, row, id)
  return row
}

/** The block belongs to the network; ends an assignment, and seeds one. */
export function assignNow(world: World, account: Account, network: NetworkRow, blockId: string): void {
  const block = account.blocks.get(blockId)
  if (block === undefined) return
  block.data = {
    ...block.data,
    status: 'assigned',
    assignedResourceId: network.data.id,
    assignedResourceType: world.settings.assignedResourceType,
  }
}

export function showNetwork({ settings }: World, account: Account, row: NetworkRow): PublicNetwork {
  const nulls = settings.absent === 'null' ? Object.fromEntries(OPTIONAL.map(name => [name, null])) : {}
  const blocks = row.blockIds.flatMap(id => account.blocks.get(id) ?? [])
  const ipBlocks = blocks.map(({ data: { id, cidr } }) => ({
    id,
    cidr,
    usedIpsCount: String(addressesInUse(row, cidr).length),
  }))
  return { ...nulls, ...row.data, ipBlocks, ...row.odd }
}

/** Addresses (or starts of ranges) of the network's members that lie in a block. */
export function addressesInUse({ data }: NetworkRow, cidr: string): string[] {
  return data.memberships.flatMap(({ ips }) => ips).filter(ip => lies(ip, cidr))
}

function lies(ip: string, cidr: string): boolean {
  const first = ip.split(' - ')[0] ?? ''
  if (!ipaddr.isValid(first)) return false
  const address = ipaddr.parse(first)
  const [network, length] = ipaddr.parseCIDR(cidr)
  return address.kind() === network.kind() && address.match(network, length)
}
