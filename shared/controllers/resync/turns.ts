import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { withinLimit } from '../../limit.ts'
import type { WorkCall } from '../contract.ts'
import { mapLimit } from '../map-limit.ts'

/** Limits of a pass, or of one part of it. */
export interface PassCall extends WorkCall {
  readonly dryRun?: boolean | undefined
  /** Another text in every pass: objects have their turns in an order that comes of it. As they are listed without it. */
  readonly passId?: string | undefined
}

/** Objects worked on at once: enough to hide the API server's latency, too few to be its load. */
const AT_ONCE = 8
/**
 * Of one object in one pass, unless there is time for more. What works takes less even where each of its requests takes
 * a second; one whose writes hang would take 15 s for each.
 */
const OBJECT_MS = 10_000
/** Of a part's time: what was begun within it may end in the rest. */
const BEGIN_SHARE = 0.8

/** A part of a pass ends when this share of the time that is left is over, whatever hangs in it. */
export const toShare = <C extends WorkCall>(clock: Clock, call: C, share: number): C => ({
  ...call,
  deadline: clock.now() + (call.deadline - clock.now()) * share,
})

/**
 * The items in this pass's order. Nobody remembers what hung, so that no fixed order does: whatever came behind more
 * hanging objects than fit into a pass would have no turn in any.
 */
export function inTurn<T>(
  items: readonly T[],
  toName: (item: T) => string,
  passId: string | undefined,
): readonly T[] {
  if (passId === undefined) return items
  const turns = items.map(item => ({ item, turn: toTurn(`${toName(item)} ${passId}`) }))
  return turns.toSorted((a, b) => a.turn - b.turn).map(({ item }) => item)
}

/** So that names that differ in one letter are far apart. */
const toTurn = (text: string): number => createHash('sha256').update(text).digest().readUIntBE(0, 6)

export interface Turns<T> {
  readonly items: readonly T[]
  readonly toName: (item: T) => string
  /** 8 by default. */
  readonly atOnce?: number
  /** Fails by itself when the call's signal comes; the first throw ends all. */
  readonly work: (item: T, call: PassCall) => Promise<void>
}

/**
 * Works on every object within the call's deadline, on each within a limit of its own: its share of the time, or 10 s
 * where that is more.
 *
 * @returns the names of those that had no turn, in the order of the items
 */
export async function workInTurn<T>(
  clock: Clock,
  call: PassCall,
  { items, toName, atOnce = AT_ONCE, work }: Turns<T>,
): Promise<readonly string[]> {
  const lastBegin = toShare(clock, call, BEGIN_SHARE).deadline
  const left = new Set<T>()
  const objectMs = Math.max(OBJECT_MS, ((lastBegin - clock.now()) * atOnce) / items.length)
  await mapLimit(inTurn(items, toName, call.passId), atOnce, async item => {
    // A dry run sends nothing that could hang.
    if (clock.now() >= lastBegin && !call.dryRun) {
      left.add(item)
      return
    }
    const limitMs = Math.min(objectMs, call.deadline - clock.now())
    await withinLimit(clock, limitMs, call.signal, signal => work(item, { ...call, signal }))
  })
  return items.filter(item => left.has(item)).map(toName)
}
