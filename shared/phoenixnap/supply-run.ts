import type { CloudCall } from '../cloud-provider/contract.ts'
import type {
  AddressDemand,
  BlockChange,
  BlockHold,
  BoughtBlock,
  LoadBalancerCall,
  PurchaseIntent,
  SupplyProgress,
} from '../cloud-provider/load-balancer.ts'
import { createChange } from './block-steps.ts'
import type { SupplyBlock } from './blocks.ts'
import type { LoadBalancerParts } from './load-balancer.ts'
import { type Buyer, buyBlocks, type RoundResult } from './purchase.ts'
import { toPurchaseState } from './purchase-plan.ts'
import { type Recalled, recallPurchases } from './remembered.ts'
import { readSupply, type Supply } from './supply.ts'
import { changeBlocks, toChange } from './supply-changes.ts'
import { planSupply, type Refusal, type SupplyPlan } from './supply-plan.ts'

/** What one run has come to. */
interface Tally {
  readonly did: BlockChange[]
  readonly waits: string[]
  readonly refusals: Refusal[]
  /** What keeps it waiting for longer than BMC needs. */
  readonly trouble?: Refusal | undefined
}

/** Goes towards the demand under the hold. */
export async function supplyUnder(
  parts: LoadBalancerParts,
  hold: BlockHold,
  clusterName: string,
  demand: AddressDemand,
  call: CloudCall,
): Promise<SupplyProgress> {
  const started = parts.clock.now()
  const clusterNow = (): number => hold.now + (parts.clock.now() - started)
  const listed = await readSupply(parts, clusterName, { ...call, expected: toExpected(demand) })
  const recalled = await recallPurchases({ bmc: parts.bmc, clusterName, call }, hold, listed)
  const { supply, verdict } = recalled
  const intent = verdict.do === 'forget' ? undefined : hold.intent
  if (verdict.do === 'forget' || recalled.isNews) await hold.setIntent(intent, recalled.bought)
  const tools = { parts, change: createChange(hold, parts.clock, call), call }
  const { plan, did, waits, refusals, unwilling } = await changeBlocks(tools, supply, {
    ...demand,
    counted: toCounted(demand, listed),
  })
  const bought = withUnwilling(recalled.bought, unwilling, clusterNow())
  if (bought.length > recalled.bought.length) await hold.setIntent(intent, bought)
  const tally: Tally = {
    did: [...did],
    waits: [...plan.waits, ...toUnseenWaits(recalled, demand), ...waits],
    refusals: [...plan.refusals, ...refusals],
  }
  if (verdict.do === 'wait') {
    if (plan.lacking.length > 0) tally.waits.push(verdict.why)
    return toProgress(tally)
  }
  const again: PurchaseIntent | undefined = verdict.do === 'again' ? verdict.intent : undefined
  const buyer: Buyer = { hold, change: tools.change, again, bought, stored: false, clusterNow }
  const round = toRound(parts, clusterName, supply, call)
  const result = await buyBlocks(round, toStart(supply, plan), buyer)
  addRound(tally, result)
  // Nothing is lacking any more, or it cannot be had.
  if (again && !buyer.stored) await hold.setIntent(undefined, bought)
  // Once is bad luck, and the next look repairs it.
  return toProgress({ ...tally, trouble: again && result.unknown })
}

/** From now on it counts for how long one gets nowhere that was not bought a while ago. */
function withUnwilling(
  bought: readonly BoughtBlock[],
  unwilling: readonly SupplyBlock[],
  now: number,
): readonly BoughtBlock[] {
  const fresh = unwilling.filter(({ id }) => !bought.some(block => block.id === id))
  return [...bought, ...fresh.map(({ id }) => ({ id, since: now }))]
}

/** Whoever made the demand has seen a list at the best, so that none of the blocks that it lacks is among those counted. */
const toCounted = ({ counted }: AddressDemand, { blocks }: Supply): readonly string[] =>
  counted ?? blocks.filter(({ state }) => state === 'assigned').map(({ id }) => id)

const toUnseenWaits = ({ unseen }: Recalled, { needs }: AddressDemand): readonly string[] =>
  needs.some(({ count }) => count > 0)
    ? unseen.map(id => `block ${id} was bought, and BMC does not list it yet`)
    : []

const toExpected = ({ inUse, counted = [], known = [] }: AddressDemand): readonly string[] => [
  ...inUse,
  ...counted,
  ...known,
]

/** What would be done; without a guard nobody knows of a purchase under way, nor of how long it has been so. */
export async function planOnly(
  parts: LoadBalancerParts,
  clusterName: string,
  demand: AddressDemand,
  call: Pick<LoadBalancerCall, 'signal' | 'deadline' | 'dryRun'>,
): Promise<SupplyProgress> {
  const listed = await readSupply(parts, clusterName, { ...call, expected: toExpected(demand) })
  const supply = call.dryRun ? listed : toUntold(listed)
  const plan = planSupply(supply, demand)
  const tally: Tally = {
    did: plan.steps.map(step => toChange(step, supply)),
    waits: [...plan.waits],
    refusals: [...plan.refusals],
  }
  const round = toRound(parts, clusterName, supply, call)
  addRound(tally, await buyBlocks(round, toStart(supply, plan), undefined))
  return toProgress(tally)
}

/** What BMC does not tell the age of may be old enough: what the guard remembers decides on it. */
const toUntold = (supply: Supply): Supply => ({
  ...supply,
  blocks: supply.blocks.map(block => ({ ...block, ageMs: block.ageMs ?? Number.POSITIVE_INFINITY })),
})

const toStart = (supply: Supply, { lacking }: SupplyPlan) => toPurchaseState(supply, lacking)

const toRound = (parts: LoadBalancerParts, clusterName: string, { network }: Supply, call: CloudCall) => ({
  ...parts,
  clusterName,
  location: network.location,
  call,
})

function addRound(tally: Tally, { bought, waits, refusals }: RoundResult): void {
  tally.did.push(...bought)
  tally.waits.push(...waits)
  tally.refusals.push(...refusals)
}

/** A change that was begun is waited for, whatever else cannot be had. */
export function toProgress({ did, waits, refusals, trouble }: Tally): SupplyProgress {
  const waiting = waits.length > 0 || did.length > 0
  const [first] = refusals
  if (!first) {
    const why = waits[0] ?? (waiting ? 'BMC is at work on it' : 'nothing is lacking')
    return { state: waiting ? 'waiting' : 'done', did, why, ...(waiting ? trouble : {}) }
  }
  const message = [...new Set(refusals.map(refusal => refusal.message))].join('; ')
  return {
    state: 'refused',
    did,
    why: message,
    code: first.code,
    message,
    ...(waiting ? { alsoWaiting: true } : {}),
  }
}
