import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'

/** One change of the code, and how it fared. */
export interface Mutant {
  readonly fileName: string
  readonly mutatorName: string
  readonly replacement: string
  readonly status:
    | 'Killed'
    | 'Timeout'
    | 'Survived'
    | 'NoCoverage'
    | 'RuntimeError'
    | 'CompileError'
    | 'Ignored'
    | 'Pending'
  /** Lines and columns counted from 1. */
  readonly location: { readonly start: Point; readonly end: Point }
}

interface Point {
  readonly line: number
  readonly column: number
}

export interface PrintOptions {
  readonly root: string
  /** Per cent. */
  readonly least: number
  readonly print: (line: string) => void
}

const FOUND = new Set(['Killed', 'Timeout'])
const MISSED = new Set(['Survived', 'NoCoverage'])

/** Each file with its share, each change that no test found, and the share of all. @returns whether that is enough */
export function printResult(mutants: readonly Mutant[], { root, least, print }: PrintOptions): boolean {
  const byFile = Map.groupBy(mutants, ({ fileName }) => relative(root, resolve(root, fileName)))
  for (const [file, some] of byFile) {
    print(`${file}: ${toShare(some)}`)
    const lines = readFileSync(resolve(root, file), 'utf8').split('\n')
    for (const mutant of some) if (MISSED.has(mutant.status)) print(`  ${describe(mutant, lines)}`)
  }
  print(`all: ${toShare(mutants)}`)
  const { found, missed } = count(mutants)
  return found * 100 >= least * (found + missed)
}

function count(mutants: readonly Mutant[]): { readonly found: number; readonly missed: number } {
  const found = mutants.filter(({ status }) => FOUND.has(status)).length
  return { found, missed: mutants.filter(({ status }) => MISSED.has(status)).length }
}

function toShare(mutants: readonly Mutant[]): string {
  const { found, missed } = count(mutants)
  const share = found + missed === 0 ? 100 : (found * 100) / (found + missed)
  return `${found} of ${found + missed} found, ${share.toFixed(1)} %`
}

function describe(
  { location: { start, end }, replacement, status }: Mutant,
  lines: readonly string[],
): string {
  const first = lines[start.line - 1] ?? ''
  const was =
    start.line === end.line
      ? first.slice(start.column - 1, end.column - 1)
      : `${first.slice(start.column - 1)} …`
  const now = replacement.replaceAll(/\s+/g, ' ')
  return `${start.line}:${start.column} ${was.trim()} → ${now}${status === 'NoCoverage' ? ' (no test comes here)' : ''}`
}
