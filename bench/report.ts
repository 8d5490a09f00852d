import { type Figure, isKept } from './figure.ts'

/** What a benchmark brings: figures, or why it could not run here. */
export type Outcome = readonly Figure[] | { readonly skipped: string }

/** Figures of one benchmark, by its name. */
export interface Section {
  readonly name: string
  readonly figures: readonly Figure[]
  readonly skipped?: string | undefined
}

/** Everything of one run, as `--json` prints it. */
export interface Report {
  readonly machine: {
    readonly node: string
    readonly platform: string
    readonly processors: number
  }
  /** False when it was a run with `--quick`, whose figures say little. */
  readonly isFull: boolean
  readonly sections: readonly Section[]
}

export const toSection = (name: string, outcome: Outcome): Section =>
  'skipped' in outcome ? { name, figures: [], skipped: outcome.skipped } : { name, figures: outcome }

const findBroken = ({ sections }: Pick<Report, 'sections'>): readonly Figure[] =>
  sections.flatMap(({ figures }) => figures.filter(figure => !isKept(figure)))

/** What of a run is against its budgets: a figure that does not keep its own, and a benchmark whose budgets nobody knows. */
export const findFaults = (report: Pick<Report, 'sections'>): readonly string[] => [
  ...findBroken(report).map(({ name }) => `${name} does not keep its budget`),
  ...report.sections.flatMap(({ name, skipped }) =>
    skipped === undefined ? [] : [`${name} was not measured: ${skipped}`],
  ),
]

/** One report of several: where two have the same benchmark, that of the later one counts. */
export function mergeReports(reports: readonly Report[]): Report {
  const [first, ...others] = reports
  if (!first) throw new Error('there is no report')
  const sections = new Map(reports.flatMap(report => report.sections).map(section => [section.name, section]))
  const isSame = others.every(({ machine }) => JSON.stringify(machine) === JSON.stringify(first.machine))
  if (!isSame) throw new Error('the reports are of different machines')
  return { ...first, isFull: reports.every(({ isFull }) => isFull), sections: [...sections.values()] }
}
