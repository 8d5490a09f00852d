import { fork } from 'node:child_process'
import { join } from 'node:path'
import type { Mode, Telling } from './contract.ts'
import { type CrashRow, repeat, SCENARIOS } from './run.ts'
import { toTable } from './table.ts'

/** What a worker is sent: one row of the table. */
export interface CrashTask {
  readonly scenario: string
  readonly mode: Mode
  readonly seed: number
  /** After one in so many crash points, a second kill. */
  readonly pairs: number
}

export interface PrintOptions {
  /** Of two at once; one at a time is told with a single one. */
  readonly seeds: number
  readonly jobs: number
  readonly print: (line: string) => void
}

const WORKER = join(import.meta.dirname, 'worker.ts')
const PAIRS = 5

/** Every crash point of every scenario, on all cores, and then the table. @returns whether all is green */
export async function printCrashes({ seeds, jobs, print }: PrintOptions): Promise<boolean> {
  const tasks = listTasks(seeds)
  const rows: CrashRow[] = []
  const failed: string[] = []
  const next = tasks.values()
  const work = async (): Promise<void> => {
    for (const task of next) {
      const row = await runApart(task)
      if (typeof row === 'string') failed.push(row)
      else rows.push(row)
      print(typeof row === 'string' ? row : toProgress(row))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  const order = (row: CrashRow): number =>
    tasks.findIndex(
      task => task.scenario === row.scenario && task.mode === row.mode && task.seed === row.seed,
    )
  print(toTable(rows.toSorted((one, other) => order(one) - order(other))))
  return failed.length === 0 && rows.every(({ failures }) => failures.length === 0)
}

const toProgress = ({ scenario, mode, seed, told, pairs, failures }: CrashRow): string =>
  `${scenario}, ${mode}, seed ${seed}: ${told} crash points, ${pairs} second kills, ${failures.length} failed`

/** Tells one telling again, as its failure names it. @throws SyntaxError, Error for a scenario that is not known */
export async function printCrash(text: string, print: PrintOptions['print']): Promise<boolean> {
  const { effects, faults } = await repeat(JSON.parse(text) as Telling)
  for (const [who, own] of effects.entries())
    for (const { index, name } of own) print(`handler ${who}, effect ${index}: ${name}`)
  print(faults.length === 0 ? 'green' : faults.join('\n'))
  return faults.length === 0
}

const listTasks = (seeds: number): readonly CrashTask[] =>
  SCENARIOS.flatMap(({ name }) => [
    { scenario: name, mode: 'one', seed: 1, pairs: PAIRS } as const,
    ...Array.from(
      { length: seeds },
      (_, index) => ({ scenario: name, mode: 'two', seed: index + 1, pairs: PAIRS }) as const,
    ),
  ])

/** In a process of its own: one world at a time may be used in each. @returns a text when it died over it */
function runApart(task: CrashTask): Promise<CrashRow | string> {
  const child = fork(WORKER, [JSON.stringify(task)], { env: { ...process.env, NODE_OPTIONS: '' } })
  return new Promise(resolve => {
    child.once('message', (row: CrashRow) => resolve(row))
    child.once('exit', code => resolve(`FAILED ${JSON.stringify(task)}: the process ended with ${code}`))
  })
}
