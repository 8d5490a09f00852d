import type { Call, NetworkFault, Trouble } from '../world/contract.ts'
import type { Picks } from './picks.ts'

/** One way in which requests go wrong, and which. */
export interface Trap {
  /** Column of the coverage. */
  readonly name: string
  readonly to: Call['to']
  readonly toTrouble: (picks: Picks) => Trouble
  /** Of the calls on that way. */
  readonly matches?: (call: Call) => boolean
  /** It strikes every call that matches, for as long as it lasts. */
  readonly isSteady?: true
  /** What has to be so, for it to strike at all. */
  readonly beside?: (picks: Picks) => Trouble
}

const PROXY_PAGE = '<html><body>404 page not found</body></html>'
const HOUR_MS = 3_600_000

const status =
  (code: number, more: { body?: string; headers?: Record<string, string> } = {}) =>
  (): Trouble => ({
    kind: 'status',
    status: code,
    ...more,
  })

/** What happens to requests of both sides alike. */
const COMMON: readonly (readonly [name: string, toTrouble: (picks: Picks) => Trouble])[] = [
  ['500', status(500)],
  ['503', status(503)],
  ['429', picks => status(429, { headers: { 'retry-after': String(picks.one([1, 5, 30])) } })()],
  ['504 after', () => ({ kind: 'status after', status: 504 })],
  ['reset before', () => ({ kind: 'reset before' })],
  ['reset after', () => ({ kind: 'reset after' })],
  ['refused', () => ({ kind: 'refused' })],
  ['hang before', () => ({ kind: 'hang before' })],
  ['hang after', () => ({ kind: 'hang after' })],
  ['delay before', picks => ({ kind: 'delay before', ms: picks.one([900, 4000, 12_000, 45_000]) })],
  ['delay after', picks => ({ kind: 'delay after', ms: picks.one([900, 4000, 12_000, 45_000]) })],
  ['garbage', () => ({ kind: 'garbage' })],
]

/** An answer of the API server itself, not of something before it. */
const refusal = (code: number, reason: string, message: string): (() => Trouble) => {
  const fields = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' }
  return status(code, { body: JSON.stringify({ ...fields, message, reason, code }) })
}
const conflict = refusal(409, 'Conflict', 'Operation cannot be fulfilled: the object has been modified')
const forbidden = refusal(403, 'Forbidden', 'forbidden: the authorizer is not ready')
const unauthorized = refusal(401, 'Unauthorized', 'Unauthorized')
const expired = refusal(410, 'Expired', 'The provided continue parameter is too old to display a list.')
const shortPages = (picks: Picks): Trouble => ({ kind: 'short pages', limit: picks.one([1, 2, 3]) })

const isList = ({ query }: Call): boolean => /(?:^|&)limit=/.test(query)
const isUpdate = ({ method, body }: Call): boolean =>
  (method === 'PATCH' || method === 'PUT' || method === 'DELETE') && body.includes('resourceVersion')

/** A list is never stale or cut: the API server gives old ones for resourceVersion=0 only, which nobody of ours asks for. */
const CLUSTER: readonly Trap[] = [
  ...COMMON.map(([name, toTrouble]) => ({ name: `cluster: ${name}`, to: 'cluster', toTrouble }) as const),
  { name: 'cluster: 409', to: 'cluster', toTrouble: conflict, matches: isUpdate },
  { name: 'cluster: 403', to: 'cluster', toTrouble: forbidden },
  { name: 'cluster: 404 page', to: 'cluster', toTrouble: status(404, { body: PROXY_PAGE }) },
  // A token that has expired, until it is renewed.
  { name: 'cluster: 401', to: 'cluster', toTrouble: unauthorized, isSteady: true },
  { name: 'cluster: short pages', to: 'cluster', toTrouble: shortPages, matches: isList, isSteady: true },
  {
    name: 'cluster: 410',
    to: 'cluster',
    toTrouble: expired,
    matches: ({ query }) => query.includes('continue='),
    beside: shortPages,
  },
]

const CLOUD: readonly Trap[] = [
  ...COMMON.map(([name, toTrouble]) => ({ name: `cloud: ${name}`, to: 'cloud', toTrouble }) as const),
  { name: 'cloud: 401', to: 'cloud', toTrouble: status(401) },
  { name: 'cloud: 403', to: 'cloud', toTrouble: status(403) },
  { name: 'cloud: 404', to: 'cloud', toTrouble: status(404) },
  { name: 'cloud: 406', to: 'cloud', toTrouble: status(406) },
  { name: 'cloud: 409', to: 'cloud', toTrouble: status(409), matches: ({ isWrite }) => isWrite },
  {
    name: 'cloud: stale',
    to: 'cloud',
    toTrouble: picks => ({ kind: 'stale', ms: picks.one([1000, 3000]) }),
    matches: ({ isWrite }) => !isWrite,
  },
  {
    name: 'cloud: block list cut',
    to: 'cloud',
    toTrouble: picks => ({ kind: 'cut', keep: picks.between(0, 2) }),
    matches: ({ isWrite, path }) => !isWrite && path.endsWith('/ip-blocks'),
    isSteady: true,
  },
]

const HOOKS: readonly Trap[] = [
  { name: 'hooks: review refused', to: 'admission', toTrouble: () => ({ kind: 'refused' }) },
  { name: 'hooks: review hangs', to: 'admission', toTrouble: () => ({ kind: 'hang before' }) },
  { name: 'hooks: review not answered', to: 'admission', toTrouble: () => ({ kind: 'hang after' }) },
  {
    name: 'hooks: review slow',
    to: 'admission',
    toTrouble: picks => ({ kind: 'delay after', ms: picks.one([1000, 4000, 9000]) }),
  },
  { name: 'hooks: review 503', to: 'admission', toTrouble: status(503) },
  { name: 'hooks: audit lost', to: 'audit', toTrouble: () => ({ kind: 'lost' }) },
  { name: 'hooks: audit 503', to: 'audit', toTrouble: status(503) },
  {
    name: 'hooks: audit doubled',
    to: 'audit',
    toTrouble: picks => ({ kind: 'doubled', ms: picks.one([10, 2000, 60_000]) }),
  },
  {
    name: 'hooks: audit late',
    to: 'audit',
    toTrouble: picks => ({ kind: 'delay before', ms: picks.one([500, 5000, 120_000, 2 * HOUR_MS]) }),
  },
  { name: 'hooks: ring lost', to: 'reconcile', toTrouble: () => ({ kind: 'lost' }) },
  { name: 'hooks: ring 500', to: 'reconcile', toTrouble: status(500) },
  {
    name: 'hooks: ring doubled',
    to: 'reconcile',
    toTrouble: picks => ({ kind: 'doubled', ms: picks.one([1, 500, 30_000]) }),
  },
  {
    name: 'hooks: ring late',
    to: 'reconcile',
    toTrouble: picks => ({ kind: 'delay before', ms: picks.one([300, 5000, 60_000, HOUR_MS]) }),
  },
]

export const TRAPS: readonly Trap[] = [...CLUSTER, ...CLOUD, ...HOOKS]

interface Scope {
  readonly name: string
  readonly matches: (call: Call) => boolean
}

const everything: Scope = { name: 'everything', matches: () => true }
const writes: Scope = { name: 'changes', matches: ({ isWrite }) => isWrite }
const reads: Scope = { name: 'reads', matches: ({ isWrite }) => !isWrite }
const on = (name: string, pattern: RegExp): Scope => ({ name, matches: ({ path }) => pattern.test(path) })
const change = (name: string, pattern: RegExp): Scope => ({
  name: `changes of ${name}`,
  matches: ({ path, isWrite }) => isWrite && pattern.test(path),
})

const SCOPES: Readonly<Record<Call['to'], readonly [Scope, ...Scope[]]>> = {
  cluster: [
    everything,
    writes,
    reads,
    change('claims and gates', /\/ipaddresses/),
    change('services', /\/services/),
    change('nodes', /\/nodes/),
    change('Leases', /\/leases/),
    on('claims and gates', /\/ipaddresses/),
    on('the inventory', /\/configmaps/),
    on('Leases', /\/leases/),
  ],
  cloud: [
    everything,
    writes,
    reads,
    change('blocks', /\/ip-blocks/),
    on('blocks', /\/ip-blocks/),
    on('networks', /\/public-networks/),
    on('servers', /\/servers/),
    on('tokens', /\/token$/),
  ],
  admission: [everything],
  audit: [everything],
  reconcile: [everything],
}

/** Faults of the network as a step draws them, with words for the story. */
export interface DrawnFault {
  /** The first is what strikes. */
  readonly faults: readonly [NetworkFault, ...NetworkFault[]]
  readonly words: string
}

/** Which calls of a trap it strikes. */
interface Aim {
  readonly scope: Scope
  readonly probability: number
  readonly times: number
}

/** How often weather strikes: work gets done in between. What meets few requests strikes half of them. */
const toProbability = ({ to, matches }: Trap): number =>
  matches || to === 'audit' || to === 'reconcile' ? 0.5 : 0.15

/** @param isOurs whether a call comes from a controller */
export function drawFault(trap: Trap, picks: Picks, isOurs: (call: Call) => boolean): DrawnFault {
  const aim = trap.isSteady
    ? { scope: everything, probability: 1, times: Number.POSITIVE_INFINITY }
    : {
        scope: picks.one(SCOPES[trap.to]),
        probability: picks.one([1, 0.5, 0.2]),
        times: picks.one([1, 3, Number.POSITIVE_INFINITY]),
      }
  return aimAt(trap, aim, picks, isOurs)
}

/** As `drawFault`, for a whole history. */
export const drawWeather = (trap: Trap, picks: Picks, isOurs: (call: Call) => boolean): DrawnFault =>
  aimAt(
    trap,
    { scope: everything, probability: toProbability(trap), times: Number.POSITIVE_INFINITY },
    picks,
    isOurs,
  )

function aimAt(
  trap: Trap,
  { scope, probability, times }: Aim,
  picks: Picks,
  isOurs: (call: Call) => boolean,
): DrawnFault {
  const fromController = trap.to === 'cluster' ? isOurs : () => true
  const fault = {
    to: trap.to,
    matches: (call: Call) => fromController(call) && scope.matches(call) && (trap.matches?.(call) ?? true),
    probability,
    ...(times === Number.POSITIVE_INFINITY ? {} : { times }),
    trouble: trap.toTrouble(picks),
  }
  const beside = trap.beside?.(picks)
  return {
    words: `${trap.name} for ${times === Number.POSITIVE_INFINITY ? 'any number' : times} of ${scope.name}, probability ${probability}`,
    faults: beside
      ? [fault, { to: trap.to, matches: call => isOurs(call) && isList(call), trouble: beside }]
      : [fault],
  }
}
