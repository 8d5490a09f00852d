import { ADDRESS_KINDS, type AddressRun, type BlockStatus } from '../contract.ts'
import { describeBlock, KIND_WORDS, toCount, toNumber, toSpan } from '../words.ts'
import type { Page } from './contract.ts'
import { type Html, html } from './html.ts'
import { describeCounts, toKey, toMap } from './map.ts'
import { toTable, toTableRow } from './table.ts'

/** A network takes ten of each family; those that are on their way out come on top. */
const MAX_BLOCKS = 100

export const ADDRESSES: Page = {
  path: '/status/addresses',
  title: 'Addresses',
  toContent({ status: { addresses, at } }) {
    const { blocks, free } = addresses
    const kinds = ADDRESS_KINDS.filter(kind => blocks.some(({ counts }) => counts[kind] !== undefined))
    const more = blocks.length - MAX_BLOCKS
    return html`<h2>Addresses</h2>
<p>${toCount(blocks.length, 'block')}; Services can have ${toNumber(free.IPv4)} IPv4 and ${toNumber(free.IPv6)} IPv6 addresses at once.</p>
${blocks.length > 0 ? toKey(kinds) : undefined}
${blocks.slice(0, MAX_BLOCKS).map(block => toBlock(block, at))}
${more > 0 ? html`<p>… and ${toCount(more, 'more block')}.</p>` : undefined}`
  },
}

function toBlock(block: BlockStatus, at: number): Html {
  const { id, cidr, family, location, counts, runs, unusedSince } = block
  const unused = unusedSince === undefined ? '' : `, unused for ${toSpan(at - unusedSince)}`
  const named = runs.filter(({ kind }) => kind !== 'free')
  return html`<section aria-labelledby="b-${id}"><h3 id="b-${id}" class="mono">${cidr ?? `block ${id}`}</h3>
<p class="soft">${family}, ${location}, ${describeBlock(block)}${unused}. Id <span class="mono">${id}</span>.</p>
${toMap(block)}
<p>${describeCounts(counts)}</p>
${named.length > 0 ? toRuns(cidr ?? id, named, at) : undefined}</section>`
}

function toRuns(name: string, runs: readonly AddressRun[], at: number): Html {
  const columns = ['Address', 'What it is', 'Service', 'Until when, and why']
  const rows = runs.map(run =>
    toTableRow(
      html`<span class="mono">${toRange(run)}</span>`,
      KIND_WORDS[run.kind],
      run.service,
      toEnd(run, at),
    ),
  )
  const title = `List of ${name}`
  return html`<details><summary>${title}</summary>${toTable(`${title}, free addresses left out`, columns, rows)}</details>`
}

const toRange = ({ first, last, count }: AddressRun): string => (count === 1 ? first : `${first} to ${last}`)

const toEnd = ({ until, why = '' }: AddressRun, at: number): string =>
  [until === undefined ? '' : until > at ? `for ${toSpan(until - at)} more` : 'due', why]
    .filter(text => text !== '')
    .join(': ')
