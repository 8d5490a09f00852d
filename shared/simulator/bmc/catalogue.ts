import { type Answer, ApiError, type Call, type Route } from './api.ts'
import { addressCount } from './ip-block-rows.ts'
import type { PricingPlan, Product } from './types.ts'

/** Invented, but of the real order of magnitude: per address and hour. */
const PRICE_PER_ADDRESS = 0.0065
const BLOCK_SIZES = ['/31', '/30', '/29', '/28']

export const catalogueRoutes: readonly Route[] = [
  { method: 'GET', path: '/billing/v1/products', scope: 'bmc.read', handle: listProducts },
  { method: 'GET', path: '/location-api/v1/locations', scope: 'none', handle: listLocations },
]

/** Products with the plans that pass the filters; a product without any is left out. */
function listProducts({ world, query }: Call): Answer {
  const passes = (name: string, value: string): boolean => query[name] === undefined || query[name] === value
  const products = BLOCK_SIZES.map(size => blockProduct(size, world.settings.locations))
    .filter(({ productCode, productCategory }) => {
      return passes('productCode', productCode) && passes('productCategory', productCategory)
    })
    .map(product => ({
      ...product,
      plans: product.plans.filter(
        ({ sku, location }) => passes('skuCode', sku) && passes('location', location),
      ),
    }))
  return { status: 200, body: products.filter(({ plans }) => plans.length > 0) }
}

function blockProduct(size: string, locations: readonly string[]): Product {
  const productCode = `public-ip-${size.slice(1)}`
  const plans = locations.map(
    (location): PricingPlan => ({
      sku: `SIM-${location}-${productCode}`,
      skuDescription: `Public IP block ${size} in ${location}`,
      location,
      pricingModel: 'HOURLY',
      price: addressCount({ cidr: size, ipVersion: 'V4' }) * PRICE_PER_ADDRESS,
      priceUnit: 'HOUR',
    }),
  )
  return { productCode, productCategory: 'PUBLIC_IP', plans }
}

const CATEGORIES = [
  { productCategory: 'SERVER', productCategoryDescription: 'Servers' },
  { productCategory: 'PUBLIC_IP', productCategoryDescription: 'Public addresses' },
]

function listLocations({ world, query }: Call): Answer {
  const found = world.settings.locations.filter(
    code => query.location === undefined || query.location === code,
  )
  const productCategories = CATEGORIES.filter(
    ({ productCategory }) => query.productCategory === undefined || query.productCategory === productCategory,
  )
  if (found.length === 0 || productCategories.length === 0) throw new ApiError(404, 'No location was found.')
  return {
    status: 200,
    body: found.map(location => ({
      location,
      locationDescription: `Location ${location}`,
      productCategories,
    })),
  }
}
