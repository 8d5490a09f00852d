import { isNamed, type RequestEntry } from './request-log.ts'
import type { World } from './store.ts'
import type { Server } from './types.ts'

/** What goes wrong with matching requests. Without status, reset, hang and malformed only `delayMs` has an effect. */
export interface Fault {
  /** Operation name (`GET /bmc/v1/servers`), expression, or a look at the request; all requests by default. */
  readonly operation?: string | RegExp | ((request: RequestEntry) => boolean)
  /** For so many requests; for all by default. */
  readonly times?: number
  /** Answered instead of the real answer. */
  readonly status?: number
  /** With `status`: an object is sent as JSON, a text as it stands, '' is no body. An API error by default. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The connection is reset, before or after the request took effect. */
  readonly reset?: 'before' | 'after'
  /** By the simulator's clock, before the request takes effect. */
  readonly delayMs?: number
  /** The request takes effect and is answered with half of its JSON. */
  readonly malformed?: true
  /** No answer ever; the connection stays open. */
  readonly hang?: true
  /** `status` and `hang` come after the request took effect, as a proxy's 504 may. */
  readonly afterEffect?: true
}

export interface FaultHandle {
  /** Requests (or lists) it has struck. */
  readonly hits: number
  remove(): void
}

export interface Faults {
  /** Of several that match, the one added first strikes. */
  add(fault: Fault): FaultHandle
  /** Every connection, also an idle one, is reset until up(). */
  down(): void
  up(): void
  /** Resets open connections once, as a peer does that forgot them; new ones work. */
  dropConnections(): void
  /** Connections refused while down. */
  readonly refused: number
  /** The server list holds only the first n servers, or those that the test keeps; by id all are found. */
  cutServerList(keep: number | ((server: Server) => boolean)): FaultHandle
  /** Those that the server list holds, cut as it is now. */
  listed(servers: readonly Server[]): readonly Server[]
  /** The next so many assignments of a block end in `error assigning`. */
  failAssignments(times?: number): void
  /** The next so many unassignments of a block end in `error unassigning`. */
  failUnassignments(times?: number): void
  /** Ends all faults, also down(). */
  clear(): void
}

/** What the server asks. */
export interface FaultInjector {
  readonly faults: Faults
  /** The fault that strikes this request, now counted. */
  readonly strike: (request: RequestEntry) => Fault | undefined
  readonly cut: (servers: readonly Server[]) => readonly Server[]
  readonly isDown: () => boolean
  readonly countRefused: () => void
}

interface Active<T> {
  readonly what: T
  hits: number
}

/** @param reset resets every open connection */
export function createFaultInjector(world: World, reset: () => void): FaultInjector {
  let active: Active<Fault>[] = []
  let cuts: Active<number | ((server: Server) => boolean)>[] = []
  let down = false
  let refused = 0

  const cut = (servers: readonly Server[]): readonly Server[] =>
    cuts.reduce<readonly Server[]>(applyCut, servers)

  const faults: Faults = {
    add: fault => {
      const entry = { what: fault, hits: 0 }
      active.push(entry)
      return handle(entry, () => {
        active = active.filter(other => other !== entry)
      })
    },
    down: () => {
      down = true
      reset()
    },
    up: () => {
      down = false
    },
    dropConnections: reset,
    get refused() {
      return refused
    },
    cutServerList: keep => {
      const entry = { what: keep, hits: 0 }
      cuts.push(entry)
      return handle(entry, () => {
        cuts = cuts.filter(other => other !== entry)
      })
    },
    listed: cut,
    failAssignments: (times = 1) => {
      world.failing.assignments += times
    },
    failUnassignments: (times = 1) => {
      world.failing.unassignments += times
    },
    clear: () => {
      active = []
      cuts = []
      down = false
      Object.assign(world.failing, { assignments: 0, unassignments: 0 })
    },
  }

  return {
    faults,
    strike: request => {
      const entry = active.find(({ what, hits }) => hits < (what.times ?? Infinity) && matches(what, request))
      if (entry !== undefined) entry.hits += 1
      return entry?.what
    },
    cut,
    isDown: () => down,
    countRefused: () => {
      refused += 1
    },
  }
}

function matches({ operation }: Fault, request: RequestEntry): boolean {
  return typeof operation === 'function' ? operation(request) : isNamed(request.operation, operation)
}

function applyCut(
  servers: readonly Server[],
  entry: Active<number | ((server: Server) => boolean)>,
): readonly Server[] {
  entry.hits += 1
  const keep = entry.what
  return typeof keep === 'number' ? servers.slice(0, keep) : servers.filter(keep)
}

const handle = (entry: Active<unknown>, remove: () => void): FaultHandle => ({
  get hits() {
    return entry.hits
  },
  remove,
})
