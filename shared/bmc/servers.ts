import { hasCode } from '../errors.ts'
import {
  aboutAsked,
  list,
  optionalList,
  optionalObject,
  optionalText,
  type Parse,
  type Raw,
  ShapeError,
  text,
  toList,
  toRaw,
  toText,
} from './parse.ts'
import type { Request } from './request.ts'
import { toTagAssignment } from './tags.ts'
import type { Call, NetworkConfiguration, Server, ServerLookup, ServerNetwork } from './types.ts'

/** Calls of the servers API. */
export interface ServerCalls {
  /** Every server of the account; there is no pagination. */
  listServers(call?: Call): Promise<readonly Server[]>
  /** One server. The API answers 403 for an unknown or deleted id; every other failure is an error. */
  getServer(serverId: string, call?: Call): Promise<ServerLookup>
}

export function createServerCalls(request: Request): ServerCalls {
  async function getServer(serverId: string, call?: Call): Promise<ServerLookup> {
    try {
      const server = await request(toGetServer(serverId), call)
      return { state: 'found', server }
    } catch (error) {
      if (hasCode(error, 'BMC_FORBIDDEN')) return { state: 'absent', status: 403 }
      if (hasCode(error, 'BMC_NOT_FOUND')) return { state: 'absent', status: 404 }
      throw error
    }
  }

  return { listServers: call => request(LIST_SERVERS, call), getServer }
}

const LIST_SERVERS = {
  method: 'GET',
  path: '/bmc/v1/servers',
  parse: (body: unknown, at: string) => toList(body, at, toServer),
} as const

function toGetServer(serverId: string) {
  return {
    method: 'GET',
    path: '/bmc/v1/servers/{serverId}',
    ids: { serverId },
    parse: aboutAsked(toServer, id => id === serverId, 'server'),
  } as const
}

/** Only the id is indispensable: a list without one of its servers would delete a node, and one odd server stop all others. */
const toServer: Parse<Server> = (value, at) => {
  const raw = toRaw(value, at)
  const id = text(raw, 'id')
  try {
    return { id, ...toRequired(raw), ...toOptional(raw) }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    return { id, ...toNothing(raw), unreadable: error.message }
  }
}

function toRequired(raw: Raw) {
  return {
    status: text(raw, 'status'),
    hostname: text(raw, 'hostname'),
    type: text(raw, 'type'),
    location: text(raw, 'location'),
    privateIpAddresses: list(raw, 'privateIpAddresses', toEntry),
  }
}

function toOptional(raw: Raw) {
  return {
    publicIpAddresses: toPublicEntries(raw),
    os: lenient(() => optionalText(raw, 'os')),
    description: lenient(() => optionalText(raw, 'description')),
    networkType: lenient(() => optionalText(raw, 'networkType')),
    provisionedOn: lenient(() => optionalText(raw, 'provisionedOn')),
    networkConfiguration: lenient(() => optionalObject(raw, 'networkConfiguration', toNetworkConfiguration)),
    tags: lenient(() => optionalList(raw, 'tags', toTagAssignment)),
  }
}

/** Nothing that a node could be matched by or given; whether it is powered off is known all the same. */
function toNothing(raw: Raw) {
  const status = lenient(() => optionalText(raw, 'status')) ?? ''
  return { status, hostname: '', type: '', location: '', privateIpAddresses: [] }
}

/** Undefined for what has another shape than documented. */
function lenient<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ShapeError) return undefined
    throw error
  }
}

/** An odd entry is kept as a word, so that whoever expands the entries sees that one cannot be read. */
const toEntry = (value: unknown): string => (typeof value === 'string' ? value : toOdd(value))

/** Its JSON could be as long as the answer, and too deep to be written at all. */
const toOdd = (value: unknown): string => `(${typeof value})`

function toPublicEntries(raw: Raw): readonly string[] | undefined {
  const value = raw.values['publicIpAddresses'] ?? undefined
  if (value === undefined) return undefined
  return Array.isArray(value) ? value.map(toEntry) : [toOdd(value)]
}

function toNetworkConfiguration(raw: Raw): NetworkConfiguration {
  return {
    gatewayAddress: optionalText(raw, 'gatewayAddress'),
    privateNetworkConfiguration: optionalObject(raw, 'privateNetworkConfiguration', inner => ({
      privateNetworks: optionalList(inner, 'privateNetworks', toServerNetwork),
    })),
    publicNetworkConfiguration: optionalObject(raw, 'publicNetworkConfiguration', inner => ({
      publicNetworks: optionalList(inner, 'publicNetworks', toServerNetwork),
    })),
    ipBlocksConfiguration: optionalObject(raw, 'ipBlocksConfiguration', inner => ({
      ipBlocks: optionalList(inner, 'ipBlocks', (value, at) => ({ id: text(toRaw(value, at), 'id') })),
    })),
  }
}

const toServerNetwork: Parse<ServerNetwork> = (value, at) => {
  const raw = toRaw(value, at)
  return { id: text(raw, 'id'), ips: optionalList(raw, 'ips', toText) }
}
