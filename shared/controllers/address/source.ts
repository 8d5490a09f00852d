import type { AddressBlock, AddressSupply } from '../../cloud-provider/load-balancer.ts'
import type { AddressBook, AddressSource } from './contract.ts'

/**
 * The part of a supply that addresses are chosen from: no block that is on its way, broken or being given back. Without
 * ages, with which no two readings would be the same.
 */
export const toSource = ({ network, blocks, memberAddresses }: AddressSupply): AddressSource => ({
  location: network.location,
  blocks: blocks
    .filter(({ state, marked }) => state === 'assigned' && !marked)
    .map(block => ({ ...block, ageMs: undefined })),
  memberAddresses,
})

/** Every block whose state is known, those included of which it is only known that they are still there. */
export const toKnownBlocks = ({ blocks, unlisted }: AddressSupply): readonly AddressBlock[] => [
  ...blocks,
  ...unlisted.map(toUnlisted),
]

const toUnlisted = (id: string): AddressBlock => ({
  id,
  cidr: undefined,
  family: 'IPv4',
  location: '',
  state: 'elsewhere',
  status: 'unlisted',
  usable: undefined,
  dedicatedTo: undefined,
  purchase: undefined,
  marked: false,
  onNetwork: false,
  ageMs: undefined,
})

/** Ids of the blocks that claims and gates lie in. */
export const toExpectedBlocks = ({ claims, gates }: AddressBook): readonly string[] => [
  ...new Set([...claims, ...gates].map(({ blockId }) => blockId)),
]
