import type { SoakOptions } from './contract.ts'
import { liveMonth } from './live.ts'

/** Lives through a month in a process of its own, whose heap holds nothing else; needs --expose-gc. */
const options = JSON.parse(process.argv[2] ?? '{}') as SoakOptions

function heap(): number {
  if (!globalThis.gc) throw new Error('run with --expose-gc')
  // Twice: what finalisers of the first release is gone after the second.
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

const end = await liveMonth({ options, heap, tellDay: report => void process.send?.(report) })
process.send?.(end)
process.disconnect?.()
