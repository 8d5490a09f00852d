import type { Clock } from '../shared/clock.ts'
import type { Log } from '../shared/log.ts'
import type { Resync, ResyncSummary } from './resync.ts'

export interface ScheduleOptions {
  readonly resync: Resync
  readonly intervalMs: number
  readonly clock: Clock
  readonly log: Log
  /** No pass begins after it; the sleep between two ends with it. */
  readonly stop: AbortSignal
  /** Ends a pass under way. */
  readonly abort: AbortSignal
  /** Told how each pass ended. */
  readonly ended?: (summary: ResyncSummary) => void
}

/** A pass over a large cluster with a slow BMC API; the shipped function has as long. */
const PASS_MS = 60_000
/** A crash in mid-pass keeps others from passing until the end of its time, so that a long interval gives no longer one. */
const MOST_PASS_MS = 300_000
/** Breath between two passes when one took longer than the interval. */
const LEAST_PAUSE_SHARE = 0.1

/** Passes over everything: one at once, then one an interval after the last began, never two at a time. Never throws. */
export async function runSchedule(options: ScheduleOptions): Promise<void> {
  const { resync, intervalMs, clock, log, stop, abort } = options
  const passMs = Math.min(Math.max(PASS_MS, intervalMs), MOST_PASS_MS)
  while (!stop.aborted) {
    const start = clock.now()
    const summary = await resync({ deadline: start + passMs, signal: abort })
    options.ended?.(summary)
    const tookMs = clock.now() - start
    if (tookMs > intervalMs)
      log.warn({ durationMs: tookMs, intervalMs }, 'resync took longer than its interval')
    await clock.sleep(Math.max(intervalMs - tookMs, intervalMs * LEAST_PAUSE_SHARE), stop).catch(() => {})
  }
}

export interface RefreshOptions {
  readonly refreshes: readonly (() => Promise<void>)[]
  readonly clock: Clock
  readonly log: Log
  readonly stop: AbortSignal
  /** When the first time is not to be waited for. */
  readonly soon?: Promise<void>
}

/** A kubelet brings a changed Secret into a pod within a minute; certificates are renewed days before they expire. */
const REFRESH_MS = 30_000

/** Reads files again and again; what cannot be read or used leaves the old values in use. Never throws. */
export async function runRefreshes(options: RefreshOptions): Promise<void> {
  const { refreshes, clock, log, stop } = options
  let soon = options.soon?.then(() => true)
  for (;;) {
    const late = clock.sleep(REFRESH_MS, stop).then(
      () => false,
      () => false,
    )
    if (await (soon ? Promise.race([soon, late]) : late)) soon = undefined
    if (stop.aborted) return
    for (const refresh of refreshes) {
      await refresh().catch((error: unknown) =>
        log.warn({ error }, 'changed files cannot be used, the old ones stay in use'),
      )
    }
  }
}
