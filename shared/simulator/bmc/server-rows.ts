import { type Account, applySeed, newRow, type ServerRow, type World } from './store.ts'
import { ensureTags, linkTags, showLinks } from './tags.ts'
import type { IpBlock, NetworkConfiguration, Seed, Server, TagRequest } from './types.ts'

/** A server as a test puts it into the store; tags are named and made when they are missing. */
export type ServerSeed = Seed<Omit<Server, 'tags'>> & { readonly tags?: readonly TagRequest[] }

/** Fields that may be absent, in the answer's order; answered as null when the settings say so. */
const OPTIONAL = [
  'description',
  'os',
  'publicIpAddresses',
  'reservationId',
  'password',
  'networkType',
  'clusterId',
  'provisionedOn',
  'osConfiguration',
  'gpuConfiguration',
  'supersededBy',
  'supersedes',
] as const
/** Host numbers of a /24 that seeded servers get; the low ones are left to gateways. */
const HOSTS = { first: 11, perNet: 200 }

/** One server in the store, with what the seed leaves open filled in so that all parts agree. */
export function insertServer(world: World, account: Account, seed: ServerSeed, block?: IpBlock): ServerRow {
  const { tags = [], ...fields } = seed
  const number = world.count('server')
  const id = seed.id ?? world.nextId()
  const addresses = chooseAddresses(number, seed, block)
  const row: ServerRow = newRow({
    ...hardware,
    id,
    status: 'powered-on',
    hostname: `server-${number}`,
    os: 'ubuntu/jammy',
    type: 's1.c1.small',
    location: 'PHX',
    ...addresses,
    pricingModel: 'HOURLY',
    provisionedOn: world.timestamp(),
    networkConfiguration: describeNetworks(account, addresses, block),
  })
  applySeed(row, fields)
  ensureTags(
    world,
    account,
    tags.map(({ name }) => name),
  )
  row.tags = linkTags(account, tags)
  account.servers.set(id, row)
  return row
}

const hardware = {
  cpu: 'E-2276G',
  cpuCount: 1,
  coresPerCpu: 6,
  cpuFrequency: 3.8,
  ram: '64GB RAM',
  storage: '1x 960GB NVMe',
  storageConfiguration: { rootPartition: { raid: 'NO_RAID', size: -1 } },
}

interface Addresses {
  readonly networkType: string
  readonly privateIpAddresses: readonly string[]
  readonly publicIpAddresses: readonly string[]
}

/** What the seed says, else one private and one public address that no other seeded server has. */
function chooseAddresses(number: number, seed: ServerSeed, block: IpBlock | undefined): Addresses {
  const host = `${Math.floor(number / HOSTS.perNet)}.${HOSTS.first + (number % HOSTS.perNet)}`
  const networkType = seed.networkType ?? networkTypeOf(seed)
  const isPrivate = networkType === 'PUBLIC_AND_PRIVATE' || networkType === 'PRIVATE_ONLY'
  const isPublic = networkType === 'PUBLIC_AND_PRIVATE' || networkType === 'PUBLIC_ONLY'
  const publicAddress = block === undefined ? `198.18.${host}` : lastOf(block)
  return {
    networkType,
    privateIpAddresses: seed.privateIpAddresses ?? (isPrivate ? [`10.0.${host}`] : []),
    publicIpAddresses: seed.publicIpAddresses ?? (isPublic ? [publicAddress] : []),
  }
}

function networkTypeOf({ privateIpAddresses, publicIpAddresses }: ServerSeed): string {
  if (publicIpAddresses?.length === 0) return privateIpAddresses?.length === 0 ? 'NONE' : 'PRIVATE_ONLY'
  return privateIpAddresses?.length === 0 ? 'PUBLIC_ONLY' : 'PUBLIC_AND_PRIVATE'
}

/** The second address of a /31: the first is the gateway. */
const lastOf = ({ cidr }: IpBlock): string =>
  (cidr.split('/')[0] ?? '').replace(/\d+$/, last => String(Number(last) + 1))

/** Every account has one private network for all its servers. */
function describeNetworks(
  account: Account,
  { privateIpAddresses }: Addresses,
  block: IpBlock | undefined,
): NetworkConfiguration {
  const network = {
    id: `${account.id}-private`,
    ips: privateIpAddresses,
    dhcp: false,
    statusDescription: 'assigned',
  }
  return {
    privateNetworkConfiguration: { privateNetworks: privateIpAddresses.length === 0 ? [] : [network] },
    ipBlocksConfiguration: { ipBlocks: block === undefined ? [] : [{ id: block.id, vlanId: 10 }] },
    publicNetworkConfiguration: { publicNetworks: [] },
  }
}

export function showServer({ settings }: World, account: Account, { data, odd, tags }: ServerRow): Server {
  const nulls = settings.absent === 'null' ? Object.fromEntries(OPTIONAL.map(name => [name, null])) : {}
  return { ...nulls, ...data, tags: showLinks(account, tags), ...odd }
}
