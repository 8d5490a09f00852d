import type { CloudCall } from '../cloud-provider/contract.ts'
import type { AddressDemand, BlockChange } from '../cloud-provider/load-balancer.ts'
import { attempt, type Change, type Ending, setMark } from './block-steps.ts'
import type { SupplyBlock } from './blocks.ts'
import type { LoadBalancerParts } from './load-balancer.ts'
import type { Supply } from './supply.ts'
import { planSupply, type Refusal, type SupplyPlan, type SupplyStep } from './supply-plan.ts'

/** With what blocks are changed. */
export interface Tools {
  readonly parts: LoadBalancerParts
  readonly change: Change
  readonly call: CloudCall
}

/** What became of the blocks that exist. */
export interface Changed {
  /** As it is after the changes. */
  readonly plan: SupplyPlan
  readonly did: readonly BlockChange[]
  readonly waits: readonly string[]
  readonly refusals: readonly Refusal[]
  /** Blocks that BMC did not assign, and will not just so. */
  readonly unwilling: readonly SupplyBlock[]
}

/** Of two that BMC does not assign, the next one that is bought is not going to be better. */
const MOST_GIVEN_UP = 1

/**
 * Changes what the plan says. What a block was to bring that was stuck for long, and that BMC refuses again, is got from
 * others: only one that was just tried is given up, so that an outage that is over gives up none.
 */
export async function changeBlocks(tools: Tools, supply: Supply, demand: AddressDemand): Promise<Changed> {
  const run = createRun(tools, supply)
  const first = planSupply(supply, demand)
  let plan = first
  const givenUp = new Set<SupplyBlock>()
  for (;;) {
    await run.carryOut(plan.steps)
    const stuck = run.unwilling.filter(block => block.stuck && !givenUp.has(block))
    if (stuck.length === 0) break
    for (const block of stuck) givenUp.add(block)
    plan = planSupply({ ...supply, blocks: supply.blocks.filter(block => !givenUp.has(block)) }, demand)
  }
  const lacking = givenUp.size > MOST_GIVEN_UP ? first.lacking : plan.lacking
  const { did, waits, refusals, unwilling } = run
  return { plan: { ...plan, lacking }, did, waits, refusals, unwilling }
}

interface Run {
  readonly did: BlockChange[]
  readonly waits: string[]
  readonly refusals: Refusal[]
  readonly unwilling: SupplyBlock[]
  /** Those that were not tried before. */
  carryOut(steps: readonly SupplyStep[]): Promise<void>
}

/** One change of the network at a time: it is busy after the first. Whether one on which BMC fails is made, only the next look tells. */
function createRun(tools: Tools, supply: Supply): Run {
  const [did, waits, refusals, unwilling]: [BlockChange[], string[], Refusal[], SupplyBlock[]] = [
    [],
    [],
    [],
    [],
  ]
  const tried = new Set<SupplyBlock>()
  let networkIsBusy = false

  async function take(step: SupplyStep): Promise<void> {
    const { do: what, block } = step
    if (what !== 'keep' && networkIsBusy) {
      waits.push(`block ${block.id} comes after the change that the network is at work on`)
      return
    }
    const ending = await attempt(`${what} block ${block.id}`, () => carryOut(tools, step))
    if (ending.end === 'made') did.push(toChange(step, supply))
    if (ending.end === 'later') waits.push(ending.why)
    if (ending.end === 'refused') refusals.push(ending.refusal)
    if (what === 'assign' && isNo(ending)) unwilling.push(block)
    const isBusy = ending.end === 'made' || (ending.end === 'later' && ending.bmc === 'busy')
    networkIsBusy ||= what !== 'keep' && isBusy
  }

  return {
    did,
    waits,
    refusals,
    unwilling,
    async carryOut(steps) {
      for (const step of steps.filter(({ block }) => !tried.has(block))) {
        tried.add(step.block)
        await take(step)
      }
    },
  }
}

/** It is about the block, as far as anybody can tell. */
const isNo = (ending: Ending): boolean =>
  (ending.end === 'refused' && ending.refusal.code === 'CCM_BLOCK_FAILED') ||
  (ending.end === 'later' && ending.bmc === 'failed')

async function carryOut(
  { parts: { bmc, publicNetworkId, tagNames }, change, call }: Tools,
  { do: what, block }: SupplyStep,
): Promise<void> {
  switch (what) {
    case 'keep':
      return setMark({ bmc, tagNames, call }, change, block, false)
    case 'assign':
      return change(limits => bmc.assignIpBlock(publicNetworkId, block.id, limits))
    case 'repair':
      return change(limits => bmc.unassignIpBlock(publicNetworkId, block.id, {}, limits))
  }
}

export const toChange = (step: SupplyStep, { network }: Supply): BlockChange => ({
  do: step.do,
  blockId: step.block.id,
  detail: { cidr: step.block.cidr, status: step.block.status, publicNetwork: network.id },
  why: step.why,
})
