import { tellHistory } from '../histories/tell.ts'
import type { Told } from './pool.ts'

/** A child process: tells the history of each seed that it is sent, one after the other. */
process.on('message', (seed: number) => {
  void tell(seed).then(told => process.send?.(told))
})

async function tell(seed: number): Promise<Told> {
  try {
    return { ...(await tellHistory(seed)), memory: process.memoryUsage.rss() }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { ...NOTHING, seed, violations: [`the history could not be told: ${text}`], memory: 0 }
  }
}

const NOTHING = {
  steps: 0,
  skipped: 0,
  coverage: {},
  faults: 0,
  requests: 0,
  virtualMs: 0,
  fingerprint: undefined,
} as const
