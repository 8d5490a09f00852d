import { type Figure, RATIO, toNumberText, toSpreadText, toVerdictText } from './figure.ts'
import type { Report, Section } from './report.ts'

/** Between these lines of a page stands what is printed. */
const toMarkers = (name: string): readonly [string, string] => [`<!-- ${name} -->`, `<!-- /${name} -->`]

const HEAD = ['Figure', 'Value', 'Spread (repeats)', 'Against', 'Budget']

/** Said where the figures are not what they could be. */
const QUICK = ' Measured with `--quick`: few repeats and small sizes.'

/** All figures, a table for each benchmark. */
export const toFiguresText = ({ machine, isFull, sections }: Report): string =>
  [
    `Node ${machine.node.replace(/^v/, '')} on ${machine.platform}, ${machine.processors} processors.${isFull ? '' : QUICK}`,
    ...sections.map(toSectionText),
  ].join('\n\n')

function toSectionText({ name, figures, skipped }: Section): string {
  const title = `### ${name}`
  if (skipped !== undefined) return `${title}\n\nNot run: ${skipped}.`
  return `${title}\n\n${toTable(HEAD, figures.map(toRow))}`
}

function toRow(figure: Figure): string[] {
  const { name, value, unit, repeats, reference = '' } = figure
  const spread = toSpreadText(figure)
  return [
    name,
    `${toNumberText(value)} ${unit}`,
    spread === '' ? '' : `${spread} (${repeats})`,
    reference,
    toVerdictText(figure),
  ]
}

/** What changed between two runs, each against its own reference: ratios only, since the rest is of a machine and its hour. */
export function toChangesText(before: Report, after: Report): string {
  const known = new Map(ratiosOf(before).map(figure => [figure.name, figure]))
  const rows = ratiosOf(after).flatMap(figure => {
    const old = known.get(figure.name)
    return old ? [[figure.name, toTold(old), toTold(figure)]] : []
  })
  return toTable(['Ratio', 'Before', 'After'], rows)
}

const ratiosOf = ({ sections }: Report): readonly Figure[] =>
  sections.flatMap(({ figures }) => figures.filter(({ unit }) => unit === RATIO))

function toTold(figure: Figure): string {
  const spread = toSpreadText(figure)
  return `${toNumberText(figure.value)}${spread === '' ? '' : ` (${spread})`}`
}

const toLine = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [toLine(head), toLine(head.map(() => '---')), ...rows.map(toLine)].join('\n')
}

/**
 * The page with another text between the markers of that name.
 *
 * @throws Error when it has no such markers
 */
export function replaceBetween(page: string, name: string, text: string): string {
  const [first, last] = toMarkers(name)
  const [start, end] = [page.indexOf(first), page.indexOf(last)]
  if (start < 0 || end < start) throw new Error(`the page has no ${first} … ${last}`)
  return `${page.slice(0, start + first.length)}\n${text}\n${page.slice(end)}`
}
