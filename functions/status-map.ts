import {
  ADDRESS_KINDS,
  type AddressKind,
  type AddressRun,
  type BlockStatus,
} from '../shared/status/contract.ts'
import { describeBlock, KIND_WORDS, LETTERS, MAX_DRAWN, toNumber, toSpan } from '../shared/status/words.ts'
import type { Look, Paint, Style } from './terminal/look.ts'
import { toWrapped } from './terminal/wrap.ts'

export interface MapOptions {
  readonly look: Look
  /** When it was seen, in milliseconds since 1970. */
  readonly at: number
  /** More are counted only. */
  readonly maxBlocks: number
}

const STYLES: Readonly<Partial<Record<AddressKind, Style>>> = {
  used: 'green',
  unconfirmed: 'yellow',
  resting: 'yellow',
  unreadable: 'red',
  network: 'dim',
  gateway: 'dim',
  broadcast: 'dim',
}

const PER_LINE = 64
/** A /28: its picture fits behind its name. */
const SHORT = 16
const NAME_WIDTH = 18
/** Addresses that stand with their Service below a picture. */
const MAX_NAMED = 6

/** A picture of each block, and what rests in it; the legend first. */
export function toMapLines(blocks: readonly BlockStatus[], options: MapOptions): readonly string[] {
  if (blocks.length === 0) return []
  const more = blocks.length - options.maxBlocks
  return [
    ...toLegend(blocks, options),
    ...blocks.slice(0, options.maxBlocks).flatMap(block => toBlockLines(block, options)),
    ...(more > 0 ? [`  … and ${toNumber(more)} more blocks (--output json has all)`] : []),
  ]
}

function toLegend(
  blocks: readonly BlockStatus[],
  { look: { paint, columns } }: MapOptions,
): readonly string[] {
  const kinds = ADDRESS_KINDS.filter(kind => blocks.some(({ counts }) => counts[kind] !== undefined))
  const text = kinds.map(kind => `${LETTERS[kind]} ${KIND_WORDS[kind]}`).join('   ')
  return kinds.length === 0 ? [] : toWrapped('  ', text, columns).map(line => paint('dim', line))
}

function toBlockLines(block: BlockStatus, { look: { paint, columns }, at }: MapOptions): readonly string[] {
  const { cidr, id, runs, location, unusedSince } = block
  const unused = unusedSince === undefined ? '' : `, unused for ${toSpan(at - unusedSince)}`
  const name = paint('bold', (cidr ?? `block ${id}`).padEnd(NAME_WIDTH))
  const words = `${location} ${describeBlock(block)}${unused}`
  const total = runs.reduce((sum, { count }) => sum + count, 0)
  const named = runs.filter(({ kind }) => kind === 'resting' || kind === 'unconfirmed')
  const picture = total > MAX_DRAWN ? toRunLines(runs) : draw(runs, paint)
  const isShort = total > 0 && total <= SHORT
  return [
    ...(isShort
      ? toWrapped(`  ${name}  ${picture[0] ?? ''}${' '.repeat(SHORT - total)}  `, words, columns)
      : [...toWrapped(`  ${name}  `, words, columns), ...picture.map(line => `    ${line}`)]),
    ...named.slice(0, MAX_NAMED).flatMap(run => toWrapped('    ', toRunText(run, at), columns)),
    ...(named.length > MAX_NAMED ? [`    … and ${toNumber(named.length - MAX_NAMED)} more`] : []),
  ]
}

function draw(runs: readonly AddressRun[], paint: Paint): readonly string[] {
  const kinds = runs.flatMap(({ kind, count }) => Array.from({ length: count }, () => kind))
  const lines = []
  for (let start = 0; start < kinds.length; start += PER_LINE)
    lines.push(drawLine(kinds.slice(start, start + PER_LINE), paint))
  return lines
}

/** Painted run by run: a terminal gets no escape for each letter. */
function drawLine(kinds: readonly AddressKind[], paint: Paint): string {
  let line = ''
  for (let from = 0; from < kinds.length; ) {
    const kind = kinds[from] ?? 'free'
    let to = from
    while (kinds[to] === kind) to += 1
    const letters = LETTERS[kind].repeat(to - from)
    const style = STYLES[kind]
    line += style ? paint(style, letters) : letters
    from = to
  }
  return line
}

const toRunLines = (runs: readonly AddressRun[]): readonly string[] =>
  runs
    .slice(0, 2 * MAX_NAMED)
    .map(
      ({ first, last, count, kind, service = '' }) =>
        `${LETTERS[kind]} ${count === 1 ? first : `${first} to ${last} (${toNumber(count)})`} ${service}`,
    )

const toRunText = ({ first, kind, service, until, why }: AddressRun, at: number): string =>
  [
    first,
    KIND_WORDS[kind],
    `for ${service ?? 'nobody'}`,
    until === undefined ? undefined : until > at ? `for ${toSpan(until - at)} more` : 'and is due',
    why && `(${why})`,
  ]
    .filter(Boolean)
    .join(' ')
