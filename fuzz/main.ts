import { parseArgs } from 'node:util'
import type { TargetReport } from './contract.ts'
import { attackEndpoints } from './endpoints/attack.ts'
import { measureGrowth } from './growth.ts'
import { TARGETS } from './targets/targets.ts'

/**
 * npm run fuzz -- [--runs N] [--seed S] [--only NAME]: every parser and endpoint with inputs that mean it harm. Prints a
 * line a parser (inputs, outcomes) and, of each failure, the seed and the smallest input found. Ends with 1 on a failure.
 */

const DEFAULT_RUNS = 2000
/** The costliest input seen costs a tenth of it. */
const LIMIT_CPU_MS = 5000
const NAME_WIDTH = 26
const NUMBER_WIDTH = 9

function toLines({ name, inputs, outcomes, failure }: TargetReport): string[] {
  const told = [...outcomes]
    .toSorted(([, one], [, other]) => other - one)
    .map(([outcome, count]) => `${outcome} ${count}`)
  const line = `${name.padEnd(NAME_WIDTH)}${String(inputs).padStart(NUMBER_WIDTH)}  ${told.join(', ')}`
  if (!failure) return [line]
  return [
    line,
    `  FAILED: ${failure.why}`,
    `  again: npm run fuzz -- --only ${name} --seed ${failure.seed} (path ${failure.path})`,
    `  input: ${failure.counterexample}`,
  ]
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
  })
  const runs = Number(values.runs ?? DEFAULT_RUNS)
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const isMeant = (name: string): boolean => values.only === undefined || name.startsWith(values.only)
  say(`seed ${seed}, ${runs} inputs a parser (less where one takes long)\n`)
  say(`${'parser'.padEnd(NAME_WIDTH)}${'inputs'.padStart(NUMBER_WIDTH)}  outcomes`)
  const [failed, sum] = [[] as string[], { inputs: 0 }]
  const tell = (report: TargetReport): void => {
    for (const line of toLines(report)) say(line)
    if (report.failure) failed.push(report.name)
    sum.inputs += report.inputs
  }
  for (const target of TARGETS)
    if (isMeant(target.name)) tell(await target.run({ runs, seed, limitCpuMs: LIMIT_CPU_MS }))
  for (const report of measureGrowth(isMeant)) tell(report)
  if (values.only === undefined || values.only.startsWith('endpoint'))
    for (const report of await attackEndpoints({ runs, seed, isMeant })) tell(report)
  say(`\n${sum.inputs} inputs, ${failed.length === 0 ? 'nothing found' : `failed: ${failed.join(', ')}`}`)
  return failed.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
