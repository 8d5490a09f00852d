import { number, optionalText, type Parse, text, toList, toRaw } from './parse.ts'
import type { Request } from './request.ts'
import type { Call, Quota } from './types.ts'

/** Calls for the account's limits. */
export interface QuotaCalls {
  /** All quotas; the one with id `bmc.public_ips.max_count` counts public addresses. */
  listQuotas(call?: Call): Promise<readonly Quota[]>
}

export function createQuotaCalls(request: Request): QuotaCalls {
  return { listQuotas: call => request({ method: 'GET', path: '/bmc/v1/quotas', parse: toQuotas }, call) }
}

const toQuotas: Parse<readonly Quota[]> = (body, at) => toList(body, at, toQuota)

const toQuota: Parse<Quota> = (value, at) => {
  const raw = toRaw(value, at)
  return {
    id: text(raw, 'id'),
    limit: number(raw, 'limit'),
    used: number(raw, 'used'),
    name: optionalText(raw, 'name'),
    unit: optionalText(raw, 'unit'),
    status: optionalText(raw, 'status'),
  }
}
