import type { AddressBlock, IPFamily, ServiceRef } from '../../cloud-provider/load-balancer.ts'
import type { Candidate } from './candidates.ts'
import type { Claim } from './contract.ts'
import type { Problem } from './problem.ts'
import type { AddressRights } from './tenants.ts'
import type { AddressWish } from './wish.ts'

/** IP families of a Service. */
export interface WantedFamilies {
  /** Primary first, at least one. */
  readonly all: readonly IPFamily[]
  /** Those that it is not served without. */
  readonly required: readonly IPFamily[]
}

/** A Service that needs addresses. */
export interface AllocationRequest {
  readonly service: ServiceRef
  readonly families: WantedFamilies
  readonly wish: AddressWish
  readonly rights: AddressRights
  /** Canonical addresses that it is served with now. */
  readonly live: readonly string[]
  /** False while it waits, or was never written by us: then nothing that it holds has been announced. */
  readonly isServed: boolean
  /** Canonical addresses that it had before, most wanted first: those we chose, then those in its status. */
  readonly held: readonly string[]
}

/**
 * Why a family has no address. `full`: a new block would help; `refused`: what is wished for cannot be had, and nothing
 * else is given; `onHold`: its own address comes back by itself (its block is being repaired, or its gate opens again).
 */
export type Lack = 'full' | 'refused' | 'onHold'

/** What one family of a Service gets. */
export interface FamilyAllocation {
  readonly family: IPFamily
  readonly required: boolean
  /** A claim of its own that it goes on with, unless one of the candidates can be claimed. */
  readonly keep: Claim | undefined
  /** Addresses to try one after the other until one was claimed. */
  readonly candidates: Iterable<Candidate>
  /** What it is when there is nothing to keep and none could be claimed. */
  readonly otherwise: Lack
}

/** A claim of its own whose block cannot be announced any more: `gone` from this cluster, or `failed` for now. */
export interface BrokenClaim {
  readonly claim: Claim
  readonly why: 'gone' | 'failed'
  /** Undefined where it has gone. */
  readonly block: AddressBlock | undefined
}

/** Where the addresses of a Service come from. */
export interface Allocation {
  /** Primary family first. */
  readonly families: readonly FamilyAllocation[]
  /** All claims that its namespace and name hold. */
  readonly own: readonly Claim[]
  readonly broken: readonly BrokenClaim[]
  readonly problems: readonly Problem[]
  readonly live: readonly string[]
}

export type Taken = Readonly<Partial<Record<IPFamily, Candidate>>>

/** What a Service has after the candidates were tried. */
export interface Settlement {
  /** `wait`: it lacks an address that it is not served without, and is not served now. */
  readonly kind: 'serve' | 'wait'
  /** Canonical, primary family first: what it is served with, or has got so far. */
  readonly addresses: readonly string[]
  /** Own claims among them: to be confirmed or taken back into use. */
  readonly claims: readonly Claim[]
  /** Active claims of its own that it needs no longer: to be released once the Service says so. */
  readonly surplus: readonly Claim[]
  /** Families for which new blocks would help, required or not. */
  readonly lacking: readonly IPFamily[]
  /** For people. */
  readonly why: string
}

/**
 * What a Service has, given what could be claimed for it. One that is served already goes on with what it has while it
 * lacks the address of a family that was added.
 */
export function settle(allocation: Allocation, taken: Taken): Settlement {
  const rows = allocation.families.map(row => toRow(row, taken[row.family]))
  const addresses = rows.flatMap(({ address }) => address ?? [])
  const claims = rows.flatMap(({ claim }) => claim ?? [])
  const missing = rows.filter(({ address }) => address === undefined)
  const isComplete = addresses.length > 0 && missing.every(({ required }) => !required)
  const isLive = claims.some(({ address }) => allocation.live.includes(address))
  const failed = allocation.broken.flatMap(({ claim, why }) => (why === 'failed' ? claim : []))
  return {
    kind: isComplete || isLive ? 'serve' : 'wait',
    addresses,
    claims,
    surplus: allocation.own.filter(
      claim => claim.state === 'active' && !claims.includes(claim) && !failed.includes(claim),
    ),
    lacking: missing.flatMap(({ family, otherwise }) => (otherwise === 'full' ? family : [])),
    why: missing.length === 0 ? 'it has its addresses' : missing.map(explain).join('; '),
  }
}

interface Row extends FamilyAllocation {
  readonly address: string | undefined
  readonly claim: Claim | undefined
}

function toRow(row: FamilyAllocation, candidate: Candidate | undefined): Row {
  if (candidate) return { ...row, address: candidate.address, claim: undefined }
  return { ...row, address: row.keep?.address, claim: row.keep }
}

const REASONS = {
  full: 'no address is free',
  refused: 'what it asks for cannot be had',
  onHold: 'its own address is not ready',
} as const satisfies Record<Lack, string>

const explain = ({ family, otherwise }: Row): string => `${family}: ${REASONS[otherwise]}`
