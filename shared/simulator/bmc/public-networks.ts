import { type Answer, badRequest, type Call, conflict, type Route, rowOf } from './api.ts'
import { fields, flag, integer, listOf, parseBody, text } from './checks.ts'
import {
  checkAssignable,
  networkBlockRoutes,
  releaseBlocks,
  startAssignment,
} from './public-network-blocks.ts'
import { insertNetwork, showNetwork } from './public-network-rows.ts'
import type { NetworkRow } from './store.ts'

const NAME = text({ min: 1, max: 100, pattern: /^(?=.*[a-zA-Z])([a-zA-Z0-9(). -])+$/ })
const DESCRIPTION = text({ max: 250 })
const CREATE_BODY = fields(
  { name: NAME, location: text() },
  {
    description: DESCRIPTION,
    vlanId: integer(2, 4094),
    ipBlocks: listOf(fields({ id: text() }, {})),
    raEnabled: flag,
  },
)
const PATCH_BODY = fields({}, { name: NAME, description: DESCRIPTION, raEnabled: flag })

const NETWORKS = '/networks/v1/public-networks'
const NETWORK = `${NETWORKS}/{publicNetworkId}`

export const publicNetworkRoutes: readonly Route[] = [
  { method: 'GET', path: NETWORKS, scope: 'bmc.read', handle: listNetworks },
  { method: 'POST', path: NETWORKS, scope: 'bmc', handle: postNetwork },
  { method: 'GET', path: NETWORK, scope: 'bmc.read', handle: call => show(200, call, networkOf(call)) },
  { method: 'PATCH', path: NETWORK, scope: 'bmc', handle: patchNetwork },
  { method: 'DELETE', path: NETWORK, scope: 'bmc', handle: deleteNetwork },
  ...networkBlockRoutes,
]

const networkOf = (call: Call): NetworkRow => rowOf(call.account.networks, call, 'publicNetworkId')

const show = (status: number, { world, account }: Call, row: NetworkRow): Answer => ({
  status,
  body: showNetwork(world, account, row),
})

function listNetworks({ world, account, query }: Call): Answer {
  const { location } = query
  if (location !== undefined && !world.settings.locations.includes(String(location))) {
    throw badRequest('location is not known')
  }
  const rows = [...account.networks.values()].filter(
    ({ data }) => location === undefined || data.location === location,
  )
  return { status: 200, body: rows.map(row => showNetwork(world, account, row)) }
}

function postNetwork(call: Call): Answer {
  const { world, account } = call
  const { ipBlocks = [], ...body } = parseBody(CREATE_BODY, call.body)
  if (!world.settings.locations.includes(body.location)) throw badRequest('body.location is not known')
  refuseTaken(call, body.name, body.vlanId)
  const blockIds = ipBlocks.map(({ id }) => id)
  checkAssignable(call, body.location, [], blockIds)
  const row = insertNetwork(world, account, body)
  if (blockIds.length > 0) startAssignment(call, row, blockIds)
  return show(201, call, row)
}

function refuseTaken({ account }: Call, name: string | undefined, vlanId?: number): void {
  const others = [...account.networks.values()]
  if (others.some(({ data }) => data.name === name)) throw conflict(`A network named ${name} exists already.`)
  if (others.some(({ data }) => data.vlanId === vlanId)) throw conflict(`The VLAN ${vlanId} is in use.`)
}

/** Router advertisement is switched in the network's devices, which takes time; the rest is only words. */
function patchNetwork(call: Call): Answer {
  const { world } = call
  const row = networkOf(call)
  const body = parseBody(PATCH_BODY, call.body)
  if (body.name !== row.data.name) refuseTaken(call, body.name)
  if (body.raEnabled === undefined) {
    row.data = { ...row.data, ...body }
    return show(200, call, row)
  }
  if (row.data.status !== 'READY') throw conflict(`The network is ${row.data.status}.`)
  row.data = { ...row.data, ...body, status: 'BUSY' }
  world.schedule(world.settings.assignMs, () => {
    if (row.data.status === 'BUSY') row.data = { ...row.data, status: 'READY' }
  })
  return show(202, call, row)
}

function deleteNetwork(call: Call): Answer {
  const { world, account } = call
  const row = networkOf(call)
  const { id, status, memberships } = row.data
  if (memberships.length > 0) throw conflict('The network has members.')
  if (!['READY', 'ERROR'].includes(status)) throw conflict(`The network is ${status}.`)
  row.data = { ...row.data, status: 'DELETING' }
  releaseBlocks(call, row)
  world.schedule(row.blockIds.length === 0 ? 0 : world.settings.unassignMs, () => {
    if (account.networks.get(id) === row) account.networks.delete(id)
  })
  return { status: 204 }
}
