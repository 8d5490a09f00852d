import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'

/**
 * A unit of work as its log lines name it: a review, an audit batch, a pass, the reconcile of what was rung. It goes with
 * the work through every await without being passed on (docs/decisions/correlation-ids.md).
 */
export interface Trace {
  /** Ids of the work, those that it was rung by first; the webhook's is replaced once its request has been read. */
  ids: readonly string[]
}

/** What a ring takes along, and what a payload holds of it. */
export interface Origin {
  readonly ids: readonly string[]
}

/** Rings that joined into one key: the first says since when it waits, the newest what it is about. */
const MAX_IDS = 4
/** UUIDs, as the API server gives to reviews and events; a client may choose the id of an event (its header Audit-ID). */
const ID = /^[A-Za-z0-9-]{1,64}$/

export type NewId = () => string
export const newCorrelationId: NewId = () => randomUUID()

/** For work that nobody named. */
export const newOrigin = (newId: NewId = newCorrelationId): Origin => ({ ids: [newId()] })

/** The id that somebody sent, where it may stand in a log line; otherwise undefined. */
export const readCorrelationId = (sent: unknown): string | undefined =>
  typeof sent === 'string' && ID.test(sent) ? sent : undefined

const current = new AsyncLocalStorage<Trace>()

/** Does `work` as the unit of these ids, whatever unit it is called from. */
export const inTrace = <T>({ ids }: Origin, work: () => T): T => current.run({ ids }, work)

/** Gives the current unit the id by which others know it; one that is none is not taken. */
export function nameTrace(sent: unknown): void {
  const [id, trace] = [readCorrelationId(sent), current.getStore()]
  if (id !== undefined && trace) trace.ids = [id]
}

/** What a ring of the current unit takes along; undefined outside of any. */
export const currentOrigin = (): Origin | undefined => current.getStore()

/** Both origins in one: the first and the newest ids, a limited number of them. */
export function joinOrigins(earlier: Origin | undefined, later: Origin | undefined): Origin | undefined {
  if (!earlier || !later || earlier === later) return later ?? earlier
  const ids = [...new Set([...earlier.ids, ...later.ids])]
  return { ids: ids.length > MAX_IDS ? [...ids.slice(0, 1), ...ids.slice(1 - MAX_IDS)] : ids }
}

/** The origin that anything sent; undefined where there is none, as in payloads of earlier versions. */
export function readOrigin(ids: unknown): Origin | undefined {
  if (!Array.isArray(ids)) return undefined
  const known = ids.slice(0, MAX_IDS).flatMap(id => readCorrelationId(id) ?? [])
  return known.length > 0 ? { ids: known } : undefined
}

/** What every log line says of the current unit: one text, also for several ids. A new object each time. */
export function toTraceFields(): { correlationId?: string } {
  const trace = current.getStore()
  return trace ? { correlationId: trace.ids.join(',') } : {}
}
