/** One object, and what becomes of it; `why` says by what that is known. */
export interface Item {
  readonly kind: 'Node' | 'Service' | 'IPBlock' | 'Secret'
  /** With its namespace where it has one. */
  readonly name: string
  /** What becomes of it, as `keeps 203.0.113.4`. */
  readonly outcome: string
  readonly why: string
}

/** What a change of managers comes to. */
export interface MigratePlan {
  /** `there`: from the Go program to this one; `back`: the other way. */
  readonly way: 'there' | 'back'
  /** Objects that are taken over as they are, and what becomes of the others. */
  readonly items: readonly Item[]
  /** What has to be put right first; the plan can be followed when there is nothing. */
  readonly inTheWay: readonly string[]
  /** What should be known. */
  readonly notes: readonly string[]
  /** What to do, in order, with the commands. */
  readonly steps: readonly string[]
}
