import { CcmError } from '../../errors.ts'
import type { PlannedChange, ResyncReport } from '../contract.ts'
import type { NodeAction } from '../node/actions.ts'

/** What a pass notes while it works. */
export interface PassNotes {
  readonly changes: PlannedChange[]
  readonly held: string[]
  readonly failures: { name: string; code: string; message: string }[]
}

export const createNotes = (): PassNotes => ({ changes: [], held: [], failures: [] })

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
