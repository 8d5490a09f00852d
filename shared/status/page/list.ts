import { toNumber } from '../words.ts'
import type { Query } from './contract.ts'
import { type Html, html } from './html.ts'
import { toTable } from './table.ts'

/** Rows of one page: few enough to read, and quick however many there are. */
const PAGE_SIZE = 50
const MAX_SEARCH = 200

/** What a list is filtered by: a kind that each row has one of, and a text. */
export interface ListOptions<T> {
  /** Path of the page. */
  readonly path: string
  /** Plural, as `nodes`. */
  readonly noun: string
  readonly rows: readonly T[]
  readonly query: Query
  readonly kinds: readonly { readonly value: string; readonly label: string; readonly count: number }[]
  readonly kindOf: (row: T) => string
  /** What a search looks at. */
  readonly toText: (row: T) => string
  /** Head of the table. */
  readonly columns: readonly string[]
  readonly toRow: (row: T) => Html
  /** What is said below of the rows that are shown. */
  readonly toNotes?: (rows: readonly T[]) => Html | undefined
}

/** A filter, a table and links to its pages: plain forms and links, that every browser has. */
export function toList<T>(options: ListOptions<T>): Html {
  const { rows, query, kinds, kindOf, toText, columns, toRow, noun } = options
  const kind = kinds.find(({ value }) => value === query['state'])?.value ?? ''
  const search = (query['q'] ?? '').slice(0, MAX_SEARCH).trim()
  const words = search.toLowerCase().split(/\s+/)
  const found = rows.filter(
    row =>
      (kind === '' || kindOf(row) === kind) && words.every(word => toText(row).toLowerCase().includes(word)),
  )
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE))
  const page = Math.min(Math.max(Number.parseInt(query['page'] ?? '1', 10) || 1, 1), pages)
  const first = (page - 1) * PAGE_SIZE
  const shown = found.slice(first, first + PAGE_SIZE)
  const links = toPages(options.path, { state: kind, q: search }, page, pages)
  const range =
    found.length === 0
      ? `No ${noun} match.`
      : `${toNumber(first + 1)} to ${toNumber(first + shown.length)} of ${toNumber(found.length)} ${noun}`
  return html`${toFilter(options, kind, search)}
${links}${toTable(range, columns, shown.map(toRow))}${options.toNotes?.(shown)}${links}`
}

function toFilter<T>({ path, noun, kinds }: ListOptions<T>, kind: string, search: string): Html {
  const options = kinds.map(
    ({ value, label, count }) =>
      html`<option value="${value}"${value === kind ? html` selected` : undefined}>${label} (${toNumber(count)})</option>`,
  )
  const select =
    kinds.length > 0
      ? html`<label>State <select name="state"><option value="">all</option>${options}</select></label>`
      : undefined
  return html`<form action="${path}" method="get" role="search" aria-label="Filter ${noun}">${select}
<label>Search <input name="q" type="search" maxlength="${MAX_SEARCH}" value="${search}" autocomplete="off"></label>
<button>Filter</button>${kind || search ? html` <a href="${path}">show all</a>` : undefined}</form>`
}

function toPages(path: string, filter: Query, page: number, pages: number): Html | undefined {
  if (pages === 1) return undefined
  const near = [1, page - 1, page, page + 1, pages].filter(number => number >= 1 && number <= pages)
  const numbers = [...new Set(near)].toSorted((a, b) => a - b)
  const items = numbers.map(number => {
    const href = toHref(path, { ...filter, page: String(number) })
    const current = number === page ? html` aria-current="page"` : undefined
    return html`<li><a href="${href}" aria-label="Page ${toNumber(number)} of ${toNumber(pages)}"${current}>${toNumber(number)}</a></li>`
  })
  const step = (number: number, rel: string, label: string): Html | undefined =>
    number >= 1 && number <= pages
      ? html`<li><a rel="${rel}" href="${toHref(path, { ...filter, page: String(number) })}">${label}</a></li>`
      : undefined
  return html`<nav class="pages" aria-label="Pages"><ul>${step(page - 1, 'prev', 'Previous')}${items}${step(page + 1, 'next', 'Next')}</ul></nav>`
}

/** A path with what of the query is not empty. */
export function toHref(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value ? [[key, value]] : []))
  const text = new URLSearchParams(given).toString()
  return text === '' ? path : `${path}?${text}`
}
