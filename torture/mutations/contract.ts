import type { InvariantId } from '../invariants/table.ts'

/** A change of the code after which something happens that must never happen. */
export interface Mutation {
  /** As `claims-without-looking`. */
  readonly name: string
  /** From the root, as `shared/bmc/tags.ts`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  readonly violates: InvariantId
  /** The story that shows it. */
  readonly story: string
}
