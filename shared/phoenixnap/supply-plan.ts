import {
  type AddressDemand,
  type AddressNeed,
  BLOCK_PATIENCE_MS,
  type IPFamily,
  type PurchaseIntent,
  type ServiceRef,
} from '../cloud-provider/load-balancer.ts'
import type { ErrorCode } from '../errors.ts'
import { type SupplyBlock, toCapacity } from './blocks.ts'
import type { Supply } from './supply.ts'

/** How many blocks of a family a public network takes, whoever's they are. */
export const NETWORK_TAKES: Readonly<Record<IPFamily, number>> = { IPv4: 10, IPv6: 1 }
/**
 * A purchase whose answer was lost shows in the list after this time or is taken for never made: its request has ended
 * 20 s after its intent was stored.
 */
export const INTENT_RESTS_MS = 30_000

/** A change of a block that exists. `repair` takes it off the network, so that it can be assigned anew. */
export interface SupplyStep {
  readonly do: 'keep' | 'assign' | 'repair'
  readonly block: SupplyBlock
  readonly why: string
}

/** Why something that is needed cannot be had now. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

/** What is to be done with the blocks that exist, and what they will not bring. */
export interface SupplyPlan {
  readonly steps: readonly SupplyStep[]
  /** What BMC is at work on. */
  readonly waits: readonly string[]
  readonly refusals: readonly Refusal[]
  /** To be bought. */
  readonly lacking: readonly AddressNeed[]
}

/** What becomes of a purchase that was decided on before. */
export type IntentVerdict =
  | { readonly do: 'nothing' }
  | { readonly do: 'forget' | 'wait'; readonly why: string }
  | { readonly do: 'again'; readonly intent: PurchaseIntent }

/**
 * @param intent as stored before this run
 * @param now the cluster's time before the supply was read
 */
export function decideIntent(
  intent: PurchaseIntent | undefined,
  { purchases }: Supply,
  now: number,
): IntentVerdict {
  if (!intent) return { do: 'nothing' }
  if (purchases.has(intent.id)) return { do: 'forget', why: `the block of purchase ${intent.id} is there` }
  // One from the future was written before the API server's clock was set back.
  if (Math.abs(now - intent.since) < INTENT_RESTS_MS) {
    return { do: 'wait', why: `purchase ${intent.id} may have been made a moment ago` }
  }
  return { do: 'again', intent }
}

export function planSupply(supply: Supply, demand: AddressDemand): SupplyPlan {
  const inUse = new Set(demand.inUse)
  const kept = supply.blocks.filter(({ id, marked }) => marked && inUse.has(id))
  const { needed, lacking } = allocate(toComing(supply, demand), demand.needs)
  const used = supply.blocks.filter(({ id }) => inUse.has(id))
  const network = planNetwork(supply, [...new Set([...used, ...needed])])
  const failed = NETWORK_FAILED.has(supply.network.status)
  const stop = failed ? toNetworkRefusal(supply) : findDoubtful(supply)
  return {
    steps: [
      ...kept.map(block => ({ do: 'keep' as const, block, why: 'Services have addresses in it' })),
      ...network.steps,
    ],
    waits: network.waits,
    refusals: stop && lacking.length > 0 ? [stop, ...network.refusals] : network.refusals,
    lacking: stop ? [] : lacking,
  }
}

/** A block whose addresses nobody has counted yet. */
interface Coming {
  readonly block: SupplyBlock
  readonly left: number
}

/** What is nearest to being of use comes first, then what was bought for one Service, last what is stuck. */
const NEARNESS = ['assigned', 'assigning', 'unassigned', 'creating', 'unassigning']

function toComing(supply: Supply, { inUse, claimed, counted }: AddressDemand): readonly Coming[] {
  const taken = claimed && Map.groupBy(claimed, id => id)
  const countLeft = (block: SupplyBlock): number =>
    taken || !inUse.includes(block.id) ? capacityOf(block) - (taken?.get(block.id)?.length ?? 0) : 0
  const isCounted = ({ id, state }: SupplyBlock): boolean =>
    state === 'assigned' && (counted === undefined || counted.includes(id))
  return supply.blocks
    .filter(
      block => !block.marked && !isCounted(block) && block.doubt === undefined && !isHopeless(block, supply),
    )
    .map(block => ({ block, left: countLeft(block) }))
    .filter(({ left }) => left > 0)
    .toSorted((a, b) => rank(a.block) - rank(b.block))
}

const capacityOf = ({ family, prefixLength, usable }: SupplyBlock): number =>
  usable?.count ?? (prefixLength === undefined ? 0 : toCapacity(family, prefixLength))

/** The first address of one Service's own block is never anybody else's. */
const capacityForOthers = (block: SupplyBlock): number => capacityOf(block) - (block.dedicatedTo ? 1 : 0)

const rank = ({ status, dedicatedTo, stuck }: SupplyBlock): number =>
  (NEARNESS.includes(status) ? NEARNESS.indexOf(status) : NEARNESS.length) +
  (dedicatedTo ? NEARNESS.length + 1 : 0) +
  (stuck ? 2 * (NEARNESS.length + 1) : 0)

/** It lies elsewhere, or did not get anywhere for so long that its addresses are got from another one. */
function isHopeless(block: SupplyBlock, { network }: Supply): boolean {
  const { status, location, onNetwork, ageMs = 0 } = block
  if (!onNetwork && location !== '' && location !== network.location) return true
  const isOnItsWay = ['assigned', 'assigning', 'unassigned', 'unassigning'].includes(status)
  return !isOnItsWay && ageMs > BLOCK_PATIENCE_MS
}

/** Gives what is coming to the needs: blocks of one Service to it first, one address each; the rest to everybody. */
function allocate(
  coming: readonly Coming[],
  needs: readonly AddressNeed[],
): { readonly needed: readonly SupplyBlock[]; readonly lacking: readonly AddressNeed[] } {
  const left = new Map(coming.map(({ block, left }) => [block, left]))
  const needed = new Set<SupplyBlock>()
  const take = (block: SupplyBlock, count: number): void => {
    needed.add(block)
    left.set(block, (left.get(block) ?? 0) - count)
  }
  const dedicated = needs.flatMap(need => (isDedicated(need) ? [need] : []))
  const ownTaken = new Set<SupplyBlock>()
  const lackingOwn = dedicated.map(need => {
    const own = coming.filter(({ block }) => isFor(block, need) && !ownTaken.has(block)).slice(0, need.count)
    for (const { block } of own) {
      ownTaken.add(block)
      take(block, 1)
    }
    return { ...need, count: need.count - own.length }
  })
  const lackingShared = FAMILIES.map(family => {
    let count = needs
      .filter(need => need.family === family && !isDedicated(need))
      .reduce((sum, need) => sum + need.count, 0)
    for (const { block } of coming) {
      const shared = block.family === family ? Math.min(left.get(block) ?? 0, capacityForOthers(block)) : 0
      const taken = Math.min(count, shared)
      if (taken > 0) take(block, taken)
      count -= taken
    }
    return { family, count }
  })
  return { needed: [...needed], lacking: [...lackingOwn, ...lackingShared].filter(({ count }) => count > 0) }
}

const FAMILIES: readonly IPFamily[] = ['IPv4', 'IPv6']

type DedicatedNeed = AddressNeed & { readonly service: ServiceRef }

/** A network takes one IPv6 block, so that its addresses are shared always. */
const isDedicated = (need: AddressNeed): need is DedicatedNeed =>
  need.service !== undefined && need.family === 'IPv4'

const isFor = ({ family, dedicatedTo }: SupplyBlock, { service }: DedicatedNeed): boolean =>
  family === 'IPv4' && dedicatedTo?.namespace === service.namespace && dedicatedTo.name === service.name

/** Statuses in which a network takes no change and does not come out of it by itself. */
const NETWORK_FAILED: ReadonlySet<string> = new Set(['ERROR', 'DELETING'])

const toNetworkRefusal = ({ network }: Supply): Refusal => ({
  code: 'CCM_PUBLIC_NETWORK_FAILED',
  message: `public network ${network.id} is ${network.status}`,
})

/** One bad block stops nobody. Of two, the next one that is bought is not going to be better. */
const MOST_DOUBTFUL = 1

function findDoubtful({ blocks }: Supply): Refusal | undefined {
  const doubtful = blocks.flatMap(({ id, doubt }) => (doubt === undefined ? [] : id))
  if (doubtful.length <= MOST_DOUBTFUL) return undefined
  const message = `nothing is bought as long as BMC tells no range for these blocks that can be believed: ${doubtful.join(', ')}`
  return { code: 'BMC_RESPONSE_INVALID', message }
}

interface NetworkPlan {
  readonly steps: SupplyStep[]
  readonly waits: string[]
  readonly refusals: Refusal[]
}

/** Next step of each block on its way onto the network. */
function planNetwork(supply: Supply, blocks: readonly SupplyBlock[]): NetworkPlan {
  const plan: NetworkPlan = { steps: [], waits: [], refusals: [] }
  const room: Record<IPFamily, number> = {
    IPv4: NETWORK_TAKES.IPv4 - supply.occupied.IPv4,
    IPv6: NETWORK_TAKES.IPv6 - supply.occupied.IPv6,
  }
  for (const block of blocks) {
    const step = nextStep(block)
    if (step === 'none') continue
    if (step === 'wait') plan.waits.push(`block ${block.id} is ${block.status}`)
    else if (NETWORK_FAILED.has(supply.network.status)) plan.refusals.push(toNetworkRefusal(supply))
    else if (supply.network.status !== 'READY')
      plan.waits.push(`public network ${supply.network.id} is ${supply.network.status}`)
    else if (!block.onNetwork && room[block.family] < 1) plan.refusals.push(toFullRefusal(supply, block))
    else {
      if (!block.onNetwork) room[block.family] -= 1
      plan.steps.push({ do: step, block, why: `Services need it and it is ${block.status}` })
    }
  }
  return plan
}

function nextStep({ status, onNetwork, state }: SupplyBlock): 'none' | 'wait' | 'assign' | 'repair' {
  switch (status) {
    case 'unassigned':
      return 'assign'
    case 'error assigning':
    case 'error unassigning':
      return onNetwork ? 'repair' : 'assign'
    case 'creating':
    case 'assigning':
    case 'unassigning':
      return 'wait'
    default:
      return state === 'coming' ? 'wait' : 'none'
  }
}

function toFullRefusal({ network, occupied }: Supply, { id, family }: SupplyBlock): Refusal {
  const figures = `${occupied[family]} of at most ${NETWORK_TAKES[family]} ${family} blocks`
  return {
    code: 'CCM_BLOCK_LIMIT',
    message: `block ${id} cannot be assigned: public network ${network.id} has ${figures}`,
  }
}
