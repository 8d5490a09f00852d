import { stripVTControlCharacters } from 'node:util'

/** Columns that a text takes; colours take none. */
export const toWidth = (text: string): number => stripVTControlCharacters(text).length

/** Text with spaces up to a width. */
export const pad = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - toWidth(text)))

/** Share of a line that is left for text at the least, whatever stands before it. */
const LEAST_ROOM = 0.45

/**
 * A text behind what begins its first line; the lines that follow begin below the text. What has no blank in it, such as
 * a URL or a name, is never broken: it is there to be copied.
 *
 * @param columns undefined: one line
 */
export function toWrapped(head: string, text: string, columns: number | undefined): string[] {
  if (columns === undefined) return [`${head}${text}`.trimEnd()]
  const headWidth = toWidth(head)
  const isTight = columns - headWidth < columns * LEAST_ROOM && headWidth + toWidth(text) > columns
  // Behind a long name there is no room: the text begins on a line of its own.
  const indent = isTight ? toIndent(head) + 2 : headWidth
  const lines: string[] = isTight ? [head.trimEnd()] : []
  let line = isTight ? ' '.repeat(indent) : head
  let isEmpty = true
  for (const word of text.split(' ')) {
    const next = isEmpty ? `${line}${word}` : `${line} ${word}`
    if (isEmpty || toWidth(next) <= columns) line = next
    else {
      lines.push(line.trimEnd())
      line = ' '.repeat(indent) + word
    }
    isEmpty = false
  }
  return [...lines, line.trimEnd()]
}

const toIndent = (head: string): number => head.length - head.trimStart().length

/**
 * Two columns, the second one wrapped. Where the first ones are long, the second ones stand below them: what is left of a
 * line beside them would be a narrow strip.
 */
export function toRows(rows: readonly (readonly [string, string])[], columns: number | undefined): string[] {
  const width = Math.max(0, ...rows.map(([left]) => toWidth(left)))
  return rows.flatMap(([left, right]) =>
    width <= LONGEST_LEFT
      ? toWrapped(`  ${pad(left, width)}  `, right, columns)
      : [`  ${left}`, ...toWrapped(' '.repeat(6), right, columns)],
  )
}

const LONGEST_LEFT = 22

/** As people write numbers: 10,000. */
export const toNumber = (value: number): string => value.toLocaleString('en-US')

/** `1 node`, `3 nodes`. */
export const toCount = (value: number, one: string, many = `${one}s`): string =>
  `${toNumber(value)} ${value === 1 ? one : many}`
