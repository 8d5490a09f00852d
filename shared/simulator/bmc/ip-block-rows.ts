import { type Account, applySeed, type BlockRow, newRow, type World } from './store.ts'
import { ensureTags, linkTags, showLinks } from './tags.ts'
import type { IpBlock, Seed, TagRequest } from './types.ts'

/** A block as a test puts it into the store; tags are named and made when they are missing. */
export type IpBlockSeed = Seed<Omit<IpBlock, 'tags'>> & { readonly tags?: readonly TagRequest[] }

const OPTIONAL = [
  'parentIpBlockAllocationId',
  'assignedResourceId',
  'assignedResourceType',
  'description',
] as const
/** New IPv4 blocks come from 198.19.0.0/16, meant for tests (RFC 2544); IPv6 from 2001:db8::/32 (RFC 3849). */
const V4_PREFIX = '198.19'
/** Blocks start at multiples of 16 addresses, the largest size on sale, so that none overlaps another; 4095 in all. */
const V4_STEP = 16

/** A block in the store; the seed's cidr decides size and version, and the other way round. */
export function createBlock(world: World, account: Account, seed: IpBlockSeed = {}): BlockRow {
  const { tags = [], ...fields } = seed
  const ipVersion = seed.ipVersion ?? (seed.cidr?.includes(':') ? 'V6' : 'V4')
  const cidr =
    seed.cidr ?? nextCidr(world, ipVersion, seed.cidrBlockSize ?? (ipVersion === 'V6' ? '/64' : '/29'))
  const row: BlockRow = newRow({
    id: seed.id ?? world.nextId(),
    location: 'PHX',
    cidrBlockSize: `/${cidr.split('/')[1]}`,
    cidr,
    ipVersion,
    status: 'unassigned',
    isSystemManaged: false,
    isBringYourOwn: false,
    createdOn: world.timestamp(),
  })
  applySeed(row, fields)
  ensureTags(
    world,
    account,
    tags.map(({ name }) => name),
  )
  row.tags = linkTags(account, tags)
  account.blocks.set(row.data.id, row)
  return row
}

function nextCidr(world: World, ipVersion: string, size: string): string {
  if (ipVersion === 'V6') return `2001:db8:0:${world.count('v6').toString(16)}::${size}`
  // A block larger than one step starts at a multiple of its own size.
  const steps = Math.max(1, 2 ** (32 - Number(size.slice(1))) / V4_STEP)
  let step = world.count('v4')
  while (step % steps !== 0) step = world.count('v4')
  for (let taken = 1; taken < steps; taken += 1) world.count('v4')
  const offset = step * V4_STEP
  return `${V4_PREFIX}.${Math.floor(offset / 256) % 256}.${offset % 256}${size}`
}

export function showBlock({ settings }: World, account: Account, { data, odd, tags }: BlockRow): IpBlock {
  const nulls = settings.absent === 'null' ? Object.fromEntries(OPTIONAL.map(name => [name, null])) : {}
  return { ...nulls, ...data, tags: showLinks(account, tags), ...odd }
}

/** The block belongs to nothing any more. */
export function unassignBlock(row: BlockRow): void {
  const { assignedResourceId: _id, assignedResourceType: _type, ...rest } = row.data
  row.data = { ...rest, status: 'unassigned' }
}

/** Addresses in an IPv4 block; an IPv6 block counts as one. */
export function addressCount({ cidr, ipVersion }: Pick<IpBlock, 'cidr' | 'ipVersion'>): number {
  return ipVersion === 'V6' ? 1 : 2 ** (32 - Number(cidr.split('/')[1]))
}
