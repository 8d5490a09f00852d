import { ERRORS } from '../error-table.ts'

/** Values of labels that several metrics have. Each list ends what a label may be; tests compare them with the code. */

/** Requests to the BMC API, as its client names them. */
export const BMC_REQUESTS = [
  'POST token',
  'GET /bmc/v1/servers',
  'GET /bmc/v1/servers/{serverId}',
  'GET /bmc/v1/quotas',
  'GET /billing/v1/products',
  'GET /ips/v1/ip-blocks',
  'POST /ips/v1/ip-blocks',
  'GET /ips/v1/ip-blocks/{ipBlockId}',
  'PATCH /ips/v1/ip-blocks/{ipBlockId}',
  'DELETE /ips/v1/ip-blocks/{ipBlockId}',
  'PUT /ips/v1/ip-blocks/{ipBlockId}/tags',
  'GET /networks/v1/public-networks',
  'GET /networks/v1/public-networks/{publicNetworkId}',
  'POST /networks/v1/public-networks/{publicNetworkId}/ip-blocks',
  'DELETE /networks/v1/public-networks/{publicNetworkId}/ip-blocks/{ipBlockId}',
  'GET /tag-manager/v1/tags',
  'POST /tag-manager/v1/tags',
] as const

/**
 * What became of a request to BMC: `ok`; `refused`: any 4xx but the next two; `unauthorized`: 401; `limited`: 429; `failed`:
 * 5xx; `unsent`: no connection; `lost`: no answer came; `timeout`; `ended`: nobody waited any more; `unreadable`: too long.
 */
export const BMC_RESULTS = [
  'ok',
  'refused',
  'unauthorized',
  'limited',
  'failed',
  'unsent',
  'lost',
  'timeout',
  'ended',
  'unreadable',
] as const

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** HTTP statuses that the API server and the webhooks answer with; `<error>` as client-go calls what has none. */
export const STATUSES: readonly string[] = [
  '200',
  '201',
  '202',
  '400',
  '401',
  '403',
  '404',
  '405',
  '409',
  '410',
  '413',
  '415',
  '422',
  '429',
  '500',
  '501',
  '502',
  '503',
  '504',
  '<error>',
]

export const KINDS = ['node', 'service'] as const

/** Codes of `errors.md` that work on an object can end with. */
export const PROBLEM_CODES = Object.keys(ERRORS).filter(code => /^(CCM|BMC|KUBE|INVOKE|SECRET)_/.test(code))

const of = (kind: string, actions: string): string[] => actions.split(' ').map(action => `${kind}/${action}`)

/** Kinds and actions of changes, as `resync --dry-run` and the log name them. */
export const OPERATIONS = [
  ...of('Node', 'initialise updateAddresses repairLabels taintShutdown untaintShutdown'),
  ...of('Node', 'markMissing unmarkMissing deleteNode'),
  ...of('ConfigMap', 'createInventory updateInventory'),
  ...of('Service', 'serve wait cleanUp holdBack letGo'),
  ...of('IPAddress', 'claim confirm reactivate release retain redate free'),
  ...of('IPBlock', 'buy assign repair keep mark unassign delete'),
  ...of('IPBlock', 'open reopen close noteUsed noteUnused giveBack remove'),
  ...of('Pool', 'create update delete'),
]

/**
 * Why something is not done although it might be expected. Of nodes whose server is missing: `list-distrusted`, `ready`,
 * `grace-time`, `clock`, `answers-by-id`, `cloud-unsure`, `allowance`, `changed`. Of blocks: `block-kept`, `block-refused`,
 * `block-untagged`. `load-balancers-disabled`: addresses are there, and nobody works on them.
 */
export const HELD_REASONS = [
  ...(['list-distrusted', 'ready', 'grace-time', 'clock', 'answers-by-id', 'cloud-unsure'] as const),
  ...(['allowance', 'changed', 'block-kept', 'block-refused', 'block-untagged'] as const),
  'load-balancers-disabled',
] as const

export type HeldReason = (typeof HELD_REASONS)[number]
