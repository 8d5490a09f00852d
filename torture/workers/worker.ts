import { tellHistory } from '../histories/tell.ts'
import type { Told } from './pool.ts'
import { UNTOLD } from './untold.ts'

/** A child process: tells the history of each seed that it is sent, one after the other. */
process.on('message', (seed: number) => {
  void tell(seed).then(told => process.send?.(told))
})

async function tell(seed: number): Promise<Told> {
  try {
    return { ...(await tellHistory(seed)), memory: process.memoryUsage.rss() }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { ...UNTOLD, seed, violations: [`the history could not be told: ${text}`] }
  }
}
