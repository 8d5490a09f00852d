import type { BlockPrices, PricedBlock } from '../../shared/cloud-provider/prices.ts'
import type { PlannedChange } from '../../shared/controllers/contract.ts'

/** What the IP blocks of a plan cost in a month. Of blocks that BMC names no price for nothing is said but their names. */
export interface PlanCost {
  readonly currency: 'USD'
  readonly bought: number
  readonly givenBack: number
  readonly unpriced: readonly string[]
}

/** By the change that the block is bought or given back with; less than nothing where it is given back. */
export type ChangeCosts = ReadonlyMap<PlannedChange, number>

/** On the way out a block has several changes; whichever is first is the one that is priced. */
const GIVE_BACK: ReadonlySet<string> = new Set(['close', 'giveBack', 'mark', 'unassign', 'delete'])

const isBought = ({ action }: PlannedChange): boolean => action === 'buy'

/** Changes that begin or end the costs of a block, each block once. */
export function findPriced(changes: readonly PlannedChange[]): readonly PlannedChange[] {
  const blocks = changes.filter(({ kind }) => kind === 'IPBlock')
  const leaving = blocks.filter(({ action }) => GIVE_BACK.has(action))
  const first = new Map(leaving.toReversed().map(change => [change.name, change]))
  return blocks.filter(change => isBought(change) || first.get(change.name) === change)
}

export function toChangeCosts(changes: readonly PlannedChange[], prices: BlockPrices): ChangeCosts {
  const priced = findPriced(changes).flatMap(change => {
    const block = toBlock(change)
    const price = block && prices.monthly(block)
    return price === undefined ? [] : ([[change, isBought(change) ? price : -price]] as const)
  })
  return new Map(priced)
}

export function toPlanCost(changes: readonly PlannedChange[], costs: ChangeCosts): PlanCost {
  const values = [...costs.values()]
  return {
    currency: 'USD',
    bought: toSum(values.filter(value => value > 0)),
    givenBack: toSum(values.filter(value => value < 0)),
    unpriced: findPriced(changes)
      .filter(change => !costs.has(change))
      .map(({ name }) => name),
  }
}

const toSum = (signed: readonly number[]): number =>
  toCents(signed.reduce((all, one) => all + Math.abs(one), 0))

const toCents = (dollars: number): number => Math.round(dollars * 100) / 100

/** Of an IPv4 block; the prices of IPv6 blocks are not to be told from them. */
function toBlock({ detail }: PlannedChange): PricedBlock | undefined {
  const { family, size, cidr, location } = detail
  const range = [size, cidr].find(text => typeof text === 'string')
  const prefixLength = Number(/\/(\d+)$/.exec(String(range))?.[1])
  const isIpv6 = family === 'IPv6' || String(range).includes(':')
  if (isIpv6 || !Number.isInteger(prefixLength)) return undefined
  return { prefixLength, location: typeof location === 'string' ? location : undefined }
}

/** `$37.96 a month`, as people write it; no cents where there are none. */
export function toMoney(dollars: number): string {
  const digits = Number.isInteger(toCents(dollars)) ? 0 : 2
  const text = Math.abs(dollars).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return `${dollars < 0 ? '-' : ''}$${text}`
}
