import type * as fc from 'fast-check'

/** A parser or a place that takes what others wrote, with the inputs that it is tried with. */
export interface Target<Input> {
  /** As `bmc.servers`: area and parser. */
  readonly name: string
  readonly inputs: fc.Arbitrary<Input>
  /** Share of the runs that are asked for; less than 1 where one input takes long. 1 by default. */
  readonly share?: number
  /**
   * Tries one input.
   *
   * @returns the outcome in a word, such as `ok` or the code of an error
   * @throws Violation, or whatever the parser should not have thrown
   */
  readonly attempt: (input: Input) => string | Promise<string>
}

/** What a target may not do was done; the message says what. */
export class Violation extends Error {
  override name = 'Violation'
}

/** What became of the inputs of one target. */
export interface TargetReport {
  readonly name: string
  readonly inputs: number
  /** How often each outcome was seen. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly failure?: Failure | undefined
}

/** The smallest input found that breaks a target, and how to get there again. */
export interface Failure {
  readonly seed: number
  readonly path: string
  readonly why: string
  /** As text. */
  readonly counterexample: string
}
