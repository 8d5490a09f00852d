import { ERRORS, type ErrorEntry } from '../../shared/errors.ts'
import { toPrintable } from '../../shared/printable.ts'
import type { Look } from './look.ts'
import { toNumber, toWrapped } from './wrap.ts'

/** What could not be done, in any report. */
export interface Failure {
  readonly name: string
  readonly code: string
  readonly message: string
}

interface SomeView extends Look {
  readonly full?: boolean | undefined
}

/** A text without what differs from one object to the next: words with digits in them. */
export const toPattern = (text: string): string => text.replaceAll(/\S*\d\S*/g, '#')

const MANY = 10
const SHOWN = 3

/** Texts that are alike but for names and numbers are told by a few of them. */
export function toSomeLines(
  texts: readonly string[],
  view: SomeView,
  toLines: (text: string) => string[],
): string[] {
  const alike = Map.groupBy(texts, text => toPattern(text.replace(/^\S+/, '')))
  return [...alike.values()].flatMap(same => toFewLines(same, view, toLines))
}

/** A few of many, and how many more there are. */
export function toFewLines<T>(
  items: readonly T[],
  { paint, full = false }: SomeView,
  toLines: (item: T) => string[],
): string[] {
  if (full || items.length <= MANY) return items.flatMap(item => toLines(item))
  const rest = paint('dim', `… and ${toNumber(items.length - SHOWN)} more like these`)
  return [...items.slice(0, SHOWN).flatMap(item => toLines(item)), `    ${rest}`]
}

/** Failures by their code, and below those of one code what to do about them. */
export function toFailureLines(failures: readonly Failure[], view: SomeView): string[] {
  const { paint, columns } = view
  return [...Map.groupBy(failures, ({ code }) => code)].flatMap(([code, same]) => [
    ...toSomeLines(
      same.map(({ name, message }) => `${name}: ${code}: ${message}`),
      view,
      text => toWrapped(`  ${paint('red', '!')} `, toPrintable(text), columns),
    ),
    ...toActionLines(code, view),
  ])
}

/** What to do about an error, below it. */
export function toActionLines(code: string, { columns }: Look): string[] {
  const entry: ErrorEntry | undefined = (ERRORS as Readonly<Record<string, ErrorEntry>>)[code]
  return entry ? toWrapped('    → ', entry.action, columns) : []
}
