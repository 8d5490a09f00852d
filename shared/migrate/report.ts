import type { CarriedOut } from './carry-out.ts'
import type { MigratePlan } from './contract.ts'

/** What became of a plan; without `carriedOut` nothing was written. */
export interface MigrateReport extends MigratePlan {
  readonly ready: boolean
  readonly carriedOut: CarriedOut | undefined
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
