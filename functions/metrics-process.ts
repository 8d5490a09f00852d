import type { Clock } from '../shared/clock.ts'
import type { Cloud } from '../shared/cloud-provider/contract.ts'
import type { Measure } from '../shared/metrics/contract.ts'
import type { Registry } from '../shared/metrics/registry.ts'

/** What a process tells of itself. */
export interface ProcessParts {
  readonly version: string
  readonly clock: Clock
  /** Milliseconds by which the event loop is late. */
  readonly lagMs: () => number
  readonly cloud: Pick<Cloud, 'unreachableSince' | 'limitedUntil'> | undefined
}

/** Has the registry show the process and the way to the cloud as they are when it is read. */
export function observeProcess(registry: Registry, parts: ProcessParts): void {
  const { clock, cloud, version } = parts
  const startedAt = clock.now() / 1000
  registry.measure('phoenixnap_ccm_build_info', { version }, 1)
  registry.measure('process_start_time_seconds', {}, startedAt)
  // Until there is a complete pass, its age is that of the process.
  registry.measure('phoenixnap_ccm_resync_last_complete_timestamp_seconds', {}, startedAt)
  let cpu = 0
  registry.onRead(measure => {
    const { user, system } = process.cpuUsage()
    const now = (user + system) / 1e6
    measure('process_cpu_seconds_total', {}, now - cpu)
    cpu = now
    measureMemory(measure)
    measure('nodejs_eventloop_lag_seconds', {}, parts.lagMs() / 1000)
    measure('phoenixnap_ccm_bmc_up', {}, cloud?.unreachableSince() === undefined ? 1 : 0)
    measure('phoenixnap_ccm_bmc_limited', {}, cloud?.limitedUntil() === undefined ? 0 : 1)
  })
}

function measureMemory(measure: Measure): void {
  const { rss, heapUsed, heapTotal } = process.memoryUsage()
  measure('process_resident_memory_bytes', {}, rss)
  measure('nodejs_heap_size_used_bytes', {}, heapUsed)
  measure('nodejs_heap_size_total_bytes', {}, heapTotal)
}
