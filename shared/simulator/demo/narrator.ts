import { styleText } from 'node:util'
import type { Cost } from './costs.ts'

/** What a row tells besides its text; absent cells stay empty. */
export interface RowFacts {
  readonly tookMs?: number
  readonly cost?: Cost
  /** Requests to BMC alone, where those to the cluster are not counted. */
  readonly bmc?: number
  /** Good and bad news are coloured. */
  readonly mood?: 'good' | 'bad' | 'dim'
}

/** Tells the story: rows in aligned columns, with the seconds since the start in front. */
export interface Narrator {
  /** A line as it is. */
  say(text?: string): void
  title(text: string): void
  praise(text: string): void
  /** Heading of the columns. */
  columns(): void
  chapter(text: string): void
  row(who: string, what: string, facts?: RowFacts): void
  /** What somebody else wrote, below the row that it belongs to. */
  quote(text: string): void
}

export interface NarratorOptions {
  readonly out: (line: string) => void
  readonly colours: boolean
  readonly now: () => number
}

type Style = Parameters<typeof styleText>[0]

/** Characters of each column; a text that is longer moves the rest of its row. */
const WIDTHS = { time: 6, who: 9, what: 48, took: 7, bmc: 4 }
/** Where the third column begins. */
const INDENT = 2 + WIDTHS.time + 2 + WIDTHS.who + 2
const MOODS = { good: 'green', bad: 'red', dim: 'dim' } as const

export function createNarrator({ out, colours, now }: NarratorOptions): Narrator {
  const start = now()
  const paint = (style: Style, text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text
  const elapsed = (): string => `${((now() - start) / 1000).toFixed(1)}s`.padStart(WIDTHS.time)

  return {
    say: (text = '') => out(text),
    title: text => out(paint('bold', text)),
    praise: text => out(paint(['bold', 'green'], text)),
    columns: () => out(paint('dim', toRow('time', 'who', 'what happened', ['took', 'BMC', 'Kubernetes']))),
    chapter(text) {
      out('')
      out(paint(['bold', 'cyan'], text))
    },
    row(who, what, { mood, ...facts } = {}) {
      const cells = toCells(facts)
      const line = toRow(elapsed(), who, what, cells)
      out(mood === undefined ? line : paint(MOODS[mood], line))
    },
    quote: text => out(paint('italic', `${' '.repeat(INDENT)}“${text}”`)),
  }
}

function toRow(time: string, who: string, what: string, [took = '', bmc = '', kube = '']: string[]): string {
  const cells = [
    time.padStart(WIDTHS.time),
    who.padEnd(WIDTHS.who),
    what.padEnd(WIDTHS.what),
    took.padStart(WIDTHS.took),
    bmc.padStart(WIDTHS.bmc),
    kube,
  ]
  return `  ${cells.join('  ')}`.trimEnd()
}

function toCells({ tookMs, cost, bmc = cost?.bmc }: RowFacts): string[] {
  return [
    tookMs === undefined ? '' : toDuration(tookMs),
    bmc === undefined ? '' : String(bmc),
    cost === undefined ? '' : `${cost.reads} r ${cost.writes} w`,
  ]
}

/** As `12 ms` or `1.3 s`. */
export const toDuration = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`

/** Rows in columns as wide as their widest cell; the first row is the heading. */
export function toTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? []
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  )
}
