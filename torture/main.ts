import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { replayHistory, runHistories } from './histories/run.ts'

const USAGE = `npm run torture -- [--seeds N] [--from N] [--jobs N]   tells N histories, from that seed on
npm run torture -- --seed N [--shrink]               tells one, line by line; with --shrink its smallest form`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    shrink: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

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
  return runHistories({
    from: toNumber('from', values.from),
    count: toNumber('seeds', values.seeds),
    jobs: Math.max(1, toNumber('jobs', values.jobs)),
    print,
    now: () => performance.now(),
  })
}

process.exitCode = (await run()) ? 0 : 1
