import type { AddressNeed, IPFamily, ServiceRef } from '../cloud-provider/load-balancer.ts'
import { toCapacity, toQuotaCost } from './blocks.ts'
import type { Supply } from './supply.ts'
import { NETWORK_TAKES, type Refusal } from './supply-plan.ts'

/** What an operator set about buying. */
export interface PurchaseSettings {
  readonly blockSize: 'auto' | '/30' | '/29' | '/28'
  /** IPv4 blocks that the cluster may have. */
  readonly maxBlocks: number
}

/** Where a round of purchases stands. */
export interface PurchaseState {
  /** Still lacking. */
  readonly needs: readonly AddressNeed[]
  readonly networkId: string
  /** IPv4 blocks that the cluster has, in whatever state. */
  readonly ours: number
  /** IPv4 blocks among them that stay: the first one is as small as will do. */
  readonly staying: number
  /** Blocks that the network has or is about to get. */
  readonly onNetwork: Readonly<Record<IPFamily, number>>
  /** Addresses; undefined where no limit is known. */
  readonly quotaLeft: number | undefined
  /** Sizes that the location has none of, as `IPv4/29`. */
  readonly soldOut: readonly string[]
  /** Sizes that BMC refused for another reason. */
  readonly refused: Readonly<Record<string, Refusal>>
}

/** One block to buy. */
export interface Purchase {
  readonly do: 'buy'
  readonly need: AddressNeed
  readonly family: IPFamily
  readonly prefixLength: number
  readonly service: ServiceRef | undefined
  readonly why: string
}

export type PurchaseStep =
  | Purchase
  | ({ readonly do: 'refuse'; readonly need: AddressNeed } & Refusal)
  | { readonly do: 'nothing' }

/** Upstream's size, of which a Service has its third address. */
const DEDICATED = 29
/** The first block of a cluster is not smaller, so that a second Service costs nothing. */
const SMALLEST_FIRST = 29
const LARGEST = 28
/** The smallest that leaves an address. */
const SMALLEST = 30
const IPV6 = 64

/** @param lacking what the blocks that exist will not bring */
export function toPurchaseState(supply: Supply, lacking: readonly AddressNeed[]): PurchaseState {
  const four = supply.blocks.filter(({ family }) => family === 'IPv4')
  const coming = (wanted: IPFamily): number =>
    supply.blocks.filter(({ family, onNetwork, marked }) => family === wanted && !onNetwork && !marked).length
  return {
    needs: lacking,
    networkId: supply.network.id,
    ours: four.length,
    staying: four.filter(({ marked }) => !marked).length,
    onNetwork: {
      IPv4: supply.occupied.IPv4 + coming('IPv4'),
      IPv6: supply.occupied.IPv6 + coming('IPv6'),
    },
    quotaLeft: undefined,
    soldOut: [],
    refused: {},
  }
}

/** What to do for the first need that is left. */
export function decidePurchase(state: PurchaseState, settings: PurchaseSettings): PurchaseStep {
  const [need] = state.needs
  if (!need) return { do: 'nothing' }
  const refuse = (refusal: Refusal): PurchaseStep => ({ do: 'refuse', need, ...refusal })
  const full = checkLimits(state, settings, need)
  if (full) return refuse(full)
  const wanted = toWantedSize(state, settings, need)
  const sizes = Array.from({ length: toSmallest(need.family) - wanted + 1 }, (_, index) => wanted + index)
  const inStock = sizes.filter(size => !state.soldOut.includes(toSizeKey(need.family, size)))
  if (inStock.length === 0) return refuse(toOutOfStock(need, wanted))
  const prefixLength = inStock.find(size => fits(state.quotaLeft, need.family, size))
  if (prefixLength === undefined) return refuse(toQuotaShort(state, need))
  const refused = state.refused[toSizeKey(need.family, prefixLength)]
  if (refused) return refuse(refused)
  const whose = need.service ? ` for ${need.service.namespace}/${need.service.name}` : ''
  const why = `${describe(need)}${whose} and no block on its way brings ${need.count === 1 ? 'it' : 'them'}`
  return { do: 'buy', need, family: need.family, prefixLength, service: need.service, why }
}

/** The state after the block was bought. */
export function afterPurchase(state: PurchaseState, purchase: Purchase): PurchaseState {
  const { family, prefixLength, need } = purchase
  const brought = need.service && family === 'IPv4' ? 1 : toCapacity(family, prefixLength)
  const left = { ...need, count: need.count - brought }
  const four = family === 'IPv4' ? 1 : 0
  const { quotaLeft } = state
  return {
    ...state,
    needs: [...(left.count > 0 ? [left] : []), ...state.needs.slice(1)],
    ours: state.ours + four,
    staying: state.staying + four,
    onNetwork: { ...state.onNetwork, [family]: state.onNetwork[family] + 1 },
    quotaLeft: quotaLeft === undefined ? undefined : quotaLeft - toQuotaCost(family, prefixLength),
  }
}

/** The state after BMC said that it has none of that size. */
export const afterSoldOut = (state: PurchaseState, purchase: Purchase): PurchaseState => ({
  ...state,
  soldOut: [...state.soldOut, toSizeKey(purchase.family, purchase.prefixLength)],
})

/** The state after BMC refused the purchase: the same one is not asked for again in this round. */
export const afterRefused = (state: PurchaseState, purchase: Purchase, refusal: Refusal): PurchaseState => ({
  ...state,
  refused: { ...state.refused, [toSizeKey(purchase.family, purchase.prefixLength)]: refusal },
})

/** The state without its first need, which cannot be served. */
export const withoutFirst = (state: PurchaseState): PurchaseState => ({
  ...state,
  needs: state.needs.slice(1),
})

function checkLimits(
  { ours, onNetwork, networkId }: PurchaseState,
  { maxBlocks }: PurchaseSettings,
  need: AddressNeed,
): Refusal | undefined {
  const { family } = need
  if (family === 'IPv4' && ours >= maxBlocks) {
    const figures = `the cluster has ${ours} of at most ${maxBlocks} IPv4 blocks`
    return { code: 'CCM_BLOCK_LIMIT', message: `${describe(need)}, but ${figures}` }
  }
  if (onNetwork[family] < NETWORK_TAKES[family]) return undefined
  const figures = `${onNetwork[family]} of at most ${NETWORK_TAKES[family]} ${family} blocks`
  const message = `${describe(need)}, but public network ${networkId} has, or is about to get, ${figures}`
  return { code: 'CCM_BLOCK_LIMIT', message }
}

function toWantedSize(
  { staying }: PurchaseState,
  { blockSize }: PurchaseSettings,
  { family, count, service }: AddressNeed,
): number {
  if (family === 'IPv6') return IPV6
  if (service) return DEDICATED
  if (blockSize !== 'auto') return Number(blockSize.slice(1))
  return staying === 0 && count <= toCapacity('IPv4', SMALLEST_FIRST) ? SMALLEST_FIRST : LARGEST
}

const toSmallest = (family: IPFamily): number => (family === 'IPv6' ? IPV6 : SMALLEST)

const toSizeKey = (family: IPFamily, prefixLength: number): string => `${family}/${prefixLength}`

const fits = (quotaLeft: number | undefined, family: IPFamily, prefixLength: number): boolean =>
  quotaLeft === undefined || toQuotaCost(family, prefixLength) <= quotaLeft

/** Every Service that waits is told of it, so that it names none: a Service's name is its tenant's alone. */
function describe({ family, count, service }: AddressNeed): string {
  const whose = service ? ' for a block of its own' : ''
  return `${count} ${family} ${count === 1 ? 'address is' : 'addresses are'} lacking${whose}`
}

function toOutOfStock(need: AddressNeed, wanted: number): Refusal {
  const smallest = toSmallest(need.family)
  const sizes = wanted === smallest ? `of size /${wanted}` : `of sizes /${wanted} to /${smallest}`
  return { code: 'BMC_OUT_OF_STOCK', message: `${describe(need)}, but no block ${sizes} is left` }
}

function toQuotaShort({ quotaLeft = 0 }: PurchaseState, need: AddressNeed): Refusal {
  const left = `the quota bmc.public_ips.max_count leaves ${Math.max(0, quotaLeft)}`
  return { code: 'CCM_QUOTA_SHORT', message: `${describe(need)}, but ${left}` }
}
