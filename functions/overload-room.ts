import type { Clock } from '../shared/clock.ts'
import { createLine } from './overload-line.ts'
import { hasRoom, type ReviewKind } from './overload-plan.ts'

/** The memory for bodies of large reviews: taken by their length before they are read, given back when they are answered. */
export interface Room {
  /**
   * @returns what gives the room back, to be called once; undefined when there was none in time
   * @param gone when the caller has left
   */
  take(
    kind: ReviewKind,
    bytes: number,
    patienceMs: number,
    gone: AbortSignal,
  ): Promise<(() => void) | undefined>
}

/** They wait unread, with some 100 KiB each in their sockets: few enough to weigh no more than the room itself. */
const MOST_WAITING = 64
const KINDS = ['node', 'service'] as const

/** @param most bytes in flight at once */
export function createRoom(clock: Clock, most: number): Room {
  const lines = { node: createLine(clock), service: createLine(clock) }
  let taken = 0

  /** Nobody goes before a node that waits, however little he needs. */
  function callUp(): void {
    for (const kind of KINDS) {
      const line = lines[kind]
      while (line.size > 0) {
        if (!hasRoom(kind, line.firstWeight, taken, most)) return
        taken += line.firstWeight
        line.callUp()
      }
    }
  }

  return {
    async take(kind, bytes, patienceMs, gone) {
      const ahead = lines.node.size + (kind === 'service' ? lines.service.size : 0)
      if (ahead === 0 && hasRoom(kind, bytes, taken, most)) taken += bytes
      else if (lines[kind].size >= MOST_WAITING) return undefined
      else if (!(await lines[kind].wait(patienceMs, gone, bytes))) {
        // The one that has left may have been the only one too large.
        callUp()
        return undefined
      }
      return () => {
        taken -= bytes
        callUp()
      }
    },
  }
}
