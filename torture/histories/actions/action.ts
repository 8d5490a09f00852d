import type { Picks } from '../picks.ts'
import type { Stage } from '../stage.ts'

/** Something that users, machines, the cloud or operators do. */
export interface Action {
  /** Row of the coverage. */
  readonly name: string
  /** How often it is taken, beside the others. */
  readonly weight: number
  /** Begins it, and does not wait for its end. @returns false when there is nothing to do it with now */
  readonly carryOut: (stage: Stage, picks: Picks) => boolean
}

export const defineAction = (name: string, weight: number, carryOut: Action['carryOut']): Action => ({
  name,
  weight,
  carryOut,
})
