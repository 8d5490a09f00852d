/** Whose review it is; a node that joins goes before a Service. */
export type ReviewKind = 'node' | 'service'

/** How much is taken on at once. Infinity is no limit. */
export interface OverloadLimits {
  /** Reviews worked on at once. */
  readonly reviews: number
  /** Reviews of each kind that may wait for their turn. */
  readonly waitingReviews: number
  /** Audit batches whose body is read and parsed at once. */
  readonly batches: number
  /** Bytes of large reviews that are read, parsed and worked on at once. */
  readonly bodyBytes: number
  /** Milliseconds by which the event loop may be late before audit batches are refused. */
  readonly lagMs: number
}

/**
 * A review that is longer is read only where there is room for it; a node's has some 4 KiB, a Service's seldom 10. With 1,000 reviews
 * that are shorter, what is read of them is 32 MiB.
 */
export const LARGE_BODY_BYTES = 32_768
/**
 * Parsed, a body takes up to eight times its length, so that this comes to 128 MiB at the worst: beside 130 MB of the program itself it
 * leaves half of the 512 MiB that the chart gives. Seven Services of the largest size that etcd stores (1.5 MiB) fit at once.
 */
export const MAX_BODY_BYTES_IN_FLIGHT = 16 * 1024 * 1024

export const NO_LIMITS: OverloadLimits = {
  reviews: Number.POSITIVE_INFINITY,
  waitingReviews: Number.POSITIVE_INFINITY,
  batches: Number.POSITIVE_INFINITY,
  bodyBytes: Number.POSITIVE_INFINITY,
  lagMs: Number.POSITIVE_INFINITY,
}

/** What a server is at work on. */
export interface Load {
  readonly running: Readonly<Record<ReviewKind, number>>
  readonly waiting: Readonly<Record<ReviewKind, number>>
  readonly batches: number
  readonly waitingBatches: number
  readonly lagMs: number
  /** What a review of the kind takes, in milliseconds. */
  readonly reviewMs: Readonly<Record<ReviewKind, number>>
}

/** `shed`: a review is let through untouched, an audit batch is refused so that it comes again. */
export type Verdict = 'go' | 'wait' | 'shed'

/** The rest of the places is kept for nodes: a flood of Services leaves none of them waiting. */
const SERVICES_SHARE = 0.75
/**
 * A Service's review costs several requests to the API server, letting it through none: it is given up when the loop is late by so many
 * times the limit for audit batches. A node's is answered from memory: to let it through would cost as much.
 */
const SERVICES_LAG = 5
/** Batches that wait for one that is read: they wait unread, in the sockets. */
const WAITING_PER_BATCH = 4

/** True when there is a place for a review of this kind now. */
export function hasPlace(kind: ReviewKind, { running }: Load, { reviews }: OverloadLimits): boolean {
  if (running.node + running.service >= reviews) return false
  return kind === 'node' || running.service < Math.max(1, reviews * SERVICES_SHARE)
}

/**
 * What becomes of a review that has come.
 *
 * @param patienceMs how long it may wait: one that would wait for longer is answered at once instead of too late
 */
export function decideReview(
  kind: ReviewKind,
  patienceMs: number,
  load: Load,
  limits: OverloadLimits,
): Verdict {
  if (kind === 'service' && load.lagMs > limits.lagMs * SERVICES_LAG) return 'shed'
  const { waiting } = load
  const ahead = { node: waiting.node, service: kind === 'service' ? waiting.service : 0 }
  if (ahead.node + ahead.service === 0 && hasPlace(kind, load, limits)) return 'go'
  if (waiting[kind] >= limits.waitingReviews) return 'shed'
  return toWaitMs(ahead, load, limits) > patienceMs ? 'shed' : 'wait'
}

/** True when a body fits beside those in flight, Services' into their share; alone it may be of any size. */
export const hasRoom = (kind: ReviewKind, bytes: number, taken: number, most: number): boolean =>
  taken === 0 || taken + bytes <= (kind === 'node' ? most : most * SERVICES_SHARE)

/** How long those ahead will take. */
const toWaitMs = (ahead: Load['waiting'], { reviewMs }: Load, { reviews }: OverloadLimits): number =>
  (ahead.node * reviewMs.node) / reviews + (ahead.service * reviewMs.service) / (reviews * SERVICES_SHARE)

/** True when a batch may be read now: there is a place, and no review is waiting for its turn. */
export const mayRead = ({ batches, waiting }: Load, limits: OverloadLimits): boolean =>
  batches < limits.batches && waiting.node + waiting.service === 0

/** What becomes of an audit batch that has come. */
export function decideBatch(load: Load, limits: OverloadLimits): Verdict {
  if (load.lagMs > limits.lagMs) return 'shed'
  if (load.waitingBatches === 0 && mayRead(load, limits)) return 'go'
  return load.waitingBatches < limits.batches * WAITING_PER_BATCH ? 'wait' : 'shed'
}
