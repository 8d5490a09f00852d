/** Counts of assertions, as tap sums them up. */
export interface Counts {
  readonly pass: number
  readonly fail: number
  readonly skip: number
}

/** What a run of tap comes to, made from its output line by line. */
export interface TapReport {
  /** @returns what to show at once: one line per test file that has ended */
  add(line: string): string | undefined
  /** Each failed assertion with the names of the tests around it and what tap says of it. */
  failures(): readonly string[]
  /** The last summary line, as `# { total: 20, pass: 18, fail: 1, skip: 1 }`; undefined without one. */
  counts(): Counts | undefined
}

/** tap indents what is inside a subtest by this much. */
const INDENT = 4
/** A diff of two large objects says what it has to say in its first lines. */
const MAX_LINES = 60
const RESULT = /^( *)(not )?ok \d+(?: - (.*?))?( # (?:TODO|SKIP).*?)?(?: # time=([\d.]+)ms)?(?: \{)?$/i

/** Reads tap's own output format (TAP 14), whatever files ran in parallel: tap prints one after the other. */
export function createTapReport(): TapReport {
  const failures: string[] = []
  /** Names of the open subtests, outermost (the file) first. */
  let names: string[] = []
  /** For each depth: whether something failed there, so that the subtest around it is not reported once more. */
  let hasFailed: boolean[] = []
  let details: { indent: string; lines: string[] } | undefined
  let summary: string | undefined

  function readResult(line: string): string | undefined {
    const [, indent = '', not, name = '', directive, ms] = RESULT.exec(line) ?? []
    const depth = indent.length / INDENT
    if (not && !directive) {
      if (!hasFailed[depth + 1]) {
        details = { indent: `${indent}  `, lines: [[...names.slice(0, depth), name].join(' > ')] }
      }
      hasFailed[depth] = true
    }
    hasFailed.length = depth + 1
    if (depth > 0) return undefined
    return `${not ? 'FAIL' : directive ? 'skip' : ' ok '} ${name}${ms ? ` (${Math.round(Number(ms))} ms)` : ''}`
  }

  function readDetail(line: string): void {
    if (!details) return
    const isDone = line.trim() === '...' && line.startsWith(details.indent)
    if (!isDone && (line.startsWith(details.indent) || line.trim() === '')) {
      details.lines.push(`  ${line.slice(details.indent.length)}`)
      return
    }
    failures.push(
      details.lines
        .filter(text => text.trim() !== '---')
        .slice(0, MAX_LINES)
        .join('\n')
        .trimEnd(),
    )
    details = undefined
  }

  function add(line: string): string | undefined {
    readDetail(line)
    const subtest = /^( *)# Subtest: (.*)$/.exec(line)
    if (subtest) {
      const [, indent = '', name = ''] = subtest
      names = [...names.slice(0, indent.length / INDENT), name]
      hasFailed = hasFailed.slice(0, indent.length / INDENT + 1)
    }
    summary = /^# \{ (total: .*) \}$/.exec(line)?.[1] ?? summary
    return RESULT.test(line) ? readResult(line) : undefined
  }

  return {
    add,
    failures: () => {
      readDetail('')
      return failures
    },
    counts: () => (summary === undefined ? undefined : toCounts(summary)),
  }
}

function toCounts(summary: string): Counts {
  const count = (name: string): number => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
  // What is marked `todo` is not done: for whoever reads the line that is a skipped test.
  return { pass: count('pass'), fail: count('fail'), skip: count('skip') + count('todo') }
}

/** The closing line, and the exit code: 1 as well when nothing passed, or when tap failed without saying why. */
export function conclude(counts: Counts | undefined, tapCode: number): { line: string; code: number } {
  if (!counts) return { line: `no result: tap ended with ${tapCode}`, code: tapCode || 1 }
  const { pass, fail, skip } = counts
  const line = `${pass} passed, ${fail} failed${skip > 0 ? `, ${skip} skipped` : ''}`
  return { line, code: fail > 0 || pass === 0 ? tapCode || 1 : tapCode }
}
