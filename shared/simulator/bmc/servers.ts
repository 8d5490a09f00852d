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
import { anyObject, fields, flag, listOf, parseBody, text } from './checks.ts'
import type { FaultInjector } from './faults.ts'
import { createBlock } from './ip-block-rows.ts'
import { refuseBeyondQuota } from './quotas.ts'
import { removeServerSoon } from './server-actions.ts'
import { insertServer, showServer } from './server-rows.ts'
import { type ServerRow, takeFromStock } from './store.ts'
import { linkTags, passesTagFilter, TAG_REQUESTS } from './tags.ts'

const HOSTNAME = text({ min: 1, max: 100, pattern: /^(?=.*[a-zA-Z])([a-zA-Z0-9().-])+$/ })
const DESCRIPTION = text({ max: 250 })
const NETWORK_TYPES = ['PUBLIC_AND_PRIVATE', 'PRIVATE_ONLY', 'PUBLIC_ONLY', 'USER_DEFINED', 'NONE']
const INSTALLATION = {
  description: DESCRIPTION,
  installDefaultSshKeys: flag,
  sshKeys: listOf(text()),
  sshKeyIds: listOf(text()),
  networkType: text({ oneOf: NETWORK_TYPES }),
  osConfiguration: anyObject,
  tags: TAG_REQUESTS,
  networkConfiguration: anyObject,
  storageConfiguration: anyObject,
}
const CREATE_BODY = fields(
  { hostname: HOSTNAME, location: text(), os: text({ min: 1 }), type: text({ min: 1 }) },
  { ...INSTALLATION, reservationId: text(), pricingModel: text() },
)
const PROVISION_BODY = fields({ hostname: HOSTNAME, os: text({ min: 1 }) }, INSTALLATION)
const PATCH_BODY = fields(
  {},
  { hostname: text({ min: 1, max: 100, pattern: /^[a-zA-Z0-9().-]+$/ }), description: DESCRIPTION },
)

const SERVERS = '/bmc/v1/servers'
const SERVER = `${SERVERS}/{serverId}`

/** @param cut takes servers out of the list only, see Faults.cutServerList */
export const serverRoutes = (cut: CutList): readonly Route[] => [
  { method: 'GET', path: SERVERS, scope: 'bmc.read', handle: call => listServers(call, cut) },
  { method: 'POST', path: SERVERS, scope: 'bmc', handle: postServer },
  { method: 'GET', path: SERVER, scope: 'bmc.read', handle: call => show(200, call, serverOf(call)) },
  { method: 'PATCH', path: SERVER, scope: 'bmc', handle: patchServer },
  { method: 'DELETE', path: SERVER, scope: 'bmc', handle: deleteServer },
  { method: 'PUT', path: `${SERVER}/tags`, scope: 'bmc', handle: putServerTags },
  { method: 'POST', path: `${SERVER}/actions/provision`, scope: 'bmc', handle: provisionServer },
]

type CutList = FaultInjector['cut']

const serverOf = (call: Call): ServerRow => rowOf(call.account.servers, call, 'serverId')

const show = (status: number, { world, account }: Call, row: ServerRow): Answer => ({
  status,
  body: showServer(world, account, row),
})

function listServers(call: Call, cut: CutList): Answer {
  const { world, account } = call
  const rows = [...account.servers.values()].filter(({ tags }) => passesTagFilter(call, tags))
  return { status: 200, body: cut(rows.map(row => showServer(world, account, row))) }
}

function postServer(call: Call): Answer {
  const { world, account } = call
  const body = parseBody(CREATE_BODY, call.body)
  if (!world.settings.locations.includes(body.location)) throw badRequest('body.location is not known')
  const networkType = chosenNetworkType(body.networkType, call)
  const tags = linkTags(account, body.tags ?? [])
  refuseBeyondQuota(world, account, 'bmc.servers.max_count', 1)
  const isPublic = networkType.startsWith('PUBLIC')
  // A server with a public side gets the smallest block there is, two addresses.
  if (isPublic) refuseBeyondQuota(world, account, 'bmc.public_ips.max_count', 2)
  if (!takeFromStock(world, body.location, body.type)) {
    throw new ApiError(406, `No servers of type ${body.type} are available in ${body.location}.`)
  }
  const id = world.nextId()
  const row = insertServer(
    world,
    account,
    {
      id,
      status: 'creating',
      hostname: body.hostname,
      os: body.os,
      type: body.type,
      location: body.location,
      networkType,
      pricingModel: body.pricingModel ?? 'HOURLY',
      ...pick(body, 'description', 'reservationId'),
    },
    isPublic ? serverBlock(call, id, body.location) : undefined,
  )
  row.tags = tags
  finishCreation(call, row)
  return show(200, call, row)
}

function serverBlock({ world, account }: Call, serverId: string, location: string) {
  return createBlock(world, account, {
    location,
    cidrBlockSize: '/31',
    status: 'assigned',
    assignedResourceId: serverId,
    assignedResourceType: 'server',
  }).data
}

function chosenNetworkType(asked: string | undefined, call: Call): string {
  if (asked === 'NONE' && !isForced(call)) throw badRequest('body.networkType NONE needs force=true')
  return asked === undefined || asked === 'USER_DEFINED' ? 'PUBLIC_AND_PRIVATE' : asked
}

function finishCreation({ world }: Call, row: ServerRow): void {
  world.schedule(world.settings.serverCreateMs, () => {
    if (row.data.status === 'creating') row.data = { ...row.data, status: 'powered-on' }
  })
}

/** A reserved server is installed; it keeps its id and its hardware. */
function provisionServer(call: Call): Answer {
  const row = serverOf(call)
  const body = parseBody(PROVISION_BODY, call.body)
  chosenNetworkType(body.networkType, call)
  if (row.data.status !== 'reserved') throw conflict('Only a reserved server can be provisioned.')
  row.tags = linkTags(call.account, body.tags ?? [])
  row.data = {
    ...row.data,
    status: 'creating',
    hostname: body.hostname,
    os: body.os,
    provisionedOn: call.world.timestamp(),
    ...pick(body, 'description'),
  }
  finishCreation(call, row)
  return show(202, call, row)
}

function patchServer(call: Call): Answer {
  const row = serverOf(call)
  row.data = { ...row.data, ...pick(parseBody(PATCH_BODY, call.body), 'hostname', 'description') }
  return show(200, call, row)
}

function putServerTags(call: Call): Answer {
  const row = serverOf(call)
  row.tags = linkTags(call.account, parseBody(TAG_REQUESTS, call.body))
  return show(200, call, row)
}

/** The documents list no 409 here: a server on its way out is as inaccessible as one that has gone. */
function deleteServer(call: Call): Answer {
  const row = serverOf(call)
  if (row.data.status === 'deleting') throw forbidden()
  removeServerSoon(call, row, true)
  return { status: 200, body: { result: 'Server has been deleted.', serverId: row.data.id } }
}

/** The named fields, without those that are undefined. */
function pick<T extends object, K extends keyof T>(
  from: T,
  ...names: K[]
): { [N in K]?: Exclude<T[N], undefined> } {
  return Object.fromEntries(
    names.filter(name => from[name] !== undefined).map(name => [name, from[name]]),
  ) as { [N in K]?: Exclude<T[N], undefined> }
}
