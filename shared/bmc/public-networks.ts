import { ignoreBody } from './operation.ts'
import {
  aboutAsked,
  list,
  optionalNumber,
  optionalText,
  type Parse,
  text,
  toList,
  toRaw,
  toText,
} from './parse.ts'
import type { Request } from './request.ts'
import type { Call, NetworkMembership, PublicNetwork, PublicNetworkIpBlock } from './types.ts'

/** Calls of the networks API. Both changes answer before they are done: poll the block's status, not the network's. */
export interface PublicNetworkCalls {
  listPublicNetworks(filter?: { readonly location?: string }, call?: Call): Promise<readonly PublicNetwork[]>
  getPublicNetwork(publicNetworkId: string, call?: Call): Promise<PublicNetwork>
  /** @throws CcmError BMC_CONFLICT while the network is in another operation */
  assignIpBlock(publicNetworkId: string, ipBlockId: string, call?: Call): Promise<void>
  /** @param options `force` takes the block away although resources have addresses in it */
  unassignIpBlock(
    publicNetworkId: string,
    ipBlockId: string,
    options?: { readonly force?: boolean },
    call?: Call,
  ): Promise<void>
}

const LIST = '/networks/v1/public-networks'
const ONE = '/networks/v1/public-networks/{publicNetworkId}'

export function createPublicNetworkCalls(request: Request): PublicNetworkCalls {
  return {
    listPublicNetworks({ location } = {}, call) {
      const query = location === undefined ? [] : [['location', location] as const]
      return request({ method: 'GET', path: LIST, query, parse: toPublicNetworks }, call)
    },
    getPublicNetwork: (publicNetworkId, call) =>
      request(
        { method: 'GET', path: ONE, ids: { publicNetworkId }, parse: toAskedFor(publicNetworkId) },
        call,
      ),
    assignIpBlock(publicNetworkId, id, call) {
      const path = `${ONE}/ip-blocks`
      return request(
        { method: 'POST', path, ids: { publicNetworkId }, body: { id }, parse: ignoreBody },
        call,
      )
    },
    unassignIpBlock(publicNetworkId, ipBlockId, { force } = {}, call) {
      const path = `${ONE}/ip-blocks/{ipBlockId}`
      const ids = { publicNetworkId, ipBlockId }
      const query = force === true ? [['force', 'true'] as const] : []
      return request({ method: 'DELETE', path, ids, query, parse: ignoreBody }, call)
    },
  }
}

const toPublicNetworks: Parse<readonly PublicNetwork[]> = (body, at) => toList(body, at, toPublicNetwork)

/** An id in settings may be in capitals. */
const toAskedFor = (publicNetworkId: string): Parse<PublicNetwork> =>
  aboutAsked(toPublicNetwork, id => id.toLowerCase() === publicNetworkId.toLowerCase(), 'public network')

const toPublicNetwork: Parse<PublicNetwork> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    id: text(raw, 'id'),
    name: text(raw, 'name'),
    location: text(raw, 'location'),
    status: text(raw, 'status'),
    vlanId: optionalNumber(raw, 'vlanId'),
    description: optionalText(raw, 'description'),
    memberships: list(raw, 'memberships', toMembership),
    ipBlocks: list(raw, 'ipBlocks', toNetworkIpBlock),
  }
}

const toMembership: Parse<NetworkMembership> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    resourceId: text(raw, 'resourceId'),
    resourceType: text(raw, 'resourceType'),
    ips: list(raw, 'ips', toText),
  }
}

const toNetworkIpBlock: Parse<PublicNetworkIpBlock> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    id: text(raw, 'id'),
    cidr: optionalText(raw, 'cidr'),
    usedIpsCount: optionalText(raw, 'usedIpsCount'),
  }
}
