import type { Clock } from '../shared/clock.ts'
import type { Log } from '../shared/log.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import { createLine } from './overload-line.ts'
import {
  decideBatch,
  decideReview,
  hasPlace,
  type Load,
  mayRead,
  type OverloadLimits,
  type ReviewKind,
} from './overload-plan.ts'
import { createRoom } from './overload-room.ts'
import { createTally, type Shed } from './overload-tally.ts'

/** Ends a turn; to be called once. */
export type Leave = () => void

/** Decides what a server takes on, so that more than it can do costs health nothing, reviews little and audit the most. */
export interface Overload {
  /** @returns undefined when the review is to be let through untouched. Never throws. */
  review(kind: ReviewKind, deadline: number): Promise<Leave | undefined>
  /**
   * Room for the body of a large review, before it is read.
   *
   * @returns undefined when the review is to be let through unread. Never throws. @param gone when its caller has left
   */
  body(kind: ReviewKind, bytes: number, deadline: number, gone: AbortSignal): Promise<Leave | undefined>
  /** Counts a review that was let through because its body did not come in time. */
  tooSlow(kind: ReviewKind): void
  /** @returns undefined when the batch is to be refused unread. Never throws. @param gone when its caller has left */
  batch(gone: AbortSignal): Promise<Leave | undefined>
  /** Lets the event loop turn once, one after another, before a body that takes long to parse. */
  breathe(): Promise<void>
  lagMs(): number
  /** True while work that nobody waits for should be slow. */
  isPressed(): boolean
  /** Logs what was shed since the last line, when a minute has passed; with `now`, whatever has passed. */
  report(now?: boolean): void
  /** What was shed in the last minute, for a person. */
  wants(): readonly string[]
}

export interface OverloadParts {
  readonly limits: OverloadLimits
  /** Milliseconds by which the event loop is late. */
  readonly lagMs: () => number
  readonly clock: Clock
  readonly log: Log
  readonly measure?: Measure | undefined
}

/** Half of its time may a review wait, the other half is for the work. */
const WAITING_SHARE = 0.5
/** Far below the 30 s after which the API server gives a batch up, and no longer than what a refusal would cost. */
const BATCH_WAIT_MS = 5000
/** Weight of the newest review in the mean of their durations. */
const NEWEST = 0.1

export function createOverload({ limits, lagMs, clock, log, measure }: OverloadParts): Overload {
  const running = { node: 0, service: 0 }
  const lines = { node: createLine(clock), service: createLine(clock), batch: createLine(clock) }
  const tally = createTally({ clock, log, measure })
  const room = createRoom(clock, limits.bodyBytes)
  let batches = 0
  const reviewMs = { node: 0, service: 0 }
  let breath: Promise<unknown> = Promise.resolve()

  const load = (): Load => ({
    running,
    waiting: { node: lines.node.size, service: lines.service.size },
    batches,
    waitingBatches: lines.batch.size,
    lagMs: lagMs(),
    reviewMs,
  })

  /** The place is taken for who is called up, so that nobody who comes meanwhile takes it. */
  function callUp(): void {
    for (const kind of ['node', 'service'] as const) {
      while (lines[kind].size > 0 && hasPlace(kind, load(), limits)) {
        running[kind] += 1
        lines[kind].callUp()
      }
    }
    while (lines.batch.size > 0 && mayRead(load(), limits)) {
      batches += 1
      lines.batch.callUp()
    }
  }

  function shed(what: Shed): undefined {
    tally.add(what, lagMs())
    return undefined
  }

  function toLeave(end: () => void): Leave {
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      end()
      callUp()
    }
  }

  function startReview(kind: ReviewKind): Leave {
    const startedAt = clock.now()
    return toLeave(() => {
      running[kind] -= 1
      reviewMs[kind] += (clock.now() - startedAt - reviewMs[kind]) * NEWEST
    })
  }

  const toPatienceMs = (deadline: number): number => Math.max(deadline - clock.now(), 0) * WAITING_SHARE

  return {
    async body(kind, bytes, deadline, gone) {
      const patienceMs = toPatienceMs(deadline)
      // What would not be worked on anyway is not read.
      if (decideReview(kind, patienceMs, load(), limits) === 'shed') return shed(kind)
      const leave = await room.take(kind, bytes, patienceMs, gone)
      return leave ? toLeave(leave) : shed(kind)
    },
    tooSlow: shed,
    async review(kind, deadline) {
      const patienceMs = toPatienceMs(deadline)
      const verdict = decideReview(kind, patienceMs, load(), limits)
      if (verdict === 'shed') return shed(kind)
      if (verdict === 'go') running[kind] += 1
      else if (!(await lines[kind].wait(patienceMs))) {
        // Batches may have waited for the reviews to be none.
        callUp()
        return shed(kind)
      }
      return startReview(kind)
    },
    async batch(gone) {
      const verdict = decideBatch(load(), limits)
      if (verdict === 'shed') return shed('batch')
      if (verdict === 'go') batches += 1
      else if (!(await lines.batch.wait(BATCH_WAIT_MS, gone))) return shed('batch')
      const leave = toLeave(() => {
        batches -= 1
      })
      if (!gone.aborted) return leave
      leave()
      return undefined
    },
    breathe() {
      if (limits.batches === Number.POSITIVE_INFINITY) return Promise.resolve()
      breath = breath.then(() => new Promise(setImmediate))
      return breath as Promise<void>
    },
    lagMs,
    isPressed: () => lagMs() > limits.lagMs,
    report: now => tally.report(now),
    wants: () => tally.wants(),
  }
}
