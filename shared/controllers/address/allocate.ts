import type { IPFamily } from '../../cloud-provider/load-balancer.ts'
import { parseAddress } from '../../ip-address.ts'
import type { AddressIndex } from './address-index.ts'
import type { Allocation, AllocationRequest, BrokenClaim, FamilyAllocation, Lack } from './allocation.ts'
import { type Candidate, listCandidates } from './candidates.ts'
import type { Claim, ClaimState } from './contract.ts'
import { type Problem, toProblem } from './problem.ts'
import { type RequestedAddresses, sortRequested } from './requested.ts'
import { judgeAddress, judgeClaim, type Standing } from './standing.ts'
import { toDenied, toLimited } from './tenants.ts'

/**
 * Where the addresses of a Service come from: first what its namespace and name hold already, then what it had before,
 * then any free address. A requested address is that address or none; a Service that is served keeps what it has when
 * its request cannot be met.
 */
export function allocate(index: AddressIndex, request: AllocationRequest): Allocation {
  const { service, families, wish, live } = request
  const own = index.claimsOf(service)
  const judged = own.map(claim => ({ claim, standing: judgeClaim(index, claim, live) }))
  const requested = sortRequested(request)
  let { room } = request.rights
  const choices = families.all.map(family => {
    const ofFamily = judged.filter(({ claim }) => claim.family === family)
    const choice = chooseFor(family, { index, request, requested, judged: ofFamily, room })
    if (choice.candidates !== NONE) room -= 1
    return { ...choice, family, required: families.required.includes(family) }
  })
  const broken = judged.flatMap(row => toBroken(index, row))
  return {
    families: choices.map(({ family, required, keep, candidates, otherwise }) => ({
      family,
      required,
      keep,
      candidates,
      otherwise,
    })),
    own,
    broken,
    problems: [
      ...wish.problems,
      ...requested.problems,
      ...choices.flatMap(({ problem }) => problem ?? []),
      ...broken.filter(({ claim }) => live.includes(claim.address)).map(toBrokenProblem),
    ],
    live,
  }
}

interface JudgedClaim {
  readonly claim: Claim
  readonly standing: Standing
}

interface Situation {
  readonly index: AddressIndex
  readonly request: AllocationRequest
  readonly requested: RequestedAddresses
  /** Own claims of the family. */
  readonly judged: readonly JudgedClaim[]
  /** How many more addresses the namespace may have. */
  readonly room: number
}

const NONE: readonly Candidate[] = []

type Choice = Pick<FamilyAllocation, 'keep' | 'candidates' | 'otherwise'> & {
  readonly problem?: Problem | undefined
}

const keepOr = (keep: Claim | undefined, otherwise: Lack, problem?: Problem): Choice => ({
  keep,
  candidates: NONE,
  otherwise,
  problem,
})

function chooseFor(family: IPFamily, situation: Situation): Choice {
  const { request, requested, judged } = situation
  const current = findCurrent(judged, request.live)
  const inUse = current && isInUse(current, request) ? current : undefined
  const address = requested.byFamily[family]
  if (address !== undefined) return orReclaim(family, situation, chooseRequested(address, situation, inUse))
  if (requested.isImpaired) return orReclaim(family, situation, keepOr(inUse, 'refused'))
  // It asks for no address: what is its own is no other one, even where its user took our marks off.
  if (request.wish.isBlocked)
    return orReclaim(family, situation, keepOr(current?.state === 'active' ? current : inUse, 'refused'))
  if (current) return keepOr(current, 'full')
  if (judged.some(({ standing }) => standing === 'onHold' || standing === 'failed')) {
    return keepOr(undefined, 'onHold')
  }
  return chooseAny(family, situation)
}

/** `inUse` is what it goes on with when it cannot have the address that it asks for. */
function chooseRequested(address: string, situation: Situation, inUse: Claim | undefined): Choice {
  const { index, request, judged } = situation
  const own = judged.find(({ claim }) => claim.address === address)
  if (own?.standing === 'usable') return keepOr(own.claim, 'refused')
  if (own?.standing === 'onHold' || own?.standing === 'failed') return keepOr(inUse, 'onHold')
  if (request.wish.isBlocked) return keepOr(inUse, 'refused')
  const subject = `The address ${address} (${request.wish.source})`
  const refusal = refuseRequest(situation, address, subject)
  if (refusal) return keepOr(inUse, 'refused', refusal)
  const found = judgeAddress(index, request, address, subject)
  if (found.state !== 'free') {
    const problem = found.state === 'no' ? found.problem : undefined
    return keepOr(inUse, problem ? 'refused' : 'onHold', problem)
  }
  return { keep: inUse, candidates: [found.candidate], otherwise: 'refused' }
}

/** What it is served with, and somebody took the claim of, goes to nobody else while its request cannot be met. */
function orReclaim(family: IPFamily, { index, request, judged }: Situation, choice: Choice): Choice {
  if (choice.keep || choice.otherwise !== 'refused' || choice.candidates !== NONE) return choice
  const lost = request.live.find(
    address =>
      parseAddress(address)?.family === family &&
      request.rights.proven.includes(address) &&
      !judged.some(({ claim }) => claim.address === address),
  )
  const found = lost === undefined ? undefined : judgeAddress(index, request, lost, lost)
  return found?.state === 'free' ? { ...choice, candidates: [found.candidate] } : choice
}

/** What a Service is known to be served with takes no permission: it is only claimed again. */
function refuseRequest(
  { request: { rights }, room }: Situation,
  address: string,
  subject: string,
): Problem | undefined {
  if (rights.proven.includes(address)) return undefined
  if (!rights.mayRequest) return toDenied(subject)
  return room > 0 ? undefined : toLimited()
}

function chooseAny(family: IPFamily, situation: Situation): Choice {
  const { index, request } = situation
  const { service, wish, held, rights } = request
  const all = listCandidates(index, service, family, wish.mode)
  const before = held.find(address => parseAddress(address)?.family === family)
  const isProven = before !== undefined && rights.proven.includes(before)
  if (situation.room <= 0 && !isProven) return keepOr(undefined, 'refused', toLimited())
  if (before === undefined) return { keep: undefined, candidates: all, otherwise: 'full' }
  const subject = `The address ${before} that the Service had before`
  if (!rights.mayRequest && !isProven) {
    const problem = toReplaced(toDenied(subject))
    return { keep: undefined, candidates: all, otherwise: 'full', problem }
  }
  const found = judgeAddress(index, request, before, subject)
  if (found.state === 'onHold') return keepOr(undefined, 'onHold')
  const candidates = found.state === 'free' ? preferring(found.candidate, all) : all
  const problem = found.state === 'no' ? toReplaced(found.problem) : undefined
  return { keep: undefined, candidates, otherwise: 'full', problem }
}

const preferring = (first: Candidate, rest: Iterable<Candidate>): Iterable<Candidate> => ({
  *[Symbol.iterator]() {
    yield first
    for (const candidate of rest) if (candidate.address !== first.address) yield candidate
  },
})

const toReplaced = ({ message }: Problem): Problem =>
  toProblem('CCM_ADDRESS_REPLACED', `${message} The Service gets another one.`)

const ORDER: readonly ClaimState[] = ['active', 'unconfirmed', 'retained', 'released']

/**
 * One that was claimed and never written into the Service is no reason for another address than it asks for: where the
 * Service says what it is served with, it is in use only if that or its status names it.
 */
const isInUse = ({ address, state }: Claim, { live, isServed, held }: AllocationRequest): boolean =>
  live.includes(address) || (state === 'active' && isServed && (live.length === 0 || held.includes(address)))

/** What it is served with, else what it had last. */
function findCurrent(judged: readonly JudgedClaim[], live: readonly string[]): Claim | undefined {
  const usable = judged.flatMap(({ claim, standing }) => (standing === 'usable' ? claim : []))
  const rank = (claim: Claim): number => (live.includes(claim.address) ? -1 : ORDER.indexOf(claim.state))
  return usable.toSorted(
    (a, b) => rank(a) - rank(b) || b.since - a.since || (a.address < b.address ? -1 : 1),
  )[0]
}

function toBroken(index: AddressIndex, { claim, standing }: JudgedClaim): BrokenClaim[] {
  if (standing !== 'gone' && standing !== 'failed') return []
  const block = index.view.known?.find(({ id }) => id === claim.blockId)
  return [{ claim, why: standing, block }]
}

const toBrokenProblem = ({ claim, why, block }: BrokenClaim): Problem =>
  toProblem(
    'CCM_ADDRESS_WITHDRAWN',
    why === 'gone'
      ? `The IP block ${claim.blockId} of the address ${claim.address} does not belong to this cluster any more.`
      : `The IP block ${claim.blockId} of the address ${claim.address} is ${quoteStatus(block?.status)}: it is not announced until the block is assigned again.`,
  )

const quoteStatus = (status: string | undefined): string => JSON.stringify(status ?? 'unknown')
