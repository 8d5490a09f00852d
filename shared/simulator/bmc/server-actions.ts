import { type Answer, type Call, conflict, type Route, rowOf } from './api.ts'
import { anyObject, type Check, fields, flag, listOf, parseBody, text } from './checks.ts'
import { unassignBlock } from './ip-block-rows.ts'
import { showServer } from './server-rows.ts'
import type { Account, ServerRow } from './store.ts'

const RESET_BODY = fields(
  {},
  {
    installDefaultSshKeys: flag,
    sshKeys: listOf(text()),
    sshKeyIds: listOf(text()),
    osConfiguration: anyObject,
  },
)
const RESERVATIONS = ['ONE_MONTH', 'TWELVE_MONTHS', 'TWENTY_FOUR_MONTHS', 'THIRTY_SIX_MONTHS'].map(
  term => `${term}_RESERVATION`,
)
const RESERVE_BODY = fields({ pricingModel: text({ oneOf: RESERVATIONS }) }, {})
const RELINQUISH_BODY = fields({}, { deleteIpBlocks: flag })
const ACTIONS = '/bmc/v1/servers/{serverId}/actions'

/** An action that changes the power state: from which status, through which, to which. */
interface PowerAction {
  readonly from: readonly string[]
  readonly through?: string
  readonly to: string
  readonly result: string
  /** Set for an action that takes a body. */
  readonly body?: Check<unknown>
}

const RUNNING = ['powered-on']
const INSTALLED = ['powered-on', 'powered-off', 'error']
const POWER_ACTIONS: Readonly<Record<string, PowerAction>> = {
  'power-on': { from: ['powered-off', 'error'], to: 'powered-on', result: 'The server is powering on.' },
  'power-off': { from: ['powered-on', 'error'], to: 'powered-off', result: 'The server is powering off.' },
  shutdown: { from: RUNNING, to: 'powered-off', result: 'The server is shutting down.' },
  reboot: { from: RUNNING, through: 'rebooting', to: 'powered-on', result: 'The server is rebooting.' },
  reset: {
    from: INSTALLED,
    through: 'resetting',
    to: 'powered-on',
    result: 'The server is being reset.',
    body: RESET_BODY,
  },
}

export const serverActionRoutes: readonly Route[] = [
  ...Object.entries(POWER_ACTIONS).map(
    ([name, action]): Route => ({
      method: 'POST',
      path: `${ACTIONS}/${name}`,
      scope: 'bmc',
      handle: call => powerAction(call, action),
    }),
  ),
  { method: 'POST', path: `${ACTIONS}/reserve`, scope: 'bmc', handle: reserve },
  { method: 'POST', path: `${ACTIONS}/deprovision`, scope: 'bmc', handle: deprovision },
]

/** The status turns a while after the answer; until then it is the old one, or the action's own. */
function powerAction(call: Call, { from, through, to, result, body }: PowerAction): Answer {
  const row = rowOf(call.account.servers, call, 'serverId')
  if (body !== undefined) parseBody(body, call.body)
  const { status } = row.data
  if (!from.includes(status)) throw conflict(`The server is ${status}.`)
  const meanwhile = through ?? status
  row.data = { ...row.data, status: meanwhile }
  call.world.schedule(call.world.settings.serverActionMs, () => {
    if (row.data.status === meanwhile) row.data = { ...row.data, status: to }
  })
  return { status: 200, body: { result } }
}

function reserve(call: Call): Answer {
  const { world, account } = call
  const row = rowOf(account.servers, call, 'serverId')
  const { pricingModel } = parseBody(RESERVE_BODY, call.body)
  if (row.data.reservationId !== undefined) throw conflict('The server is reserved already.')
  row.data = { ...row.data, pricingModel, reservationId: world.nextId() }
  return { status: 200, body: showServer(world, account, row) }
}

function deprovision(call: Call): Answer {
  const row = rowOf(call.account.servers, call, 'serverId')
  const { deleteIpBlocks } = parseBody(RELINQUISH_BODY, call.body)
  if (['deleting', 'reserved'].includes(row.data.status)) throw conflict(`The server is ${row.data.status}.`)
  removeServerSoon(call, row, deleteIpBlocks ?? false)
  return {
    status: 202,
    body: 'The server has been deprovisioned and related network setup is being updated.',
  }
}

/**
 * deleting, and after a while gone; a server that is paid for in advance stays as `reserved` instead.
 *
 * @param deleteBlocks whether blocks assigned to the server are deleted, or merely unassigned
 */
export function removeServerSoon({ world, account }: Call, row: ServerRow, deleteBlocks: boolean): void {
  const { id } = row.data
  row.data = { ...row.data, status: 'deleting' }
  world.schedule(world.settings.serverDeleteMs, () => {
    if (account.servers.get(id) !== row || row.data.status !== 'deleting') return
    if (row.data.reservationId === undefined) account.servers.delete(id)
    else row.data = { ...row.data, status: 'reserved' }
    releaseNetworking(account, id, deleteBlocks)
  })
}

/** Takes a server that goes out of its networks, and its blocks from it. */
export function releaseNetworking(account: Account, serverId: string, deleteBlocks: boolean): void {
  for (const network of account.networks.values()) {
    const memberships = network.data.memberships.filter(({ resourceId }) => resourceId !== serverId)
    network.data = { ...network.data, memberships }
  }
  for (const [blockId, block] of account.blocks) {
    if (block.data.assignedResourceId !== serverId) continue
    if (deleteBlocks) account.blocks.delete(blockId)
    else unassignBlock(block)
  }
}
