import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Measure } from '../metrics/contract.ts'
import { createCounter } from './counter.ts'
import { createIpBlockCalls, type IpBlockCalls } from './ip-blocks.ts'
import { createPace } from './pace.ts'
import { createProductCalls, type ProductCalls } from './products.ts'
import { createPublicNetworkCalls, type PublicNetworkCalls } from './public-networks.ts'
import { createQuotaCalls, type QuotaCalls } from './quotas.ts'
import { createRequester } from './request.ts'
import { createSecrets } from './secrets.ts'
import { createServerCalls, type ServerCalls } from './servers.ts'
import { createTagCalls, type TagCalls } from './tags.ts'
import { createTokenSource } from './token.ts'
import { createTokenLook, type TokenLook } from './token-look.ts'
import { createTransport, type Fetch } from './transport.ts'
import type { Credentials } from './types.ts'

export type { Fetch } from './transport.ts'
export type * from './types.ts'

export interface BmcOptions {
  /** As `https://api.phoenixnap.com`; a path is kept as prefix. */
  readonly baseUrl: string
  readonly tokenUrl: string
  /** Read again before each new token, and once more when they are refused: rotation needs no redeploy. */
  readonly credentials: (refused?: boolean) => Promise<Credentials>
  readonly clock: Clock
  /** In [0, 1), for jitter. */
  readonly random: () => number
  readonly log: Log
  /** node-fetch by default, imported at the first call. */
  readonly fetch?: Fetch | undefined
  /** Limit of one attempt in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number | undefined
  readonly userAgent?: string | undefined
  /** Counts and times each request. */
  readonly measure?: Measure | undefined
}

/**
 * The BMC API. Every call throws CcmError with a BMC_* code: a read after its repetitions, a change that may
 * have happened unseen as BMC_OUTCOME_UNKNOWN. A `retryAt` (ms since 1970) among the fields is the API's wish.
 */
export interface Bmc
  extends ServerCalls,
    IpBlockCalls,
    PublicNetworkCalls,
    TagCalls,
    QuotaCalls,
    ProductCalls,
    TokenLook {
  /** Requests sent so far by operation, as `GET /bmc/v1/servers` and `POST token`; every attempt counts. */
  readonly requests: ReadonlyMap<string, number>
  /** Since when (ms since 1970) no call got through, so that callers need not wait on a dead API. */
  unreachableSince(): number | undefined
  /** Until when (ms since 1970) API or token endpoint asked to be left alone; undefined while calls are sent. */
  limitedUntil(): number | undefined
  /** Another process was asked to wait until then: this one sends nothing either. */
  holdOff(until: number): void
  /** Destroys idle sockets; the client can be used again. */
  close(): void
}

/** A list of 1,000 servers takes seconds on a bad day; a webhook's caller waits 10 s at the most. */
const DEFAULT_TIMEOUT_MS = 10_000

/**
 * A client with a token, sockets and a counter of its own. Nothing is sent before the first call.
 *
 * @throws CcmError CCM_CONFIG_INVALID if an address is no HTTP address, or holds a user or password
 */
export function createBmc(options: BmcOptions): Bmc {
  const { clock, random, log, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const baseUrl = checkUrl('the BMC base URL', options.baseUrl)
  const tokenUrl = checkUrl('the BMC token URL', options.tokenUrl)
  const counter = createCounter()
  const secrets = createSecrets()
  const transport = createTransport({ ...options, counter })
  const [pace, tokenPace] = [createPace(clock, random), createPace(clock, random)]
  const tokenParts = { ...options, tokenUrl, transport, secrets, timeoutMs, pace: tokenPace }
  const tokens = createTokenSource(tokenParts)
  const parts = { baseUrl, transport, tokens, pace, secrets, clock, random, log, timeoutMs }
  const requester = createRequester(parts)
  const { request } = requester
  const look = createTokenLook(tokenParts)
  return {
    ...createServerCalls(request),
    ...createIpBlockCalls(request, clock),
    ...createPublicNetworkCalls(request),
    ...createTagCalls(request),
    ...createQuotaCalls(request),
    ...createProductCalls(request),
    ...look,
    requests: counter.counts,
    unreachableSince: () => requester.unreachableSince(),
    limitedUntil: () => pace.limitedUntil() ?? tokenPace.limitedUntil(),
    holdOff: until => pace.holdOff(until),
    close: () => transport.close(),
  }
}

/** The address without slashes at its end. */
function checkUrl(name: string, value: string): string {
  const url = URL.parse(value)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new CcmError('CCM_CONFIG_INVALID', `${name} is no http(s) address without user and password`)
  }
  return value.trim().replace(/\/+$/, '')
}
