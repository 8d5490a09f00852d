import type { METRICS } from './definitions.ts'

/** What is counted, once: both formats, the reference and every caller's types come from it. */
export interface Definition {
  /** `counter` grows, `gauge` is what was set last, `histogram` sorts seconds into buckets. */
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /**
   * Every value that a label may have, so that no name of an object and no secret can become one: whatever else comes is
   * counted as `other`. `null` for what only the program itself says (its version).
   */
  readonly labels: Readonly<Record<string, readonly string[] | null>>
  /** Values that are shown with 0 from the start where they are fewer than all. */
  readonly start?: Readonly<Record<string, readonly string[]>>
  /** Upper bounds of a histogram in seconds, ascending. */
  readonly buckets?: readonly number[]
  /** Of a gauge that a pass sets: another replica's pass knows better once it has run in the place of ours. */
  readonly ofPass?: true
  /** Of a gauge or counter, where it is no plain number. */
  readonly unit?: 'seconds' | 'bytes'
}

export type MetricName = keyof typeof METRICS

/** Labels of a metric, all of them. */
export type Labels<Name extends MetricName> = Readonly<
  Record<keyof (typeof METRICS)[Name]['labels'] & string, string>
>

/** Takes a value down: a counter grows by it (1 by default), a gauge is set to it, a histogram observes it. Never throws. */
export type Measure = <Name extends MetricName>(name: Name, labels: Labels<Name>, value?: number) => void

/** One value as it was taken down. */
export interface Sample {
  readonly name: MetricName
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
