import type { Measure } from '../shared/metrics/contract.ts'

/** What a queue tells of itself, by the established names of client-go's work queues. Times in milliseconds. */
export interface QueueMeasure {
  /** A key was rung. @param size keys that it holds now */
  added(size: number): void
  started(waitedMs: number): void
  ended(tookMs: number, size: number): void
  retried(): void
}

export const createQueueMeasure = (name: 'node' | 'service', measure: Measure | undefined): QueueMeasure => ({
  added(size) {
    measure?.('workqueue_adds_total', { name })
    measure?.('workqueue_depth', { name }, size)
  },
  started: waitedMs => measure?.('workqueue_queue_duration_seconds', { name }, waitedMs / 1000),
  ended(tookMs, size) {
    measure?.('workqueue_work_duration_seconds', { name }, tookMs / 1000)
    measure?.('workqueue_depth', { name }, size)
  },
  retried: () => measure?.('workqueue_retries_total', { name }),
})
