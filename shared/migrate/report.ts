import { toPrintable } from '../printable.ts'
import type { CarriedOut } from './carry-out.ts'
import type { Item, MigratePlan } from './contract.ts'

/** What became of a plan; without `carriedOut` nothing was written. */
export interface MigrateReport extends MigratePlan {
  readonly ready: boolean
  readonly carriedOut: CarriedOut | undefined
}

/** The report as lines for a person. */
export function toMigrateText({ items, inTheWay, notes, steps, ready, carriedOut }: MigrateReport): string {
  const lines = [
    ...items.map(toLine),
    ...notes.map(note => `note: ${note}`),
    ...inTheWay.map(what => `in the way: ${what}`),
    ...(carriedOut?.done ?? []).map(what => `done: ${what}`),
    ...(carriedOut?.failures ?? []).map(what => `failed: ${what}`),
    '',
    'Steps:',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    '',
    toEnd(ready, inTheWay.length, carriedOut),
  ]
  return `${lines.map(toPrintable).join('\n')}\n`
}

const toLine = ({ kind, name, outcome, why }: Item): string => `${kind} ${name} ${outcome}: ${why}`

function toEnd(ready: boolean, obstacles: number, carriedOut: CarriedOut | undefined): string {
  if (carriedOut) return `${carriedOut.done.length} done, ${carriedOut.failures.length} failed.`
  if (!ready) return `Not ready: ${obstacles} in the way. Nothing was changed.`
  return 'Ready. Nothing was changed.'
}

/** For programs: without the objects that the plan was made of. */
export const toMigrateJson = ({
  way,
  ready,
  items,
  inTheWay,
  notes,
  steps,
  carriedOut,
}: MigrateReport): string =>
  `${JSON.stringify({ way, ready, items, inTheWay, notes, steps, carriedOut }, undefined, 2)}\n`
