import { readLoadBalancerIP } from '../announcers/requests.ts'
import type { AddressBlock } from '../cloud-provider/load-balancer.ts'
import { findBlock } from '../controllers/address/address-index.ts'
import type { Claim } from '../controllers/address/contract.ts'
import { readHistory } from '../controllers/service/history.ts'
import { toKey } from '../doctor/checks/services.ts'
import { toNames } from '../doctor/contract.ts'
import type { Item } from './contract.ts'
import type { MigrateView } from './view.ts'

/** A block that no Service has an address in, but somebody's claim. */
export interface ClaimedBlock {
  readonly block: AddressBlock
  readonly claims: readonly Claim[]
}

/** Blocks that no Service has or waits for, by whatever names an address of theirs. */
export interface UnusedBlocks {
  readonly unused: readonly AddressBlock[]
  /** Of these some address is active, rests or is kept for good. */
  readonly claimed: readonly ClaimedBlock[]
}

export function findUnused(
  view: Pick<MigrateView, 'blocks' | 'services' | 'announcer' | 'book'>,
): UnusedBlocks {
  const { blocks = [], services, announcer, book } = view
  const keys = new Set(services.map(toKey))
  const used = services.flatMap(service => [
    ...readHistory(service).held,
    ...readLoadBalancerIP(service).addresses,
    ...(announcer?.readRequest(service, [])?.addresses ?? []),
  ])
  const inUse = new Set(used.flatMap(address => findBlock(blocks, address)?.id ?? []))
  const withoutService = blocks.filter(
    ({ id, marked, dedicatedTo, state }) =>
      !marked &&
      state === 'assigned' &&
      !inUse.has(id) &&
      !(dedicatedTo && keys.has(`${dedicatedTo.namespace}/${dedicatedTo.name}`)),
  )
  const found = withoutService.map(block => ({ block, claims: findClaims(block, blocks, book.claims) }))
  return {
    unused: found.flatMap(({ block, claims }) => (claims.length === 0 ? [block] : [])),
    claimed: found.filter(({ claims }) => claims.length > 0),
  }
}

const findClaims = (
  { id }: AddressBlock,
  blocks: readonly AddressBlock[],
  claims: readonly Claim[],
): readonly Claim[] =>
  claims.filter(({ blockId, address }) => blockId === id || findBlock(blocks, address)?.id === id)

export const toUnusedItem = (block: AddressBlock): Item => ({
  kind: 'IPBlock',
  name: toBlockName(block),
  outcome: 'is marked, and the Go program gives it back',
  why: 'no Service has an address in it',
})

export const toClaimedItem = ({ block, claims }: ClaimedBlock): Item => ({
  kind: 'IPBlock',
  name: toBlockName(block),
  outcome: 'is left as it is',
  why: toNames(claims.map(toClaimText)),
})

const toBlockName = ({ id, cidr }: AddressBlock): string => `${id} (${cidr})`

function toClaimText({ address, state, service: { namespace, name } }: Claim): string {
  const owner = `${namespace}/${name}`
  return state === 'retained'
    ? `${address} is retained for ${owner} (retain-ip), which has gone`
    : `${address} is claimed for ${owner} (${state})`
}

/** What an operator has to do for addresses that are kept for good: no claim tells of them once this program has gone. */
export const toRetainedNotes = ({ block, claims }: ClaimedBlock): readonly string[] =>
  claims
    .filter(({ state }) => state === 'retained')
    .map(
      claim =>
        `${toClaimText(claim)}: the Go program knows nothing of that, and unregister takes the claim away. To keep the address, take the tags off its block ${block.id} in the BMC portal before that; to give it up: kubectl delete ipaddress ${claim.address}`,
    )
