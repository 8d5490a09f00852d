import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { readTraceparent, type Span, type SpanAttributes, type SpanStart, type Tracing } from './span.ts'

/**
 * A unit of work as its log lines name it: a review, an audit batch, a pass, the reconcile of what was rung. It goes with
 * the work through every await without being passed on (docs/decisions/correlation-ids.md).
 */
export interface Trace extends Origin {
  /** Ids of the work, those that it was rung by first; the webhook's is replaced once its request has been read. */
  ids: readonly string[]
  /** Where spans are exported. */
  readonly span?: Span | undefined
}

/** What a ring takes along, and what a payload holds of it. */
export interface Origin {
  readonly ids: readonly string[]
  /** `traceparent`s of the spans that rang, where spans are exported; as many as ids at the most. */
  readonly parents?: readonly string[] | undefined
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
export const inTrace = <T>({ ids, parents }: Origin, work: () => T): T => current.run({ ids, parents }, work)

/** For what many units share, and none is to be named by. */
export const outOfTrace = <T>(work: () => T): T => current.exit(work)

/** A unit of work as its span tells it. */
export interface Unit<T> extends Omit<SpanStart, 'parents'> {
  readonly origin: Origin
  /** Absent while nothing is exported: the unit has its ids and no span. */
  readonly tracing: Tracing | undefined
  readonly describe: (result: T) => {
    readonly attributes?: SpanAttributes
    readonly failure?: string | undefined
  }
}

/** Does `work` as a unit of its own, which spans tell of where they are exported. */
export const inUnit = <T>(unit: Unit<T>, work: () => Promise<T>): Promise<T> =>
  unit.tracing ? inSpan(unit, unit.tracing, work) : inTrace(unit.origin, work)

async function inSpan<T>(unit: Unit<T>, tracing: Tracing, work: () => Promise<T>): Promise<T> {
  const { origin, describe, name, isServer, attributes } = unit
  const { ids, parents = [] } = origin
  const span = tracing.start({ name, isServer, parents, attributes })
  const trace: Trace = { ids, span }
  const end = (more: SpanAttributes, failure?: string): void =>
    span.end({ ...more, 'phoenixnap.correlation_id': trace.ids.join(',') }, failure)
  try {
    const result = await current.run(trace, work)
    const { attributes, failure } = describe(result)
    end(attributes ?? {}, failure)
    return result
  } catch (error) {
    end({}, error instanceof Error ? error.name : 'unknown')
    throw error
  }
}

/** The span of the current unit; undefined where none is exported, so that `currentSpan()?.` costs nothing then. */
export const currentSpan = (): Span | undefined => current.getStore()?.span

/** Gives the current unit the id by which others know it; one that is none is not taken. */
export function nameTrace(sent: unknown): void {
  const [id, trace] = [readCorrelationId(sent), current.getStore()]
  if (id !== undefined && trace) trace.ids = [id]
}

/** What a ring of the current unit takes along; undefined outside of any. */
export function currentOrigin(): Origin | undefined {
  const trace = current.getStore()
  return trace?.span ? { ids: trace.ids, parents: [trace.span.traceparent] } : trace
}

/** Both origins in one: the first and the newest ids, a limited number of them. */
export function joinOrigins(earlier: Origin | undefined, later: Origin | undefined): Origin | undefined {
  if (!earlier || !later || earlier === later) return later ?? earlier
  const ids = joinTexts(earlier.ids, later.ids)
  return earlier.parents || later.parents
    ? { ids, parents: joinTexts(earlier.parents, later.parents) }
    : { ids }
}

function joinTexts(earlier: readonly string[] = [], later: readonly string[] = []): readonly string[] {
  const texts = [...new Set([...earlier, ...later])]
  return texts.length > MAX_IDS ? [...texts.slice(0, 1), ...texts.slice(1 - MAX_IDS)] : texts
}

/** The origin that anything sent; undefined where there is none, as in payloads of earlier versions. */
export function readOrigin(ids: unknown, traceparents?: unknown): Origin | undefined {
  const known = readTexts(ids, readCorrelationId)
  if (known.length === 0) return undefined
  const parents = readTexts(traceparents, readTraceparent)
  return parents.length > 0 ? { ids: known, parents } : { ids: known }
}

const readTexts = (sent: unknown, read: (one: unknown) => string | undefined): readonly string[] =>
  Array.isArray(sent) ? sent.slice(0, MAX_IDS).flatMap(one => read(one) ?? []) : []

/** What every log line says of the current unit: one text, also for several ids. A new object each time. */
export function toTraceFields(): { correlationId?: string } {
  const trace = current.getStore()
  return trace ? { correlationId: trace.ids.join(',') } : {}
}
