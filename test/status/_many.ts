import type { NodeStatus, ServiceStatus, Status } from '../../shared/status/contract.ts'
import { judge } from '../../shared/status/reasons.ts'

/** What a large cluster looks like: each node and each Service of a small one, many times. */
export function toMany(small: Status, nodes: number, services: number): Status {
  const many = {
    ...small,
    nodes: multiply(small.nodes.rows, nodes, small.nodes.counts, isTroubledNode),
    services: {
      ...small.services,
      ...multiply(small.services.rows, services, small.services.counts, isTroubledService),
    },
    bmc: { ...small.bmc, servers: nodes },
  }
  return { ...many, ...judge(many) }
}

const isTroubledNode = ({ state }: NodeStatus): boolean => state !== 'ready'
const isTroubledService = ({ state }: ServiceStatus): boolean => state !== 'served'

/** One in a hundred is in trouble. */
function multiply<Row extends { readonly name: string; readonly state: S }, S extends string>(
  rows: readonly Row[],
  wanted: number,
  counts: Readonly<Record<S, number>>,
  isTroubled: (row: Row) => boolean,
): { readonly rows: readonly Row[]; readonly counts: Readonly<Record<S, number>> } {
  const groups = Map.groupBy(rows, isTroubled)
  const troubled = repeat(groups.get(true) ?? [], Math.ceil(wanted / 100))
  const well = repeat(groups.get(false) ?? [], wanted - troubled.length)
  const all = [...troubled, ...well]
  const counted = Object.fromEntries(Object.keys(counts).map(state => [state, 0])) as Record<S, number>
  for (const { state } of all) counted[state] += 1
  return { rows: all, counts: counted }
}

function repeat<Row extends { readonly name: string }>(rows: readonly Row[], wanted: number): readonly Row[] {
  if (rows.length === 0) return []
  return Array.from({ length: wanted }, (_, index) => {
    const row = rows[index % rows.length] as Row
    return { ...row, name: `${row.name}-${index}` }
  })
}
