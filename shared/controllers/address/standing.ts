import type { AddressBlock } from '../../cloud-provider/load-balancer.ts'
import { isInRange, parseAddress } from '../../ip-address.ts'
import { type AddressIndex, isSameService, usableRange } from './address-index.ts'
import type { AllocationRequest } from './allocation.ts'
import { type Candidate, toCandidate } from './candidates.ts'
import type { Claim } from './contract.ts'
import { type Problem, toProblem } from './problem.ts'

/**
 * What a claim of a Service's own is worth. `usable`: it goes on with it; `onHold`: soon again; `unproven`: nobody has
 * seen it together with an open gate, so it is nothing to go by; `failed` and `gone`: as for BrokenClaim.
 */
export type Standing = 'usable' | 'onHold' | 'unproven' | 'failed' | 'gone'

/**
 * A claim counts once it was seen while its block's gate was open; one in use was, as confirming it takes that. What a
 * block is that the source lacks is known only where the blocks were read from the cloud just now.
 */
export function judgeClaim(index: AddressIndex, claim: Claim, live: readonly string[]): Standing {
  const verdict = judgeBlock(index, claim.blockId)
  if (verdict === 'gone') return 'gone'
  if (verdict === 'failed') return claim.state === 'unconfirmed' ? 'unproven' : 'failed'
  if (live.includes(claim.address) || claim.state === 'active') return 'usable'
  // It was nobody's for a while, and a server took it meanwhile.
  if (index.isOfServer(claim.address)) return 'unproven'
  if (index.gateOf(claim.blockId)?.state === 'open') return 'usable'
  return claim.state === 'unconfirmed' ? 'unproven' : 'onHold'
}

/** A reading that began before claim and gate were there tells nothing of their block. */
export function judgeBlock({ view }: AddressIndex, blockId: string): 'serving' | 'failed' | 'gone' {
  const { known, judged } = view
  if (!known || !judged?.has(blockId)) return 'serving'
  const block = known.find(({ id }) => id === blockId)
  if (!block) return 'gone'
  return block.state === 'assigned' || block.state === 'elsewhere' ? 'serving' : 'failed'
}

/** Whether a certain address can be claimed. */
export type Obtainable =
  | { readonly state: 'free'; readonly candidate: Candidate }
  | { readonly state: 'onHold' }
  | { readonly state: 'no'; readonly problem: Problem }

/** Whether a Service can claim this address now. @param subject how the message calls it, such as `The address 192.0.2.1` */
export function judgeAddress(
  index: AddressIndex,
  { service }: Pick<AllocationRequest, 'service'>,
  address: string,
  subject: string,
): Obtainable {
  const block = index.blockAt(address)
  if (!block) return judgeOutside(index, address, subject)
  const claim = index.claimAt(address)
  if (claim && !isSameService(claim.service, service)) {
    return no(
      'CCM_ADDRESS_TAKEN',
      `${subject} belongs to another Service (kubectl get ipaddress ${address}).`,
    )
  }
  if (index.isOfServer(address) || (!claim && !isFree(index, block, address)))
    return no('CCM_ADDRESS_RESERVED', toReserved(index, block, address, subject))
  const gate = index.gateOf(block.id)
  if (gate?.state === 'closed') {
    return no(
      'CCM_ADDRESS_OUTSIDE',
      `${subject} lies in the IP block ${block.id}, which is being given back.`,
    )
  }
  if (claim || gate?.state !== 'open') return { state: 'onHold' }
  return { state: 'free', candidate: toCandidate(index, block, address) }
}

const no = (code: Problem['code'], message: string): Obtainable => ({
  state: 'no',
  problem: toProblem(code, message),
})

/** A block that is on its way is worth waiting for, and one that is only marked is kept when it is asked for. */
function judgeOutside(index: AddressIndex, address: string, subject: string): Obtainable {
  const block = index.knownBlockAt(address)
  const isClosed = block && index.gateOf(block.id)?.state === 'closed'
  const isOfUse = block && block.state !== 'going' && block.state !== 'elsewhere'
  if (isOfUse && !isClosed) return { state: 'onHold' }
  return no(
    'CCM_ADDRESS_OUTSIDE',
    `${subject} lies in no IP block that this cluster can use: ask for one that does, or for none.`,
  )
}

function isFree(index: AddressIndex, block: AddressBlock, address: string): boolean {
  const parsed = parseAddress(address)
  return parsed !== undefined && index.freeIn(block).some(range => isInRange(range, parsed))
}

function toReserved(index: AddressIndex, block: AddressBlock, address: string, subject: string): string {
  const { source, book } = index.view
  if (source.memberAddresses.includes(address)) return `${subject} belongs to a server.`
  if (book.unreadable.includes(address)) {
    return `${subject} has a claim that cannot be read (kubectl get ipaddress ${address} -o yaml).`
  }
  const [usable, parsed] = [usableRange(block), parseAddress(address)]
  return usable && parsed && isInRange(usable, parsed)
    ? `${subject} is reserved by PNAP_RESERVED_ADDRESSES.`
    : `${subject} is the network, gateway or broadcast address of its IP block.`
}
