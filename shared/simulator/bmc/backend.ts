import { SCOPES, type Scope } from './api.ts'
import { createBlock, type IpBlockSeed, showBlock } from './ip-block-rows.ts'
import { insertNetwork, type PublicNetworkSeed, showNetwork } from './public-network-rows.ts'
import { listQuotas, type QuotaId } from './quotas.ts'
import { releaseNetworking } from './server-actions.ts'
import { insertServer, type ServerSeed, showServer } from './server-rows.ts'
import {
  type Account,
  applySeed,
  type BlockRow,
  type NetworkRow,
  type Row,
  type ServerRow,
  type World,
} from './store.ts'
import { ensureTags, linkTags, listAllTags } from './tags.ts'
import type { TokenIssuer } from './token.ts'
import type {
  IpBlock,
  NetworkMembership,
  PublicNetwork,
  Quota,
  Seed,
  Server,
  Tag,
  TagRequest,
} from './types.ts'

/**
 * The store behind the simulated API, to seed and to inspect, seen as one account. What it returns are snapshots,
 * just as the API would answer now. An unknown id throws: a test that seeds wrongly must not go on.
 */
export interface Backend {
  readonly accountId: string
  /** The same cloud as another account sees it; an unknown account comes into being, empty. */
  account(id: string): Backend

  /** The account's only credentials from now on. Tokens issued before stay good, as with the real API. */
  setCredentials(clientId: string, clientSecret: string, scopes?: readonly Scope[]): void
  /** Further credentials of the account. */
  addCredentials(clientId: string, clientSecret: string, scopes?: readonly Scope[]): void
  /** The account's credentials and the tokens of everybody are refused from now on. */
  withdrawCredentials(): void
  /** Every token issued so far is refused from now on. */
  revokeTokens(): void

  /** By default powered on, with one private and one public address of its own. */
  addServer(seed?: ServerSeed): Server
  updateServer(id: string, seed: ServerSeed): Server
  /** Gone at once, with its blocks and memberships. */
  removeServer(id: string): void
  powerOff(id: string): Server
  powerOn(id: string): Server
  servers(): Server[]
  server(id: string): Server

  /** By default an unassigned /29. */
  addIpBlock(seed?: IpBlockSeed): IpBlock
  updateIpBlock(id: string, seed: IpBlockSeed): IpBlock
  removeIpBlock(id: string): void
  ipBlocks(): IpBlock[]
  ipBlock(id: string): IpBlock

  /** By default READY and empty; the blocks named are assigned to it at once. */
  addPublicNetwork(seed?: PublicNetworkSeed): PublicNetwork
  updatePublicNetwork(id: string, seed: PublicNetworkSeed): PublicNetwork
  removePublicNetwork(id: string): void
  /** Addresses of a network that belong to a resource, a server by default. */
  addMembership(
    networkId: string,
    membership: Omit<NetworkMembership, 'resourceType'> & Partial<NetworkMembership>,
  ): PublicNetwork
  publicNetworks(): PublicNetwork[]
  publicNetwork(id: string): PublicNetwork

  /** Makes the tag if there is none of that name. */
  addTag(name: string): void
  tags(): Tag[]

  quotas(): Quota[]
  setQuota(id: QuotaId, limit: number): void
  /** @param product a block size (`/29`) or a server type; what was never set is plentiful */
  setStock(location: string, product: string, left: number): void
}

export function createBackend(world: World, issuer: TokenIssuer, accountId: string): Backend {
  const account = world.account(accountId)
  return {
    accountId,
    account: id => createBackend(world, issuer, id),
    ...credentialOperations(issuer, accountId),
    ...serverOperations(world, account),
    ...blockOperations(world, account),
    ...networkOperations(world, account),
    addTag: name => ensureTags(world, account, [name]),
    tags: () => {
      world.advance()
      return listAllTags(account)
    },
    quotas: () => {
      world.advance()
      return listQuotas(world, account)
    },
    setQuota: (id, limit) => void account.quotaLimits.set(id, limit),
    setStock: (location, product, left) => void world.stock.set(`${location} ${product}`, left),
  }
}

function credentialOperations(issuer: TokenIssuer, accountId: string) {
  const addCredentials = (
    clientId: string,
    clientSecret: string,
    scopes: readonly Scope[] = SCOPES,
  ): void => {
    issuer.clients.set(clientId, { clientId, clientSecret, accountId, scopes })
  }
  const removeClients = (): void => {
    for (const [id, client] of issuer.clients) if (client.accountId === accountId) issuer.clients.delete(id)
  }
  return {
    addCredentials,
    setCredentials: (clientId: string, clientSecret: string, scopes?: readonly Scope[]): void => {
      removeClients()
      addCredentials(clientId, clientSecret, scopes)
    },
    withdrawCredentials: (): void => {
      removeClients()
      issuer.revokeAll()
    },
    revokeTokens: (): void => issuer.revokeAll(),
  }
}

function serverOperations(world: World, account: Account) {
  const access = rowAccess<ServerRow, Server, ServerSeed>(
    world,
    account,
    'server',
    account.servers,
    row => showServer(world, account, row),
    changeTagged(world, account),
  )
  return {
    addServer: (seed: ServerSeed = {}): Server => {
      world.advance()
      return showServer(world, account, insertServer(world, account, seed))
    },
    updateServer: access.update,
    removeServer: (id: string): void => {
      access.remove(id)
      releaseNetworking(account, id, true)
    },
    powerOff: (id: string): Server => access.update(id, { status: 'powered-off' }),
    powerOn: (id: string): Server => access.update(id, { status: 'powered-on' }),
    servers: access.all,
    server: access.one,
  }
}

function blockOperations(world: World, account: Account) {
  const access = rowAccess<BlockRow, IpBlock, IpBlockSeed>(
    world,
    account,
    'IP block',
    account.blocks,
    row => showBlock(world, account, row),
    changeTagged(world, account),
  )
  return {
    addIpBlock: (seed: IpBlockSeed = {}): IpBlock => {
      world.advance()
      return showBlock(world, account, createBlock(world, account, seed))
    },
    updateIpBlock: access.update,
    removeIpBlock: access.remove,
    ipBlocks: access.all,
    ipBlock: access.one,
  }
}

function networkOperations(world: World, account: Account) {
  const access = rowAccess<NetworkRow, PublicNetwork, PublicNetworkSeed>(
    world,
    account,
    'public network',
    account.networks,
    row => showNetwork(world, account, row),
    (row, { blockIds, ...seed }) => {
      applySeed(row, seed)
      if (blockIds !== undefined) row.blockIds = blockIds
    },
  )
  return {
    addPublicNetwork: (seed: PublicNetworkSeed = {}): PublicNetwork => {
      world.advance()
      return showNetwork(world, account, insertNetwork(world, account, seed))
    },
    updatePublicNetwork: access.update,
    removePublicNetwork: access.remove,
    addMembership: (
      networkId: string,
      membership: Omit<NetworkMembership, 'resourceType'> & Partial<NetworkMembership>,
    ): PublicNetwork => {
      const { memberships } = access.one(networkId)
      return access.update(networkId, {
        memberships: [...memberships, { resourceType: 'server', ...membership }],
      })
    },
    publicNetworks: access.all,
    publicNetwork: access.one,
  }
}

/** Reading and changing one kind of object. @param change puts a seed into a row */
function rowAccess<R, S, Sd>(
  world: World,
  { id: accountId }: Account,
  kind: string,
  rows: Map<string, R>,
  show: (row: R) => S,
  change: (row: R, seed: Sd) => void,
) {
  function find(id: string): R {
    world.advance()
    const row = rows.get(id)
    if (row === undefined) throw new Error(`the simulator has no ${kind} ${id} in account ${accountId}`)
    return row
  }
  return {
    one: (id: string): S => show(find(id)),
    all: (): S[] => {
      world.advance()
      return [...rows.values()].map(show)
    },
    remove: (id: string): void => {
      find(id)
      rows.delete(id)
    },
    update: (id: string, seed: Sd): S => {
      const row = find(id)
      change(row, seed)
      return show(row)
    },
  }
}

/** Puts a seed into a row that carries tags; tags that are missing are made. */
function changeTagged<T extends object>(world: World, account: Account) {
  return (row: Row<T>, { tags, ...fields }: Seed<T> & { readonly tags?: readonly TagRequest[] }): void => {
    applySeed<object>(row, fields)
    if (tags === undefined) return
    ensureTags(
      world,
      account,
      tags.map(({ name }) => name),
    )
    row.tags = linkTags(account, tags)
  }
}
