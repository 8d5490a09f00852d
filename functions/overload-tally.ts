import type { Clock } from '../shared/clock.ts'
import type { Log } from '../shared/log.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import type { ReviewKind } from './overload-plan.ts'

/** What was not done: a review let through untouched, or an audit batch refused. */
export type Shed = ReviewKind | 'batch'

export interface Tally {
  add(what: Shed, lagMs: number): void
  /** Logs what has not been told, at most once a minute; with `now` at once. */
  report(now?: boolean): void
  /** One line while something was shed within the last minute. */
  wants(): readonly string[]
}

const MINUTE_MS = 60_000

const NAMES = { node: 'node-review', service: 'service-review', batch: 'audit-batch' } as const

type Counts = Record<Shed, number>
const nothing = (): Counts => ({ node: 0, service: 0, batch: 0 })

export interface TallyParts {
  readonly clock: Clock
  readonly log: Log
  readonly measure?: Measure | undefined
}

/** Counts what is shed: a storm must not fill the log as well. */
export function createTally({ clock, log, measure }: TallyParts): Tally {
  let untold = nothing()
  let latest = nothing()
  let lagMs = 0
  let nextAt = Number.NEGATIVE_INFINITY
  let shedAt = Number.NEGATIVE_INFINITY

  function report(now = false): void {
    const { node, service, batch } = untold
    if (node + service + batch === 0 || (!now && clock.now() < nextAt)) return
    const counts = { nodeReviews: node, serviceReviews: service, auditBatches: batch }
    log.warn({ ...counts, lagMs: Math.round(lagMs) }, 'load shed')
    untold = nothing()
    lagMs = 0
    nextAt = clock.now() + MINUTE_MS
  }

  return {
    add(what, lag) {
      const now = clock.now()
      if (now - shedAt > MINUTE_MS) latest = nothing()
      shedAt = now
      untold[what] += 1
      measure?.('phoenixnap_ccm_load_shed_total', { what: NAMES[what] })
      if (what !== 'batch') measure?.('phoenixnap_ccm_reviews_total', { kind: what, result: 'shed' })
      latest[what] += 1
      lagMs = Math.max(lagMs, lag)
      report()
    },
    report,
    wants() {
      if (clock.now() - shedAt > MINUTE_MS) return []
      const { node, service, batch } = latest
      return [
        `busy: ${node} node reviews and ${service} service reviews let through, ${batch} audit batches refused`,
      ]
    },
  }
}
