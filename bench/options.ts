import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface Options {
  /** Prints the report for a machine instead of a table. */
  readonly json: boolean
  /** Ends with 1 when a budget is not kept, or nobody knows. */
  readonly check: boolean
  /** Fewer repeats and small sizes: to see that it runs, not to know how fast. */
  readonly quick: boolean
  /** Folder for a CPU profile of each measured process. */
  readonly profile: string | undefined
  /** Benchmarks to run, in their own order; never empty. */
  readonly names: readonly string[]
}

export type Reading =
  | { readonly do: 'run'; readonly options: Options }
  | { readonly do: 'help' }
  | { readonly do: 'refuse'; readonly why: string }

const FLAGS = {
  json: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  profile: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** @param known names of all benchmarks, in the order in which they run */
export function readOptions(args: readonly string[], known: readonly string[]): Reading {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: FLAGS, allowPositionals: true })
    const { help, json, check, quick, profile } = values
    if (help) return { do: 'help' }
    const unknown = positionals.filter(name => !known.includes(name))
    if (unknown.length > 0) return { do: 'refuse', why: `no such benchmark: ${unknown.join(', ')}` }
    const names = known.filter(name => positionals.length === 0 || positionals.includes(name))
    return { do: 'run', options: { json, check, quick, profile, names } }
  } catch (error) {
    return { do: 'refuse', why: error instanceof Error ? error.message : String(error) }
  }
}

export const toUsage = (known: readonly string[]): string => `usage: npm run bench -- [options] [benchmark …]

Each figure is the median of its repeats, with the smallest and the largest of them; a ratio (×) is against a
reference that was measured in turns with it. Without a name all run: ${known.join(', ')}

  --check        end with 1 when a budget is not kept, or not measured because a benchmark could not run
  --json         print the report for a machine
  --quick        few repeats and small sizes: to see that it runs
  --profile DIR  write a CPU profile of each measured process into DIR
  --help         print this
`
