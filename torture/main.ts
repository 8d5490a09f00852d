import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { replayHistory, runHistories } from './histories/run.ts'

const USAGE = `npm run torture -- [--seeds N] [--from N] [--jobs N] [--gaps]   tells N histories, from that seed on;
                                                     with --gaps every pair of an action and a fault that never happened
npm run torture -- --seed N [--shrink]               tells one, line by line; with --shrink its smallest form
npm run torture -- --crashes [--seeds N] [--jobs N]  kills at every side effect of every scenario; N seeds of two at once
npm run torture -- --crash JSON                      tells one of these again, as its failure tells how
npm run torture -- --soak [--days N] [--nodes N] [--services N] [--interval MINUTES]   lives through a month
npm run torture -- --mutations [--jobs N] [NAME ...]   breaks the code on purpose, and says which invariant tells of it`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    shrink: { type: 'boolean', default: false },
    gaps: { type: 'boolean', default: false },
    crashes: { type: 'boolean', default: false },
    crash: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    days: { type: 'string', default: '30' },
    nodes: { type: 'string', default: '1000' },
    services: { type: 'string', default: '500' },
    interval: { type: 'string', default: '30' },
    help: { type: 'boolean', default: false },
  },
})

const MINUTE = 60_000
const print = (line: string): void => void process.stdout.write(`${line}\n`)

function toNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`--${name} must be a whole number`)
  return Number(text)
}

async function run(): Promise<boolean> {
  if (values.help) {
    print(USAGE)
    return true
  }
  if (values.seed !== undefined) {
    return replayHistory(toNumber('seed', values.seed), { isShrunk: values.shrink, print })
  }
  const jobs = Math.max(1, toNumber('jobs', values.jobs))
  if (values.crash !== undefined) return (await import('./crashes/print.ts')).printCrash(values.crash, print)
  if (values.crashes) {
    const { printCrashes } = await import('./crashes/print.ts')
    return printCrashes({ seeds: toNumber('seeds', values.seeds ?? '4'), jobs, print })
  }
  if (values.soak) return soak()
  if (values.mutations) {
    const { printMutations } = await import('./mutations/run.ts')
    return printMutations({ parallel: jobs, print, names: positionals })
  }
  return runHistories({
    from: toNumber('from', values.from),
    count: toNumber('seeds', values.seeds ?? '100'),
    jobs,
    allGaps: values.gaps,
    print,
    now: () => performance.now(),
  })
}

async function soak(): Promise<boolean> {
  const { runSoak } = await import('./soak/soak.ts')
  return runSoak({
    seed: toNumber('from', values.from),
    days: toNumber('days', values.days),
    nodes: toNumber('nodes', values.nodes),
    services: toNumber('services', values.services),
    intervalMs: toNumber('interval', values.interval) * MINUTE,
    print,
  })
}

process.exitCode = (await run()) ? 0 : 1
