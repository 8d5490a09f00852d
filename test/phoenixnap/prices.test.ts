import t from 'tap'
import type { PricingPlan, Product } from '../../shared/bmc/types.ts'
import { toBlockPrices } from '../../shared/phoenixnap/prices.ts'
import { testGetValidCloud } from '../support/cloud.ts'

const plan = (over: Partial<PricingPlan> = {}): PricingPlan => ({
  sku: 'XXX',
  location: 'PHX',
  pricingModel: 'HOURLY',
  price: 0.1,
  priceUnit: 'HOUR',
  ...over,
})
const product = (productCode: string, ...plans: PricingPlan[]): Product => ({
  productCode,
  productCategory: 'PUBLIC_IP',
  plans,
})

const CASES: readonly [name: string, products: readonly Product[], monthly: number | undefined][] = [
  ['the size in the code', [product('public-ip-29', plan())], 73],
  ['the size in the description', [product('ips', plan({ skuDescription: 'Block /29 in Phoenix' }))], 73],
  ['by the month', [product('/29', plan({ priceUnit: 'MONTH', price: 9 }))], 9],
  ['a price that counts everywhere', [product('/29', plan({ location: 'GLOBAL' }))], 73],
  ['the same price twice', [product('/29', plan()), product('ip.29', plan())], 73],
  ['another size', [product('public-ip-28', plan())], undefined],
  ['another location', [product('public-ip-29', plan({ location: 'ASH' }))], undefined],
  ['several prices', [product('public-ip-29', plan(), plan({ price: 0.2 }))], undefined],
  ['a reservation', [product('/29', plan({ pricingModel: 'TWELVE_MONTHS_RESERVATION' }))], undefined],
  ['another unit', [product('/29', plan({ priceUnit: 'GB' }))], undefined],
  ['no size', [product('public-ip', plan())], undefined],
  ['two sizes', [product('public-ip-28-29', plan())], undefined],
  ['longer numbers', [product('public-ip-1290', plan())], undefined],
  ['no plan', [{ productCode: '/29', productCategory: 'PUBLIC_IP' }], undefined],
]
for (const [name, products, monthly] of CASES) {
  t.test(name, async t => {
    const found = toBlockPrices(products).monthly({ prefixLength: 29, location: 'PHX' })
    t.equal(found && Math.round(found * 100) / 100, monthly)
  })
}

t.test('without a location a price counts that is the same everywhere', async t => {
  const block = { prefixLength: 29, location: undefined }
  const same = [product('/29', plan(), plan({ location: 'ASH' }))]
  t.equal(toBlockPrices(same).monthly(block), 73)
  const different = [product('/29', plan(), plan({ location: 'ASH', price: 1 }))]
  t.equal(toBlockPrices(different).monthly(block), undefined)
})

t.test('the cloud tells its prices', async t => {
  const { cloud } = await testGetValidCloud(t)
  const prices = await cloud.prices?.readBlockPrices()
  t.equal(prices?.monthly({ prefixLength: 29, location: 'PHX' })?.toFixed(2), '37.96')
  t.equal(prices?.monthly({ prefixLength: 29, location: 'MOON' }), undefined)
})
