/** What `register` did, for programs. */
export interface RegisterReport {
  readonly dryRun: boolean
  readonly objects: readonly { readonly kind: string; readonly name: string; readonly result: ObjectResult }[]
  readonly files: readonly { readonly path: string; readonly result: 'written' | 'unchanged' }[]
  /** What a person has to know or do. */
  readonly notes: readonly string[]
}

export type ObjectResult = 'created' | 'changed' | 'unchanged' | 'deleted' | 'kept'

/** Whom the parts of `register` tell what they do: line by line, or all at once at the end. */
export interface Teller {
  object(result: ObjectResult, kind: string, name: string): void
  file(result: 'written' | 'unchanged', path: string, more?: string): void
  note(line: string): void
  /** Writes what was gathered. */
  end(): void
}

const WOULD_BE: Readonly<Record<ObjectResult, string>> = {
  created: 'would be created',
  changed: 'would be changed',
  unchanged: 'unchanged',
  deleted: 'would be deleted',
  kept: 'kept',
}

/** As wide as the longest of what is told in one run. */
const [DONE_WIDTH, WOULD_WIDTH] = [9, 16]

/** @param out receives a line without its newline */
export function tellLines(dryRun: boolean, out: (line: string) => void): Teller {
  const width = dryRun ? WOULD_WIDTH : DONE_WIDTH
  return {
    object: (result, kind, name) =>
      out(`${(dryRun ? WOULD_BE[result] : result).padEnd(width)} ${kind} ${name}`),
    file: (result, path, more) => {
      const said = dryRun && result === 'written' ? 'would be written' : result
      out(`${said.padEnd(width)} ${path}${more === undefined ? '' : ` (${more})`}`)
    },
    note: out,
    end: () => undefined,
  }
}

/** One report at the end. */
export function tellJson(dryRun: boolean, out: (text: string) => void): Teller {
  const objects: RegisterReport['objects'][number][] = []
  const files: RegisterReport['files'][number][] = []
  const notes: string[] = []
  return {
    object: (result, kind, name) => void objects.push({ kind, name, result }),
    file: (result, path) => void files.push({ path, result }),
    note: line => void notes.push(...line.split('\n').filter(Boolean)),
    end: () => out(JSON.stringify({ dryRun, objects, files, notes } satisfies RegisterReport, undefined, 2)),
  }
}
