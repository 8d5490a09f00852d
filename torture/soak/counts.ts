import type { World } from '../world/contract.ts'
import type { Side, SideCount } from './contract.ts'

/** Processes of the soak bear this name and a number. */
export const PROCESS = 'handler-'

export interface Counts {
  readonly requests: Record<Side, { -readonly [K in keyof SideCount]: number }>
  passes: number
}

const zero = () => ({ requests: 0, writes: 0, leases: 0 })
const LIST = '/bmc/v1/servers'

/** Counts what the controllers ask for, from one `take` to the next. */
export function countRequests({ history }: World): { take(): Counts } {
  let counts = newCounts()
  history.onEntry(entry => {
    if (entry.kind !== 'request' || !entry.by.startsWith(PROCESS)) return
    const { to, path, isWrite } = entry.call
    if (to !== 'cluster' && to !== 'cloud') return
    const count = counts.requests[to]
    count.requests += 1
    if (path === LIST) counts.passes += 1
    if (!isWrite) return
    if (path.includes('/leases')) count.leases += 1
    else count.writes += 1
  })
  return {
    take() {
      const taken = counts
      counts = newCounts()
      return taken
    },
  }
}

const newCounts = (): Counts => ({ requests: { cluster: zero(), cloud: zero() }, passes: 0 })
