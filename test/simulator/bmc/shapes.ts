/** Facts of the official OpenAPI descriptions (2025-06): the fields of each schema and their JSON types. */

/**
 * `?` after a field: it may be absent. Types: a JSON type, `integer`, `time` (RFC 3339), the name of another schema,
 * each with `[]` for a list; `none` is an answer without body.
 */
export type Shape = Readonly<Record<string, string>>

export const SCHEMAS: Readonly<Record<string, Shape>> = {
  Error: { message: 'string', 'validationErrors?': 'string[]' },
  Server: {
    id: 'string',
    status: 'string',
    hostname: 'string',
    'description?': 'string',
    'os?': 'string',
    type: 'string',
    location: 'string',
    cpu: 'string',
    cpuCount: 'integer',
    coresPerCpu: 'integer',
    cpuFrequency: 'number',
    ram: 'string',
    storage: 'string',
    privateIpAddresses: 'string[]',
    'publicIpAddresses?': 'string[]',
    'reservationId?': 'string',
    pricingModel: 'string',
    'password?': 'string',
    'networkType?': 'string',
    'clusterId?': 'string',
    'tags?': 'TagAssignment[]',
    'provisionedOn?': 'time',
    'osConfiguration?': 'object',
    networkConfiguration: 'NetworkConfiguration',
    storageConfiguration: 'StorageConfiguration',
    'gpuConfiguration?': 'object',
    'supersededBy?': 'string',
    'supersedes?': 'string',
  },
  NetworkConfiguration: {
    'gatewayAddress?': 'string',
    'privateNetworkConfiguration?': 'PrivateNetworkConfiguration',
    'ipBlocksConfiguration?': 'IpBlocksConfiguration',
    'publicNetworkConfiguration?': 'PublicNetworkConfiguration',
  },
  PrivateNetworkConfiguration: { 'gatewayAddress?': 'string', 'privateNetworks?': 'ServerPrivateNetwork[]' },
  ServerPrivateNetwork: {
    id: 'string',
    'ips?': 'string[]',
    'dhcp?': 'boolean',
    'statusDescription?': 'string',
  },
  IpBlocksConfiguration: { 'ipBlocks?': 'ServerIpBlock[]' },
  ServerIpBlock: { id: 'string', 'vlanId?': 'integer' },
  PublicNetworkConfiguration: { 'publicNetworks?': 'ServerPublicNetwork[]' },
  ServerPublicNetwork: { id: 'string', 'ips?': 'string[]', 'statusDescription?': 'string' },
  StorageConfiguration: { 'rootPartition?': 'RootPartition' },
  RootPartition: { 'raid?': 'string', 'size?': 'integer' },
  DeletedServer: { result: 'string', serverId: 'string' },
  ActionResult: { result: 'string' },
  ResetResult: { result: 'string', 'password?': 'string', 'osConfiguration?': 'object' },
  TagAssignment: {
    id: 'string',
    name: 'string',
    'value?': 'string',
    isBillingTag: 'boolean',
    'createdBy?': 'string',
  },
  Tag: {
    id: 'string',
    name: 'string',
    'values?': 'string[]',
    'description?': 'string',
    isBillingTag: 'boolean',
    'resourceAssignments?': 'ResourceAssignment[]',
    'createdBy?': 'string',
  },
  ResourceAssignment: { resourceName: 'string', 'value?': 'string' },
  DeletedTag: { result: 'string', tagId: 'string' },
  IpBlock: {
    'id?': 'string',
    'location?': 'string',
    'cidrBlockSize?': 'string',
    'cidr?': 'string',
    'ipVersion?': 'string',
    'status?': 'string',
    'parentIpBlockAllocationId?': 'string',
    'assignedResourceId?': 'string',
    'assignedResourceType?': 'string',
    'description?': 'string',
    'tags?': 'TagAssignment[]',
    'isSystemManaged?': 'boolean',
    'isBringYourOwn?': 'boolean',
    'createdOn?': 'time',
  },
  DeletedIpBlock: { 'result?': 'string', 'ipBlockId?': 'string' },
  PublicNetwork: {
    id: 'string',
    vlanId: 'integer',
    memberships: 'NetworkMembership[]',
    name: 'string',
    location: 'string',
    'description?': 'string',
    status: 'string',
    createdOn: 'time',
    ipBlocks: 'PublicNetworkIpBlock[]',
    'raEnabled?': 'boolean',
  },
  NetworkMembership: { resourceId: 'string', resourceType: 'string', ips: 'string[]' },
  PublicNetworkIpBlock: { id: 'string', cidr: 'string', usedIpsCount: 'string' },
  Quota: {
    id: 'string',
    name: 'string',
    description: 'string',
    status: 'string',
    limit: 'integer',
    unit: 'string',
    used: 'integer',
    quotaEditLimitRequestDetails: 'QuotaEditRequest[]',
  },
  QuotaEditRequest: { limit: 'integer', reason: 'string', requestedOn: 'time' },
  Product: { productCode: 'string', productCategory: 'string', 'plans?': 'PricingPlan[]' },
  PricingPlan: {
    sku: 'string',
    'skuDescription?': 'string',
    location: 'string',
    pricingModel: 'string',
    price: 'number',
    priceUnit: 'string',
  },
  Location: {
    location: 'string',
    'locationDescription?': 'string',
    'productCategories?': 'ProductCategory[]',
  },
  ProductCategory: { productCategory: 'string', 'productCategoryDescription?': 'string' },
}

const SERVER = '/bmc/v1/servers/{serverId}'
const BLOCK = '/ips/v1/ip-blocks/{ipBlockId}'
const NETWORK = '/networks/v1/public-networks/{publicNetworkId}'
const TAG = '/tag-manager/v1/tags/{tagId}'
const QUOTA = '/bmc/v1/quotas/{quotaId}'

/** What each operation answers when it succeeds: status and type. */
export const ANSWERS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  'GET /bmc/v1/servers': { 200: 'Server[]' },
  'POST /bmc/v1/servers': { 200: 'Server' },
  [`GET ${SERVER}`]: { 200: 'Server' },
  [`PATCH ${SERVER}`]: { 200: 'Server' },
  [`DELETE ${SERVER}`]: { 200: 'DeletedServer' },
  [`PUT ${SERVER}/tags`]: { 200: 'Server' },
  [`POST ${SERVER}/actions/provision`]: { 202: 'Server' },
  [`POST ${SERVER}/actions/deprovision`]: { 202: 'string' },
  [`POST ${SERVER}/actions/power-on`]: { 200: 'ActionResult' },
  [`POST ${SERVER}/actions/power-off`]: { 200: 'ActionResult' },
  [`POST ${SERVER}/actions/reboot`]: { 200: 'ActionResult' },
  [`POST ${SERVER}/actions/shutdown`]: { 200: 'ActionResult' },
  [`POST ${SERVER}/actions/reset`]: { 200: 'ResetResult' },
  [`POST ${SERVER}/actions/reserve`]: { 200: 'Server' },
  'GET /ips/v1/ip-blocks': { 200: 'IpBlock[]' },
  'POST /ips/v1/ip-blocks': { 201: 'IpBlock' },
  [`GET ${BLOCK}`]: { 200: 'IpBlock' },
  [`PATCH ${BLOCK}`]: { 200: 'IpBlock' },
  [`DELETE ${BLOCK}`]: { 200: 'DeletedIpBlock' },
  [`PUT ${BLOCK}/tags`]: { 200: 'IpBlock' },
  'GET /networks/v1/public-networks': { 200: 'PublicNetwork[]' },
  'POST /networks/v1/public-networks': { 201: 'PublicNetwork' },
  [`GET ${NETWORK}`]: { 200: 'PublicNetwork' },
  [`PATCH ${NETWORK}`]: { 200: 'PublicNetwork', 202: 'PublicNetwork' },
  [`DELETE ${NETWORK}`]: { 204: 'none' },
  [`POST ${NETWORK}/ip-blocks`]: { 202: 'PublicNetworkIpBlock' },
  [`DELETE ${NETWORK}/ip-blocks/{ipBlockId}`]: { 202: 'string' },
  'GET /tag-manager/v1/tags': { 200: 'Tag[]' },
  'POST /tag-manager/v1/tags': { 201: 'Tag' },
  [`GET ${TAG}`]: { 200: 'Tag' },
  [`PATCH ${TAG}`]: { 200: 'Tag' },
  [`DELETE ${TAG}`]: { 200: 'DeletedTag' },
  'GET /bmc/v1/quotas': { 200: 'Quota[]' },
  [`GET ${QUOTA}`]: { 200: 'Quota' },
  [`POST ${QUOTA}/actions/request-edit`]: { 202: 'none' },
  'GET /billing/v1/products': { 200: 'Product[]' },
  'GET /location-api/v1/locations': { 200: 'Location[]' },
}

/** What is wrong with a value, each with its place; nothing for a value of the type. */
export function misfits(value: unknown, type: string, at = 'body'): string[] {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return [`${at} is no list`]
    return value.flatMap((item: unknown, index) => misfits(item, type.slice(0, -2), `${at}[${index}]`))
  }
  const schema = SCHEMAS[type]
  if (schema === undefined) return isOfType(value, type) ? [] : [`${at} is no ${type}`]
  if (!isOfType(value, 'object')) return [`${at} is no object`]
  return fieldMisfits(value as Record<string, unknown>, schema, at)
}

function fieldMisfits(value: Record<string, unknown>, schema: Shape, at: string): string[] {
  const known = Object.keys(schema).map(name => name.replace('?', ''))
  const strangers = Object.keys(value).filter(name => !known.includes(name))
  return [
    ...strangers.map(name => `${at}.${name} is not documented`),
    ...Object.entries(schema).flatMap(([field, type]) => {
      const name = field.replace('?', '')
      if (value[name] !== undefined) return misfits(value[name], type, `${at}.${name}`)
      return field === name ? [`${at}.${name} is missing`] : []
    }),
  ]
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'none':
      return value === undefined
    case 'integer':
      return Number.isInteger(value)
    case 'time':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value))
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return typeof value === type
  }
}
