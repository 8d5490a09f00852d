import type { Entry, RequestDone } from '../world/contract.ts'
import type { CheckerInputs } from './contract.ts'

/** Blocks that the cloud denies to have. */
export interface Denied {
  take(entry: Entry): void
  /**
   * Whether nobody can know of a block: a list lacked it, the cloud said by its id that there is none, no network names
   * it yet, and nobody has read a whole list since.
   */
  has(id: string): boolean
}

const LIST = '/ips/v1/ip-blocks'
const ONE = /^\/ips\/v1\/ip-blocks\/([^/]+)$/
/** Of lists that may lack a block. */
const SHORT: ReadonlySet<RequestDone['trouble']> = new Set(['cut', 'stale'] as const)
const UNKNOWN = [403, 404]
const NOT_ON_NETWORK = ['creating', 'unassigned']

export function createDenied({ isProcess, cloud }: Pick<CheckerInputs, 'isProcess' | 'cloud'>): Denied {
  const denied = new Set<string>()
  /** Whose last list may have been short. */
  const misled = new Set<string>()

  function noteList({ by, trouble, status }: RequestDone): void {
    if (SHORT.has(trouble)) misled.add(by)
    else if (status === 200 && trouble === undefined) {
      misled.delete(by)
      denied.clear()
    }
  }

  const isOffNetwork = (id: string): boolean =>
    cloud.ipBlocks().some(block => block.id === id && NOT_ON_NETWORK.includes(block.status))

  return {
    take(entry) {
      if (entry.kind !== 'request' || entry.call.to !== 'cloud' || !isProcess(entry.by)) return
      const { call, by, madeUp = 0 } = entry
      if (call.method !== 'GET') return
      if (call.path === LIST) noteList(entry)
      const id = ONE.exec(call.path)?.[1]
      if (id !== undefined && misled.has(by) && UNKNOWN.includes(madeUp) && isOffNetwork(id)) denied.add(id)
    },
    has: id => denied.has(id),
  }
}
