import type { CarriedOut } from '../../shared/migrate/carry-out.ts'
import type { Item } from '../../shared/migrate/contract.ts'
import type { MigrateReport } from '../../shared/migrate/report.ts'
import { toPrintable } from '../../shared/printable.ts'
import { toFewLines, toPattern } from './findings.ts'
import type { Look, Style } from './look.ts'
import { toWrapped } from './wrap.ts'

/** The report of `migrate` for a person. */
export function toMigrateText(report: MigrateReport, look: Look): string {
  const { items, inTheWay, notes, steps, ready, carriedOut } = report
  const { paint, columns } = look
  const told = (label: string, style: Style, texts: readonly string[]): string[] =>
    texts.flatMap(text => toWrapped(`${paint(style, `${label}:`)} `, toPrintable(text), columns))
  const lines = [
    ...toItemsLines(items, look),
    ...told('note', 'cyan', notes),
    ...told('in the way', 'yellow', inTheWay),
    ...told('done', 'green', carriedOut?.done ?? []),
    ...told('failed', 'red', carriedOut?.failures ?? []),
    '',
    paint('bold', 'Steps:'),
    ...steps.flatMap((step, index) => toWrapped(`  ${index + 1}. `, toPrintable(step), columns)),
    '',
    paint('bold', toEnd(ready, inTheWay.length, carriedOut)),
  ]
  return `${lines.join('\n')}\n`
}

/** Those to which the same happens stand together, and many of them are told by a few. */
function toItemsLines(items: readonly Item[], look: Look): string[] {
  const alike = Map.groupBy(items, ({ kind, outcome, why }) => `${kind} ${outcome} ${toPattern(why)}`)
  return [...alike.values()].flatMap(same => toFewLines(same, look, item => toItemLines(item, look)))
}

const toItemLines = ({ kind, name, outcome, why }: Item, { paint, columns }: Look): string[] =>
  toWrapped(
    `${kind} ${paint('bold', toPrintable(name))} `,
    `${toPrintable(outcome)}: ${toPrintable(why)}`,
    columns,
  )

function toEnd(ready: boolean, obstacles: number, carriedOut: CarriedOut | undefined): string {
  if (carriedOut) return `${carriedOut.done.length} done, ${carriedOut.failures.length} failed.`
  if (!ready) return `Not ready: ${obstacles} in the way. Nothing was changed.`
  return 'Ready. Nothing was changed.'
}
