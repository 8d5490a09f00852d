import type { DayReport, EndReport, SideCount, SoakOptions } from './contract.ts'
import type { Trend } from './trend.ts'

const MB = 1e6
const HOURS = 24
const COLUMNS = [
  ['day', 4],
  ['heap MB', 8],
  ['cluster/h', 10],
  ['cloud/h', 8],
  ['writes', 7],
  ['leases', 7],
  ['changes', 8],
  ['passes', 7],
  ['actions', 8],
  ['nodes', 6],
  ['Services', 9],
  ['LBs', 4],
  ['waiting', 8],
  ['blocks', 7],
  ['claims', 7],
  ['gates', 6],
  ['orphans', 8],
] as const

export const toHead = ({ seed, days, nodes, services, intervalMs }: SoakOptions): string =>
  [
    `${days} days, ${nodes} nodes, ${services} Services, a pass every ${intervalMs / 60_000} minutes, seed ${seed}`,
    'cluster/h and cloud/h: requests an hour to each side; writes and leases: those of them to the cluster that change something, a day; changes: the same for the cloud',
    COLUMNS.map(([name, width]) => name.padStart(width)).join(''),
  ].join('\n')

export function toDayLine(report: DayReport): string {
  const { cluster, cloud } = report.requests
  const values = [
    report.day,
    (report.heap / MB).toFixed(1),
    perHour(cluster),
    perHour(cloud),
    cluster.writes,
    cluster.leases,
    cloud.writes,
    report.passes,
    report.actions,
    report.nodes,
    report.services,
    report.balancers,
    report.waiting,
    report.blocks,
    report.claims,
    report.gates,
    report.orphans.length,
  ]
  const line = values.map((value, column) => String(value).padStart(COLUMNS[column]?.[1] ?? 0)).join('')
  return [line, ...report.orphans.map(orphan => `    ${orphan}`)].join('\n')
}

const perHour = ({ requests }: SideCount): string => (requests / HOURS).toFixed(1)

export const toEndText = (
  { faults, kinds }: EndReport,
  { slope, days, mean, growth, isFlat }: Trend,
): string =>
  [
    `heap over the last ${days} days: mean ${(mean / MB).toFixed(1)} MB, slope ${(slope / 1000).toFixed(1)} KB a day, ${(growth * 100).toFixed(1)} % of the mean in all: ${isFlat ? 'flat' : 'IT GROWS'}`,
    `what happened: ${Object.entries(kinds)
      .map(([kind, count]) => `${count} × ${kind}`)
      .join(', ')}`,
    faults.length === 0
      ? 'at rest, and again after every Service was deleted: nothing is wrong, and nothing is left'
      : `WRONG AT THE END:\n${faults.map(fault => `  ${fault}`).join('\n')}`,
  ].join('\n')
