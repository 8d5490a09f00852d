import { formatAddress, parseAddress } from '../../ip-address.ts'
import { ADDRESS_KINDS, type AddressKind, type AddressRun, type BlockStatus } from '../contract.ts'
import { KIND_WORDS, LETTERS, MAX_DRAWN, toNumber } from '../words.ts'
import { type Html, html } from './html.ts'

interface Cell {
  readonly kind: AddressKind
  readonly address: string
  readonly service: string | undefined
}

/** Cells in a row, and pixels of one. */
const SMALL = { perRow: 16, size: 22 }
const LARGE = { perRow: 64, size: 14 }
/** A /24: of more, letters would be too small to read. */
const SMALL_UP_TO = 256

/** A picture of a block, a cell an address; nothing where it is too large to be drawn. Told in words to who cannot see it. */
export function toMap({ cidr, runs, counts }: BlockStatus): Html | undefined {
  const total = runs.reduce((sum, { count }) => sum + count, 0)
  if (total === 0 || total > MAX_DRAWN) return undefined
  const { perRow, size } = total <= SMALL_UP_TO ? SMALL : LARGE
  const cells = runs.flatMap(toCells)
  const [width, height] = [Math.min(total, perRow) * size + 1, Math.ceil(total / perRow) * size + 1]
  const drawn = cells.map((cell, index) => {
    const [x, y] = [(index % perRow) * size + 0.5, Math.floor(index / perRow) * size + 0.5]
    return drawCell(cell, x, y, size)
  })
  return html`<svg class="map" role="img" aria-label="Map of ${cidr}: ${describeCounts(counts)}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${drawn}</svg>`
}

function toCells({ first, count, kind, service }: AddressRun): readonly Cell[] {
  const from = parseAddress(first)
  if (!from) return []
  return Array.from({ length: count }, (_, step) => ({
    kind,
    service,
    address: formatAddress(from.family, from.value + BigInt(step)),
  }))
}

function drawCell({ kind, address, service }: Cell, x: number, y: number, size: number): Html {
  const name = `${address} ${KIND_WORDS[kind]}${service === undefined ? '' : ` ${service}`}`
  const letter =
    kind === 'free'
      ? undefined
      : html`<text x="${x + size / 2}" y="${y + size / 2 + 4}">${LETTERS[kind]}</text>`
  return html`<g class="k-${kind}"><title>${name}</title><rect x="${x}" y="${y}" width="${size}" height="${size}"/>${letter}</g>`
}

/** `11 used, 1 resting, 2 free`. */
export const describeCounts = (counts: BlockStatus['counts']): string =>
  ADDRESS_KINDS.flatMap(kind => {
    const count = counts[kind]
    return count === undefined ? [] : `${toNumber(count)} ${KIND_WORDS[kind]}`
  }).join(', ')

/** What the cells mean, of the kinds that there are. */
export function toKey(kinds: readonly AddressKind[]): Html {
  const items = kinds.map(
    kind =>
      html`<li><svg class="map" aria-hidden="true" width="19" height="19" viewBox="0 0 19 19"><g class="k-${kind}"><rect x=".5" y=".5" width="18" height="18"/>${kind === 'free' ? undefined : html`<text x="9.5" y="13.5">${LETTERS[kind]}</text>`}</g></svg>${KIND_WORDS[kind]}</li>`,
  )
  return html`<ul class="key" aria-label="What the letters of the maps mean">${items}</ul>`
}
