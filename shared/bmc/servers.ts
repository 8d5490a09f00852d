import { hasCode } from '../errors.ts'
import {
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
    parse: (body: unknown, at: string) => checkId(toServer(body, at), serverId),
  } as const
}

/** Another server's data under this id would give a node the wrong addresses. */
function checkId(server: Server, serverId: string): Server {
  if (server.id !== serverId) throw new ShapeError('it is about another server')
  return server
}

const toServer: Parse<Server> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    id: text(raw, 'id'),
    status: text(raw, 'status'),
    hostname: text(raw, 'hostname'),
    type: text(raw, 'type'),
    location: text(raw, 'location'),
    privateIpAddresses: list(raw, 'privateIpAddresses', toText),
    publicIpAddresses: optionalList(raw, 'publicIpAddresses', toText),
    os: optionalText(raw, 'os'),
    description: optionalText(raw, 'description'),
    networkType: optionalText(raw, 'networkType'),
    provisionedOn: optionalText(raw, 'provisionedOn'),
    networkConfiguration: optionalObject(raw, 'networkConfiguration', toNetworkConfiguration),
    tags: optionalList(raw, 'tags', toTagAssignment),
  }
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
