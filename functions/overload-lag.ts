import { monitorEventLoopDelay } from 'node:perf_hooks'

/** By how much the event loop is late, from moment to moment. */
export interface LagProbe {
  /** Milliseconds, as of the last half second. */
  lagMs(): number
  stop(): void
}

const RESOLUTION_MS = 10
/** Shorter, and one collection of garbage would look like a storm. */
const WINDOW_MS = 500
const LEAST_SAMPLES = 2

/** @param now milliseconds of any steady clock */
export function startLagProbe(now: () => number = () => performance.now()): LagProbe {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let lag = 0
  let since = now()
  return {
    lagMs() {
      if (now() - since >= WINDOW_MS && histogram.count >= LEAST_SAMPLES) {
        lag = Math.max(0, histogram.mean / 1e6 - RESOLUTION_MS)
        histogram.reset()
        since = now()
      }
      return lag
    },
    stop: () => void histogram.disable(),
  }
}
