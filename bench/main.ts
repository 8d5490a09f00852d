import { parseArgs } from 'node:util'
import { benchAdmission } from './admission.ts'
import { benchBinary } from './binary.ts'
import { benchColdStart } from './cold-start.ts'
import { benchOverload } from './overload.ts'
import { benchResync } from './resync.ts'
import { createStage, type Figure } from './stage.ts'

/**
 * npm run bench: the figures that have a budget, each a ratio or a count of one run, never a time in itself. Ends with 1
 * when a budget is not kept. `-- --json` prints the figures for a machine, `-- overload` only those of that name.
 */

const SERVERS = 1000

/** Passes come first: they leave the young inventory that admission answers from. */
const BENCHES = {
  resync: benchResync,
  admission: benchAdmission,
  'cold-start': benchColdStart,
  binary: benchBinary,
  overload: benchOverload,
} as const

/** True unless the figure has a budget and does not keep it. */
function isKept({ value, budget }: Figure): boolean {
  if (!budget) return true
  return 'atMost' in budget ? value <= budget.atMost : value >= budget.atLeast
}

function toLine(figure: Figure): string {
  const { name, value, unit, budget } = figure
  const number = Number.isInteger(value) ? String(value) : value.toFixed(value < 100 ? 2 : 0)
  const told = `${name.padEnd(50)}${number.padStart(8)} ${unit}`
  if (!budget) return told
  const limit = 'atMost' in budget ? `at most ${budget.atMost}` : `at least ${budget.atLeast}`
  return `${told.padEnd(86)} ${limit}: ${isKept(figure) ? 'kept' : 'NOT KEPT'}`
}

async function main(args: string[]): Promise<number> {
  const options = { json: { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
  const unknown = positionals.filter(name => !Object.hasOwn(BENCHES, name))
  if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}`)
  const stage = await createStage(SERVERS)
  try {
    const figures: Figure[] = []
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (positionals.length > 0 && !positionals.includes(name)) continue
      const some = await bench(stage)
      figures.push(...some)
      if (!values.json) for (const figure of some) process.stdout.write(`${toLine(figure)}\n`)
    }
    if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
    return figures.every(isKept) ? 0 : 1
  } finally {
    await stage.close()
  }
}

process.exitCode = await main(process.argv.slice(2))
