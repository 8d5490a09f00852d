import { toSpan } from '../words.ts'
import { type Html, html } from './html.ts'

/**
 * A table. Narrow windows show its rows as blocks, and browsers forget then that it is one unless the roles say so.
 *
 * @param rows made by `row`
 */
export const toTable = (caption: string, columns: readonly string[], rows: readonly Html[]): Html =>
  html`<table role="table"><caption>${caption}</caption><thead role="rowgroup"><tr role="row">${columns.map(
    name => html`<th role="columnheader" scope="col">${name}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows}</tbody></table>`

/** What the row is about, and then its cells. */
export const toTableRow = (head: Html | string, ...cells: readonly (Html | string | undefined)[]): Html =>
  html`<tr role="row"><th role="rowheader" scope="row">${head}</th>${cells.map(
    cell => html`<td role="cell">${cell}</td>`,
  )}</tr>
`

/** A state. @param tone its class @param ageMs for how long it has been so, where that is known */
export function toTag(word: string, tone: string, ageMs: number | undefined): Html {
  const age = ageMs === undefined ? undefined : html` <span class="soft time">for ${toSpan(ageMs)}</span>`
  return html`<span class="tag ${tone}">${word}</span>${age}`
}
