import { type Answer, ApiError, type Call, forbidden, type Route } from './api.ts'
import { fields, integer, parseBody, text } from './checks.ts'
import { addressCount } from './ip-block-rows.ts'
import type { Account, World } from './store.ts'
import type { Quota } from './types.ts'

const INT32_MAX = 2 ** 31 - 1
const EDIT_BODY = fields({ limit: integer(0, INT32_MAX), reason: text({ pattern: /\S/ }) }, {})

/** What a quota counts and how much of it the account may have. */
interface QuotaKind {
  readonly name: string
  readonly description: string
  readonly used: (account: Account) => number
  readonly limit: (world: World) => number
}

const QUOTAS = {
  'bmc.servers.max_count': {
    name: 'Servers',
    description: 'Maximum number of servers',
    used: account => account.servers.size,
    limit: ({ settings }) => settings.serverQuota,
  },
  'bmc.public_ips.max_count': {
    name: 'Public IPs',
    description: 'Maximum number of public addresses',
    used: account =>
      account.blocks
        .values()
        .filter(({ data }) => !data.isBringYourOwn)
        .reduce((sum, { data }) => sum + addressCount(data), 0),
    limit: ({ settings }) => settings.publicIpQuota,
  },
} as const satisfies Record<string, QuotaKind>

export type QuotaId = keyof typeof QUOTAS
const QUOTA_IDS: readonly QuotaId[] = ['bmc.servers.max_count', 'bmc.public_ips.max_count']

export const quotaRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/bmc/v1/quotas',
    scope: 'bmc.read',
    handle: ({ world, account }) => ({ status: 200, body: listQuotas(world, account) }),
  },
  {
    method: 'GET',
    path: '/bmc/v1/quotas/{quotaId}',
    scope: 'bmc.read',
    handle: call => ({ status: 200, body: showQuota(call.world, call.account, quotaIdOf(call)) }),
  },
  {
    method: 'POST',
    path: '/bmc/v1/quotas/{quotaId}/actions/request-edit',
    scope: 'bmc',
    handle: requestEdit,
  },
]

export const listQuotas = (world: World, account: Account): Quota[] =>
  QUOTA_IDS.map(id => showQuota(world, account, id))

function quotaIdOf({ params }: Call): QuotaId {
  const id = QUOTA_IDS.find(known => known === params.quotaId)
  if (id === undefined) throw forbidden()
  return id
}

/** The request waits for the provider's people; the limit stays. */
function requestEdit(call: Call): Answer {
  const id = quotaIdOf(call)
  const request = { ...parseBody(EDIT_BODY, call.body), requestedOn: call.world.timestamp() }
  const { quotaRequests } = call.account
  quotaRequests.set(id, [...(quotaRequests.get(id) ?? []), request])
  return { status: 202 }
}

function showQuota(world: World, account: Account, id: QuotaId): Quota {
  const { name, description, used: usedBy } = QUOTAS[id]
  const [used, limit] = [usedBy(account), limitOf(world, account, id)]
  return {
    id,
    name,
    description,
    status: used < limit ? 'WITHIN_LIMIT' : used === limit ? 'ON_LIMIT' : 'OVER_LIMIT',
    limit,
    unit: 'COUNT',
    used,
    quotaEditLimitRequestDetails: account.quotaRequests.get(id) ?? [],
  }
}

const limitOf = (world: World, account: Account, id: QuotaId): number =>
  account.quotaLimits.get(id) ?? QUOTAS[id].limit(world)

/** @throws ApiError when `more` units would go beyond the limit */
export function refuseBeyondQuota(world: World, account: Account, id: QuotaId, more: number): void {
  if (QUOTAS[id].used(account) + more <= limitOf(world, account, id)) return
  throw new ApiError(world.settings.refusals.quotaExceeded, `The quota ${id} is exceeded.`)
}
