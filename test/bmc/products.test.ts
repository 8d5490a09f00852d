import t from 'tap'
import { scripted } from './scripted.ts'
import { simulated } from './simulated.ts'

t.test('prices of public blocks come with location and model', async t => {
  const { bmc } = await simulated(t)
  const products = await bmc.listIpProducts()
  t.ok(products.length > 0)
  for (const { productCategory, plans } of products) {
    t.equal(productCategory, 'PUBLIC_IP')
    for (const plan of plans ?? [])
      t.match(plan, { sku: /./, location: /^[A-Z]+$/, price: Number, priceUnit: /./ })
  }
  const [product] = await bmc.listIpProducts({ location: 'PHX' })
  t.strictSame([...new Set(product?.plans?.map(({ location }) => location))], ['PHX'])
})

t.test('only public blocks are asked for', async t => {
  const { bmc, seen } = scripted()
  await bmc.listIpProducts({ location: 'ASH' })
  t.equal(seen[0]?.path, '/billing/v1/products?productCategory=PUBLIC_IP&location=ASH')
})

t.test('a plan needs its price', async t => {
  const skuDescription = 'Public block in Phoenix'
  const plan = {
    sku: 's',
    skuDescription,
    location: 'PHX',
    pricingModel: 'NEW_MODEL',
    price: 0.01,
    priceUnit: 'HOUR',
  }
  const product = { productCode: '/29', productCategory: 'PUBLIC_IP' }
  const { bmc } = scripted({
    api: [
      { body: [{ ...product, plans: [plan] }] },
      { body: [{ ...product, plans: null }] },
      { body: [{ ...product, plans: [{ ...plan, price: null }] }] },
    ],
  })
  t.strictSame(await bmc.listIpProducts(), [{ ...product, plans: [plan] }])
  t.strictSame(await bmc.listIpProducts(), [{ ...product, plans: undefined }])
  await t.rejects(bmc.listIpProducts(), {
    code: 'BMC_RESPONSE_INVALID',
    message: /body\[0\]\.plans\[0\]\.price/,
  })
})
