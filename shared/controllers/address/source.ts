import type { AddressSupply } from '../../cloud-provider/load-balancer.ts'
import type { AddressSource } from './contract.ts'

/** The part of a supply that addresses are chosen from: no block that is on its way, broken or being given back. */
export const toSource = ({ network, blocks, memberAddresses }: AddressSupply): AddressSource => ({
  location: network.location,
  blocks: blocks.filter(({ state, marked }) => state === 'assigned' && !marked),
  memberAddresses,
})
