import type { AddressBlock, AddressSupply } from '../../../shared/cloud-provider/load-balancer.ts'
import { type ClaimRequest, claimAddress } from '../../../shared/controllers/address/claims.ts'
import type { Claim, Gate } from '../../../shared/controllers/address/contract.ts'
import { readGate, type When } from '../../../shared/controllers/address/gates.ts'
import type { Kube } from '../../../shared/kubernetes/client.ts'

export const NOW = Date.UTC(2026, 0, 2)

/** An assigned block with the range 203.0.113.0/29 unless told otherwise. */
export function makeBlock(id: string, change: Partial<AddressBlock> = {}): AddressBlock {
  return {
    id,
    cidr: '203.0.113.0/29',
    family: 'IPv4',
    location: 'PHX',
    state: 'assigned',
    status: 'assigned',
    usable: undefined,
    dedicatedTo: undefined,
    purchase: undefined,
    marked: false,
    onNetwork: true,
    ageMs: 3_600_000,
    ...change,
  }
}

export const makeSupply = (blocks: readonly AddressBlock[]): AddressSupply => ({
  network: { id: 'network-1', location: 'PHX', status: 'READY' },
  blocks,
  memberAddresses: [],
  occupied: { IPv4: blocks.length, IPv6: 0 },
  unlisted: [],
})

/** The n-th block of a test and addresses in it: 10.<n / 256>.<n % 256>.0/29. */
export function makeNumbered(n: number, change: Partial<AddressBlock> = {}) {
  const net = `10.${Math.floor(n / 256)}.${n % 256}`
  const block = makeBlock(`block-${n}`, { cidr: `${net}.0/29`, ...change })
  return { block, gateAddress: `${net}.0`, address: (host: number) => `${net}.${host}` }
}

export const toRequest = (
  { block, gateAddress, address }: ReturnType<typeof makeNumbered>,
  change: Partial<ClaimRequest> = {},
): ClaimRequest => ({
  address: address(2),
  family: block.family,
  service: { namespace: 'default', name: 'web' },
  state: 'unconfirmed',
  blockId: block.id,
  gateAddress,
  ...change,
})

/** A claim that must be had. */
export async function makeClaim(kube: Kube, request: ClaimRequest, when: When): Promise<Claim> {
  const claimed = await claimAddress(kube, request, when)
  if (typeof claimed === 'string') throw new Error(`${request.address} is ${claimed}`)
  return claimed.claim
}

/** A gate that must be there. */
export async function expectGate(kube: Kube, address: string): Promise<Gate> {
  const gate = await readGate(kube, address)
  if (!gate) throw new Error(`there is no gate ${address}`)
  return gate
}
