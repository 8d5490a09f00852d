import fetch from 'node-fetch'
import t from 'tap'
import type { PricingPlan } from '../../../shared/simulator/bmc/types.ts'
import { pluck, start } from './support.ts'

const PRODUCTS = '/billing/v1/products?productCategory=PUBLIC_IP'

t.test('prices every block size in every location', async t => {
  const { send } = await start(t, { locations: ['PHX', 'MARS'] })
  const { status, body } = await send('GET', PRODUCTS)
  const products = body as { plans: { location: string }[] }[]
  t.equal(status, 200)
  t.same(
    products.map(({ plans }) => plans.map(({ location }) => location)),
    Array.from({ length: 4 }, () => ['PHX', 'MARS']),
  )
  const one = await send('GET', `${PRODUCTS}&location=PHX&productCode=public-ip-28`)
  t.same(pluck(one, 'productCode'), ['public-ip-28'])
  const plans = pluck(one, 'plans')[0] as PricingPlan[]
  t.same(
    plans.map(({ location, pricingModel, priceUnit }) => [location, pricingModel, priceUnit]),
    [['PHX', 'HOURLY', 'HOUR']],
  )
  t.same((await send('GET', '/billing/v1/products?productCategory=SERVER')).body, [])
})

t.test('names the locations to everybody', async t => {
  const { sim } = await start(t)
  const locations = `${sim.url}/location-api/v1/locations`
  t.match(await (await fetch(locations)).json(), [{ location: 'PHX' }, { location: 'ASH' }])
  t.equal((await fetch(`${locations}?location=MOON`)).status, 404)
})
