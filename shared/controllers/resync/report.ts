import { CcmError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { HeldReason } from '../../metrics/label-values.ts'
import type { PlannedChange, ResyncReport } from '../contract.ts'
import type { NodeAction } from '../node/actions.ts'

/** What a pass notes while it works. */
export interface PassNotes {
  readonly changes: PlannedChange[]
  readonly held: string[]
  readonly failures: { name: string; code: string; message: string }[]
  /** Names of objects that had no turn. */
  readonly left: string[]
  readonly tally: PassTally
}

/** What a pass counts beside the texts. */
export interface PassTally {
  /** How often something was held back, by reason. */
  readonly held: Map<HeldReason, number>
  /** Codes of what keeps nodes as they are. */
  readonly refusals: string[]
}

export const createNotes = (): PassNotes => ({
  changes: [],
  held: [],
  failures: [],
  left: [],
  tally: { held: new Map(), refusals: [] },
})

/** @param texts one for each that is held back, as `node-a: …` */
export function noteHeld({ held, tally }: PassNotes, reason: HeldReason, ...texts: readonly string[]): void {
  held.push(...texts)
  tally.held.set(reason, (tally.held.get(reason) ?? 0) + texts.length)
}

/** Each by its name in the report, and once in the log, however many they are. */
export function noteLeft(notes: PassNotes, log: Log, kind: string, names: readonly string[]): void {
  if (names.length === 0) return
  notes.left.push(...names)
  log.warn({ kind, count: names.length, code: 'CCM_DEADLINE' }, 'left to the next pass')
}

/** What the report says of them: those that failed come first, of which a log shows a few. */
export const toFailures = ({ failures, left }: PassNotes): PassNotes['failures'] => [
  ...failures,
  ...left.map(name => ({
    name,
    code: 'CCM_DEADLINE',
    message: 'it did not fit into the time, and is left to the next pass',
  })),
]

export function noteActions(notes: PassNotes, name: string, actions: readonly NodeAction[]): void {
  for (const { do: action, set, why } of actions) {
    notes.changes.push({ kind: 'Node', name, action, detail: { ...set }, why })
  }
}

export function noteFailure(notes: PassNotes, name: string, error: unknown): void {
  const code = error instanceof CcmError ? error.code : 'CCM_INTERNAL'
  notes.failures.push({ name, code, message: error instanceof Error ? error.message : String(error) })
}

/** Report of a pass that did nothing because another one is at work. */
export const busyReport = (durationMs: number): ResyncReport => ({
  state: 'busy',
  nodes: 0,
  instances: 0,
  services: 0,
  changes: [],
  held: [],
  failures: [],
  durationMs,
  requests: {},
})

/** Requests made between two counts. */
export function countSince(
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): Record<string, number> {
  return Object.fromEntries(
    [...now].flatMap(([operation, count]) => {
      const more = count - (before.get(operation) ?? 0)
      return more > 0 ? [[operation, more]] : []
    }),
  )
}
