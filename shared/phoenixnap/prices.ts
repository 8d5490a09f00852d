import type { Bmc } from '../bmc/client.ts'
import type { PricingPlan, Product } from '../bmc/types.ts'
import type { BlockPrices, PricedBlock, Prices } from '../cloud-provider/prices.ts'

/** As the industry counts a month: 8,760 hours of a year by twelve. */
const HOURS_A_MONTH = 730
/** Location of a plan that counts everywhere. */
const EVERYWHERE = 'GLOBAL'

/** Prices from the billing API. */
export const newPrices = (bmc: Bmc): Prices => ({
  readBlockPrices: async call => toBlockPrices(await bmc.listIpProducts({}, call)),
})

interface Price {
  readonly prefixLength: number
  readonly location: string
  readonly monthly: number
}

/**
 * BMC documents neither the codes of these products nor that there is one for each size. So a price counts where code or
 * description name one size, and where all that may be meant agree: no price is better than a wrong one.
 */
export function toBlockPrices(products: readonly Product[]): BlockPrices {
  const prices = products.flatMap(product =>
    (product.plans ?? []).flatMap(plan => toPrice(product, plan) ?? []),
  )
  return {
    monthly: block => {
      const found = new Set(prices.filter(price => isFor(price, block)).map(({ monthly }) => monthly))
      const [first] = found
      return found.size === 1 ? first : undefined
    },
  }
}

const isFor = ({ prefixLength, location }: Price, block: PricedBlock): boolean =>
  prefixLength === block.prefixLength &&
  (block.location === undefined || location === block.location || location === EVERYWHERE)

function toPrice({ productCode }: Product, plan: PricingPlan): Price | undefined {
  const { skuDescription = '', location } = plan
  const prefixLength =
    readSize(productCode, /(?<!\d)(?:2[4-9]|3[0-2])(?!\d)/g) ?? readSize(skuDescription, SLASHED)
  const monthly = toMonthly(plan)
  return prefixLength === undefined || monthly === undefined ? undefined : { prefixLength, location, monthly }
}

const SLASHED = /(?<=\/)\d{2}(?!\d)/g

/** The one size that a text names. */
function readSize(text: string, pattern: RegExp): number | undefined {
  const sizes = new Set(text.match(pattern))
  const [first] = sizes
  return sizes.size === 1 ? Number(first) : undefined
}

/** Reservations and packages are agreed on by people; what is bought here is paid by the hour, or the month. */
function toMonthly({ pricingModel, price, priceUnit }: PricingPlan): number | undefined {
  if (pricingModel !== 'HOURLY' && pricingModel !== 'METERED') return undefined
  if (priceUnit === 'HOUR') return price * HOURS_A_MONTH
  return priceUnit === 'MONTH' ? price : undefined
}
