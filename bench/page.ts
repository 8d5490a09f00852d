import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { replaceBetween, toChangesText, toFiguresText } from './page-text.ts'
import { type CpuProfile, toShares, toSharesText } from './profile-text.ts'
import { mergeReports, type Report } from './report.ts'

/** Puts the figures of `npm run bench -- --json` into the page about performance, and what changed between two runs. */

const PAGE = join(import.meta.dirname, '../docs/explanation/performance.md')
const USAGE = `usage: node bench/page.ts [--before F --after F] [--profile F] [report …]

--profile is a CPU profile of reviews (bench/serve-worker.ts of --profile); of several reports the later one counts, benchmark by benchmark.
`
/** Of a profile, what is smaller stands in one row. */
const LEAST_PERCENT = 1.5
/** As of the benchmarks. */
const MISUSED = 64
const OPTIONS = {
  before: { type: 'string' },
  after: { type: 'string' },
  profile: { type: 'string' },
} as const

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true, strict: false })
  const { before, after, profile } = values
  const isPaired = typeof before === typeof after
  if (!isPaired || (positionals.length === 0 && before === undefined && profile === undefined)) {
    process.stderr.write(USAGE)
    return MISUSED
  }
  let page = await readFile(PAGE, 'utf8')
  if (positionals.length > 0) {
    const report = mergeReports(await Promise.all(positionals.map(readReport)))
    page = replaceBetween(page, 'figures', toFiguresText(report))
  }
  if (typeof before === 'string' && typeof after === 'string') {
    const changes = toChangesText(await readReport(before), await readReport(after))
    page = replaceBetween(page, 'changes', changes)
  }
  if (typeof profile === 'string') {
    const shares = toShares(JSON.parse(await readFile(profile, 'utf8')) as CpuProfile)
    page = replaceBetween(page, 'profile', toSharesText(shares, LEAST_PERCENT))
  }
  await writeFile(PAGE, page)
  return 0
}

const readReport = async (path: string): Promise<Report> => JSON.parse(await readFile(path, 'utf8')) as Report

process.exitCode = await main(process.argv.slice(2))
