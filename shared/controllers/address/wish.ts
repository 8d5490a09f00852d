import type { AllocationMode } from './candidates.ts'
import type { Problem } from './problem.ts'

/** What the user of a Service wants of its addresses. */
export interface AddressWish {
  /** Canonical, in the order given; empty when none is asked for. */
  readonly requested: readonly string[]
  /** Where that stands, for people: an annotation's key or `spec.loadBalancerIP`. */
  readonly source: string
  /** True when part of the request could not be read. */
  readonly isUnclear: boolean
  /** True when no address at all can meet the wish: the Service keeps what it has and gets nothing new. */
  readonly isBlocked: boolean
  readonly mode: AllocationMode
  /** True when its addresses are kept for it after its deletion. */
  readonly retain: boolean
  readonly problems: readonly Problem[]
}
