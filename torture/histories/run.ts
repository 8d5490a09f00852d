import { type Told, tellAll } from '../workers/pool.ts'
import { DEEDS } from './actions/all.ts'
import { FAULT_NAMES } from './actions/fault-actions.ts'
import { addCoverage, type Coverage, findGaps, printCoverage } from './coverage.ts'
import { shrinkHistory } from './shrink.ts'
import { tellHistory } from './tell.ts'

export interface RunOptions {
  readonly from: number
  readonly count: number
  readonly jobs: number
  /** Names every pair that never happened, not only the first. */
  readonly allGaps?: boolean
  readonly print: (line: string) => void
  /** Real milliseconds. */
  readonly now: () => number
}

/** Sums over the histories told so far. */
interface Totals {
  told: number
  steps: number
  skipped: number
  faults: number
  requests: number
  virtualMs: number
  memory: number
  readonly coverage: Coverage
  readonly bad: Told[]
}

const REPORT_MS = 10_000
const SHOWN_GAPS = 40
const HOUR_MS = 3_600_000
const SHRINK_MS = 300_000

/** Tells the histories of many seeds on all cores. @returns whether every one went as it must */
export async function runHistories(options: RunOptions): Promise<boolean> {
  const { from, count, jobs, print, now } = options
  const start = now()
  const totals = createTotals()
  let reported = start
  await tellAll({
    jobs,
    seeds: listSeeds(from, count),
    onTold(told) {
      add(totals, told)
      for (const violation of told.violations) print(`seed ${told.seed}: ${violation}`)
      if (now() - reported < REPORT_MS) return
      reported = now()
      print(toProgress(totals, count, now() - start))
    },
  })
  print(toProgress(totals, count, now() - start))
  printSums(totals, options)
  return totals.bad.length === 0
}

function* listSeeds(from: number, count: number): Generator<number, undefined> {
  for (let seed = from; seed < from + count; seed++) yield seed
}

const createTotals = (): Totals => ({
  told: 0,
  steps: 0,
  skipped: 0,
  faults: 0,
  requests: 0,
  virtualMs: 0,
  memory: 0,
  coverage: {},
  bad: [],
})

function add(totals: Totals, told: Told): void {
  totals.told += 1
  for (const key of ['steps', 'skipped', 'faults', 'requests', 'virtualMs'] as const) totals[key] += told[key]
  totals.memory = Math.max(totals.memory, told.memory)
  addCoverage(totals.coverage, told.coverage)
  if (told.violations.length > 0) totals.bad.push(told)
}

function toProgress({ told, bad, memory }: Totals, count: number, ms: number): string {
  const rate = ((told * 1000) / Math.max(1, ms)).toFixed(1)
  return `${told} of ${count} histories, ${rate}/s, ${bad.length} with violations, ${Math.round(memory / 1e6)} MB a process`
}

function printSums(totals: Totals, { print, allGaps = false }: RunOptions): void {
  const actions = DEEDS.map(({ name }) => name)
  print(printCoverage(totals.coverage, actions, FAULT_NAMES))
  const gaps = findGaps(totals.coverage, actions, FAULT_NAMES)
  const cells = actions.length * (FAULT_NAMES.length + 1)
  print(`${cells - gaps.length} of ${cells} pairs of an action and a fault happened, ${gaps.length} never`)
  for (const line of listGaps(gaps, allGaps)) print(line)
  const { steps, skipped, faults, requests, virtualMs } = totals
  print(
    `${steps} steps (${skipped} more had nothing to do), ${faults} calls struck, ${requests} requests, ${Math.round(virtualMs / HOUR_MS)} virtual hours`,
  )
  const first = totals.bad.toSorted((one, other) => one.seed - other.seed)[0]
  print(first ? `first seed that fails: ${first.seed}` : 'no violation')
}

/** The first ones where not all are asked for. */
export function listGaps(gaps: readonly string[], all: boolean): string[] {
  const shown = all ? gaps : gaps.slice(0, SHOWN_GAPS)
  const more = gaps.length - shown.length
  return [
    ...shown.map(gap => `never: ${gap}`),
    ...(more > 0 ? [`and ${more} more, which --gaps names as well`] : []),
  ]
}

/** Tells one history line by line, or the smallest one that goes wrong in the same way. */
export async function replayHistory(
  seed: number,
  { isShrunk, print }: { readonly isShrunk: boolean; readonly print: RunOptions['print'] },
): Promise<boolean> {
  const shrunk = isShrunk ? await shrinkHistory(seed, SHRINK_MS) : undefined
  if (shrunk) print(JSON.stringify(shrunk.plan))
  const { violations, steps, requests, fingerprint } = await tellHistory(seed, {
    ...(shrunk && { plan: shrunk.plan }),
    story: print,
    fingerprint: true,
  })
  print(`${steps} steps, ${requests} requests, ${fingerprint}`)
  for (const violation of violations) print(`violation: ${violation}`)
  return violations.length === 0
}
