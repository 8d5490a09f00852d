import * as fc from 'fast-check'
import { ODD_ADDRESSES, type Tree } from '../hostile.ts'

/** Answers of the BMC API as it gives them, small ones. */

const id = fc.stringMatching(/^[0-9a-f]{24}$/)
const location = fc.constantFrom('PHX', 'ASH', 'AMS')
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/)
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constant('10.0.0.11 - 10.0.0.15'),
  fc.constantFrom(...ODD_ADDRESSES),
)
const cidr = fc.tuple(fc.ipV4(), fc.integer({ min: 20, max: 31 })).map(([ip, length]) => `${ip}/${length}`)
const lists = (item: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> => fc.array(item, { maxLength: 3 })
const record = (fields: Readonly<Record<string, fc.Arbitrary<Tree>>>): fc.Arbitrary<Tree> => fc.record(fields)

const tag = record({ id, name: fc.constantFrom('cluster', 'usage', 'serviceName', 'env'), value: name })
const network = record({ id, ips: lists(address) })

export const server = record({
  id,
  status: fc.constantFrom('powered-on', 'powered-off', 'creating', 'deleting'),
  hostname: name,
  type: fc.constantFrom('s1.c1.small', 'd2.c1.large'),
  location,
  os: fc.constantFrom('ubuntu/jammy', 'esxi/esxi80'),
  privateIpAddresses: lists(address),
  publicIpAddresses: lists(address),
  description: name,
  networkType: fc.constant('PUBLIC_AND_PRIVATE'),
  provisionedOn: fc.constant('2026-01-02T03:04:05.678Z'),
  tags: lists(tag),
  networkConfiguration: record({
    gatewayAddress: fc.ipV4(),
    privateNetworkConfiguration: record({ privateNetworks: lists(network) }),
    publicNetworkConfiguration: record({ publicNetworks: lists(network) }),
    ipBlocksConfiguration: record({ ipBlocks: lists(record({ id })) }),
  }),
})

export const block = record({
  id,
  status: fc.constantFrom('creating', 'assigned', 'unassigned', 'error assigning'),
  location,
  cidrBlockSize: fc.constantFrom('/28', '/29', '/64'),
  cidr,
  ipVersion: fc.constantFrom('V4', 'V6'),
  assignedResourceId: id,
  assignedResourceType: fc.constant('PUBLIC_NETWORK'),
  description: name,
  tags: lists(tag),
  isSystemManaged: fc.boolean(),
  createdOn: fc.constant('2026-01-02T03:04:05.678Z'),
})

export const publicNetwork = record({
  id,
  name,
  location,
  status: fc.constant('READY'),
  vlanId: fc.nat(4095),
  description: name,
  memberships: lists(record({ resourceId: id, resourceType: fc.constant('server'), ips: lists(address) })),
  ipBlocks: lists(record({ id, cidr, usedIpsCount: fc.constantFrom('1', '3') })),
})

export const tagOfAccount = record({ id, name, isBillingTag: fc.boolean(), values: lists(name) })

export const quota = record({
  id: fc.constant('bmc.public_ips.max_count'),
  limit: fc.nat(300),
  used: fc.nat(300),
  name,
  unit: fc.constant('count'),
  status: fc.constant('OK'),
})

export const product = record({
  productCode: name,
  productCategory: fc.constant('PUBLIC_IP'),
  plans: lists(
    record({
      sku: name,
      location,
      pricingModel: fc.constant('HOURLY'),
      price: fc.constantFrom(0.01, 0.2, '0.3'),
      priceUnit: fc.constant('HOUR'),
    }),
  ),
})

export const token = record({
  access_token: fc.stringMatching(/^[A-Za-z0-9_.-]{8,40}$/),
  expires_in: fc.constantFrom(300, 900, '900'),
  scope: fc.constantFrom('bmc bmc.read', 'tags'),
  token_type: fc.constant('Bearer'),
})

/** What the API says of a request that it refuses. */
export const refusal = record({ message: name, validationErrors: lists(name) })

export { lists }
