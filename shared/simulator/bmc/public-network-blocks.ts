import {
  type Answer,
  ApiError,
  badRequest,
  type Call,
  conflict,
  forbidden,
  isForced,
  type Route,
  rowOf,
} from './api.ts'
import { fields, parseBody, text } from './checks.ts'
import { unassignBlock } from './ip-block-rows.ts'
import { addressesInUse, assignNow } from './public-network-rows.ts'
import type { BlockRow, NetworkRow, World } from './store.ts'

/** How many blocks of a version a public network takes. */
const MAX_BLOCKS: Readonly<Record<string, number>> = { V4: 10, V6: 1 }
const ASSIGN_BODY = fields({ id: text() }, {})
/** A block that failed on its way in or out can be taken out again. */
const REMOVABLE = ['assigned', 'error assigning', 'error unassigning']
const PATH = '/networks/v1/public-networks/{publicNetworkId}/ip-blocks'

export const networkBlockRoutes: readonly Route[] = [
  { method: 'POST', path: PATH, scope: 'bmc', handle: assign },
  { method: 'DELETE', path: `${PATH}/{ipBlockId}`, scope: 'bmc', handle: unassign },
]

function assign(call: Call): Answer {
  const network = readyNetwork(call)
  const { id } = parseBody(ASSIGN_BODY, call.body)
  const [block] = checkAssignable(call, network.data.location, network.blockIds, [id])
  startAssignment(call, network, [id])
  return { status: 202, body: { id, cidr: block?.data.cidr, usedIpsCount: '0' } }
}

/** @throws ApiError 403 when there is no such network, 409 while it does something else */
function readyNetwork(call: Call): NetworkRow {
  const network = rowOf(call.account.networks, call, 'publicNetworkId')
  if (network.data.status !== 'READY') throw conflict(`The network is ${network.data.status}.`)
  return network
}

/**
 * The blocks to assign, after all that can be refused was refused.
 *
 * @param present ids of the blocks that the network has already
 * @throws ApiError 400 (unknown block, wrong location), 409 (block not unassigned), or the one for a full network
 */
export function checkAssignable(
  { world, account }: Call,
  location: string,
  present: readonly string[],
  ids: readonly string[],
): BlockRow[] {
  const blocks = [...new Set(ids)].map(id => {
    const block = account.blocks.get(id)
    if (block === undefined) throw badRequest(`IP block ${id} does not exist`)
    if (block.data.location !== location) throw badRequest(`IP block ${id} is in another location`)
    if (block.data.status !== 'unassigned') throw conflict(`The IP block is ${block.data.status}.`)
    return block
  })
  const all = [...present.flatMap(id => account.blocks.get(id) ?? []), ...blocks]
  for (const [version, max] of Object.entries(MAX_BLOCKS)) {
    if (all.filter(({ data }) => data.ipVersion === version).length <= max) continue
    throw new ApiError(
      world.settings.refusals.networkFull,
      `A public network takes ${max} ${version} blocks.`,
    )
  }
  return blocks
}

/** Blocks assigning and network BUSY; when the time has come, assigned (or failed) and READY. */
export function startAssignment({ world, account }: Call, network: NetworkRow, ids: readonly string[]): void {
  const blocks = ids.flatMap(id => account.blocks.get(id) ?? [])
  network.blockIds = [...network.blockIds, ...ids]
  network.data = { ...network.data, status: 'BUSY' }
  const failing = blocks.map(() => takeFailure(world, 'assignments'))
  for (const block of blocks) block.data = { ...block.data, status: 'assigning' }
  world.schedule(world.settings.assignMs, () => {
    for (const [index, block] of blocks.entries()) {
      if (block.data.status !== 'assigning') continue
      if (failing[index]) block.data = { ...block.data, status: 'error assigning' }
      else assignNow(world, account, network, block.data.id)
    }
    becomeReady(network)
  })
}

function unassign(call: Call): Answer {
  const { world, account } = call
  const network = readyNetwork(call)
  const block = rowOf(account.blocks, call, 'ipBlockId')
  const { id, cidr, status } = block.data
  if (!network.blockIds.includes(id)) throw forbidden()
  if (!REMOVABLE.includes(status)) throw conflict(`The IP block is ${status}.`)
  if (!isForced(call) && addressesInUse(network, cidr).length > 0) {
    throw conflict('Members of the network have addresses in the IP block.')
  }
  const isFailing = takeFailure(world, 'unassignments')
  block.data = { ...block.data, status: 'unassigning' }
  network.data = { ...network.data, status: 'BUSY' }
  world.schedule(world.settings.unassignMs, () => {
    if (block.data.status === 'unassigning') {
      if (isFailing) block.data = { ...block.data, status: 'error unassigning' }
      else free(network, block)
    }
    becomeReady(network)
  })
  return { status: 202, body: 'The specified IP block is being removed from the Public Network.' }
}

/** All blocks of a network that is being deleted. */
export function releaseBlocks({ world, account }: Call, network: NetworkRow): void {
  const blocks = network.blockIds.flatMap(id => account.blocks.get(id) ?? [])
  for (const block of blocks) block.data = { ...block.data, status: 'unassigning' }
  world.schedule(world.settings.unassignMs, () => {
    for (const block of blocks) if (block.data.status === 'unassigning') free(network, block)
  })
}

function free(network: NetworkRow, block: BlockRow): void {
  unassignBlock(block)
  network.blockIds = network.blockIds.filter(id => id !== block.data.id)
}

function becomeReady(network: NetworkRow): void {
  if (network.data.status === 'BUSY') network.data = { ...network.data, status: 'READY' }
}

function takeFailure({ failing }: World, kind: 'assignments' | 'unassignments'): boolean {
  if (failing[kind] === 0) return false
  failing[kind] -= 1
  return true
}
