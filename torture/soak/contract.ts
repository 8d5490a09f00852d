/** A month, and what lives in it. */
export interface SoakOptions {
  readonly seed: number
  readonly days: number
  readonly nodes: number
  /** Of any type; about a quarter are load balancers, as a public network has room for some 130. */
  readonly services: number
  /** Between two passes. */
  readonly intervalMs: number
}

/** One day as it was. */
export interface DayReport {
  readonly day: number
  /** Heap in use after a collection, of controllers and simulated world together, in bytes. */
  readonly heap: number
  readonly requests: Readonly<Record<Side, SideCount>>
  readonly actions: number
  readonly passes: number
  readonly nodes: number
  readonly services: number
  readonly balancers: number
  readonly waiting: number
  readonly blocks: number
  readonly claims: number
  readonly gates: number
  /** Claims and gates whose Service or block is not there, entries of the inventory without a server and the like. */
  readonly orphans: readonly string[]
}

export type Side = 'cluster' | 'cloud'

/** What controllers asked a side for. */
export interface SideCount {
  readonly requests: number
  /** Leases aside. */
  readonly writes: number
  readonly leases: number
}

/** The end: churn is over, and everything had time to come to rest. */
export interface EndReport {
  /** What is wrong at rest; then what is left after every Service and node was deleted. */
  readonly faults: readonly string[]
  readonly kinds: Readonly<Record<string, number>>
}
