import type { CrashFailure, CrashRow } from './run.ts'

const HEAD = ['scenario', 'handlers', 'seeds', 'effects', 'crash points', 'told', 'second kills', 'result']
const GAP = '  '

/** Rows of one scenario and mode, whatever their seeds, as one line each; failures below, with how to repeat them. */
export function toTable(rows: readonly CrashRow[]): string {
  const groups = [...Map.groupBy(rows, ({ scenario, mode }) => `${scenario} ${mode}`).values()]
  const lines = [HEAD, ...groups.map(toLine), toSum(rows)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const table = lines.map(line =>
    line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
  return `${[...table, ...rows.flatMap(({ failures }) => failures).map(toFailureText)].join('\n')}\n`
}

function toLine(rows: readonly CrashRow[]): readonly string[] {
  const [first] = rows
  return [first?.scenario ?? '', first?.mode ?? '', ...toCounts(rows)]
}

const toSum = (rows: readonly CrashRow[]): readonly string[] => ['all', '', ...toCounts(rows)]

function toCounts(rows: readonly CrashRow[]): readonly string[] {
  const sum = (of: (row: CrashRow) => number): string =>
    String(rows.reduce((total, row) => total + of(row), 0))
  const failed = rows.reduce((total, { failures }) => total + failures.length, 0)
  return [
    String(new Set(rows.map(({ seed }) => seed)).size),
    sum(({ effects }) => effects.reduce((total, count) => total + count, 0)),
    sum(({ points }) => points),
    sum(({ told }) => told),
    sum(({ pairs }) => pairs),
    failed === 0 ? 'green' : `${failed} FAILED`,
  ]
}

export const toFailureText = ({ telling, effect, faults }: CrashFailure): string =>
  `FAILED ${JSON.stringify(telling)} at ${effect}\n${faults.map(fault => `  ${fault}`).join('\n')}`
