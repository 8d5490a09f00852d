/** action → what struck while it was carried out, or after it and before that fault was over → how often. */
export type Coverage = Record<string, Record<string, number>>

/** Column of all times that an action was carried out. */
export const CARRIED_OUT = 'carried out'

/** @param column a fault that struck, or CARRIED_OUT */
export function count(coverage: Coverage, action: string, column: string): void {
  const row = (coverage[action] ??= {})
  row[column] = (row[column] ?? 0) + 1
}

export function addCoverage(sum: Coverage, more: Coverage): void {
  for (const [action, counts] of Object.entries(more)) {
    const row = (sum[action] ??= {})
    for (const [name, times] of Object.entries(counts)) row[name] = (row[name] ?? 0) + times
  }
}

/** `3 × 4`: what never happened together, of all that may. */
export function findGaps(
  coverage: Coverage,
  actions: readonly string[],
  faults: readonly string[],
): string[] {
  return actions.flatMap(action =>
    [CARRIED_OUT, ...faults].filter(fault => !coverage[action]?.[fault]).map(fault => `${action} × ${fault}`),
  )
}

const THOUSAND = 1000
const MILLION = 1_000_000
const CELL = 5

/** Tables, one for each side on which things go wrong (the part of a fault's name before the colon). */
export function printCoverage(
  coverage: Coverage,
  actions: readonly string[],
  faults: readonly string[],
): string {
  const sides = Map.groupBy([CARRIED_OUT, ...faults], name => (name.includes(':') ? name.split(':')[0] : ''))
  return [...sides.values()].map(columns => printTable(coverage, actions, columns)).join('\n\n')
}

function printTable(coverage: Coverage, actions: readonly string[], columns: readonly string[]): string {
  const width = Math.max(...actions.map(({ length }) => length))
  const letters = columns.map((name, index) => `${toLetter(index)} ${name}`)
  const head = ' '.repeat(width) + columns.map((_, index) => toLetter(index).padStart(CELL)).join('')
  const rows = actions.map(
    action =>
      action.padEnd(width) +
      columns.map(name => toShort(coverage[action]?.[name] ?? 0).padStart(CELL)).join(''),
  )
  return [letters.join(' · '), head, ...rows].join('\n')
}

const toLetter = (index: number): string => String.fromCharCode('a'.charCodeAt(0) + index)

function toShort(times: number): string {
  if (times === 0) return '—'
  if (times < THOUSAND) return String(times)
  return times < MILLION ? `${Math.floor(times / THOUSAND)}k` : `${Math.floor(times / MILLION)}M`
}
