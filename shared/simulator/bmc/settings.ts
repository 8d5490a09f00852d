import type { RateLimit } from './rate-limit.ts'

/** How the simulated API behaves where it may be chosen; every duration is in milliseconds of the clock given. */
export interface Settings {
  /** Life of a token. 15 minutes, as the real one. */
  readonly tokenLifetimeMs: number
  /** creating → powered-on. */
  readonly serverCreateMs: number
  /** A power action, a reboot or a reset takes this long. */
  readonly serverActionMs: number
  /** deleting → gone. */
  readonly serverDeleteMs: number
  /** Block: creating → unassigned. */
  readonly blockCreateMs: number
  /** Block: assigning → assigned, and its network BUSY → READY. */
  readonly assignMs: number
  /** Block: unassigning → unassigned, and its network BUSY → READY. */
  readonly unassignMs: number
  /** Whether several `tag` parameters must all match or one of them; no document says. */
  readonly tagFilter: 'and' | 'or'
  /** Both spellings were seen in answers of the real API. */
  readonly assignedResourceType: 'public network' | 'PUBLIC_NETWORK'
  /** How an optional field without a value is answered, `validationErrors` among them. */
  readonly absent: 'omitted' | 'null'
  readonly locations: readonly string[]
  /** Limit of the quota bmc.public_ips.max_count, in addresses. */
  readonly publicIpQuota: number
  /** Limit of the quota bmc.servers.max_count. */
  readonly serverQuota: number
  /** None by default: no document names one. */
  readonly rateLimit: RateLimit | undefined
  /** Refusals whose status the documents leave open; the defaults are statuses they list for the operation. */
  readonly refusals: {
    /** Deleting a block that is not unassigned. */
    readonly deleteAssignedBlock: number
    /** Buying beyond a quota. */
    readonly quotaExceeded: number
    /** An eleventh IPv4 or a second IPv6 block in a public network. */
    readonly networkFull: number
  }
}

export const DEFAULT_SETTINGS: Settings = {
  tokenLifetimeMs: 15 * 60_000,
  serverCreateMs: 60_000,
  serverActionMs: 5_000,
  serverDeleteMs: 10_000,
  blockCreateMs: 2_000,
  assignMs: 10_000,
  unassignMs: 10_000,
  tagFilter: 'and',
  assignedResourceType: 'public network',
  absent: 'omitted',
  locations: ['PHX', 'ASH', 'SGP', 'NLD', 'CHI', 'SEA'],
  publicIpQuota: 512,
  serverQuota: 2_000,
  rateLimit: undefined,
  refusals: { deleteAssignedBlock: 403, quotaExceeded: 403, networkFull: 400 },
}
