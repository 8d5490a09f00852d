import { number, optionalList, optionalText, type Parse, text, toList, toRaw } from './parse.ts'
import type { Request } from './request.ts'
import type { Call, PricingPlan, Product } from './types.ts'

/** Calls for prices. */
export interface ProductCalls {
  /** Public address blocks on sale with their prices, at one location or at all. */
  listIpProducts(filter?: { readonly location?: string }, call?: Call): Promise<readonly Product[]>
}

export function createProductCalls(request: Request): ProductCalls {
  return {
    listIpProducts({ location } = {}, call) {
      const query = [
        ['productCategory', 'PUBLIC_IP'] as const,
        ...(location === undefined ? [] : [['location', location] as const]),
      ]
      return request({ method: 'GET', path: '/billing/v1/products', query, parse: toProducts }, call)
    },
  }
}

const toProducts: Parse<readonly Product[]> = (body, at) => toList(body, at, toProduct)

const toProduct: Parse<Product> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    productCode: text(raw, 'productCode'),
    productCategory: text(raw, 'productCategory'),
    plans: optionalList(raw, 'plans', toPlan),
  }
}

const toPlan: Parse<PricingPlan> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    sku: text(raw, 'sku'),
    skuDescription: optionalText(raw, 'skuDescription'),
    location: text(raw, 'location'),
    pricingModel: text(raw, 'pricingModel'),
    price: number(raw, 'price'),
    priceUnit: text(raw, 'priceUnit'),
  }
}
