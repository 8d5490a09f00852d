import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { TargetReport } from '../contract.ts'
import { Violation } from '../contract.ts'
import { define } from '../run.ts'
import { attemptRaw, rawRequests } from './requests.ts'
import { SIEGES } from './sieges.ts'
import { createStage, type Stage } from './stage.ts'

export interface AttackOptions {
  readonly runs: number
  readonly seed: number
  readonly isMeant: (name: string) => boolean
}

/** An opened connection costs far more than a call of a parser. */
const SHARE = 0.2
/** What a server may hold more after it was attacked than before: buffers of the runtime, compiled code. */
const MOST_KEPT_BYTES = 64 * 1024 * 1024

/** One server goes through all of it; after each attack a right request gets its answer. */
export async function attackEndpoints(options: AttackOptions): Promise<readonly TargetReport[]> {
  const stage = await createStage()
  const reports: TargetReport[] = []
  try {
    await stage.checkAlive()
    if (options.isMeant('endpoint.request')) reports.push(await attackWithRequests(stage, options))
    for (const [name, lay] of Object.entries(SIEGES))
      if (options.isMeant(`endpoint.${name}`)) reports.push(await besiege(stage, `endpoint.${name}`, lay))
    return reports
  } finally {
    await stage.close()
  }
}

async function attackWithRequests(stage: Stage, { runs, seed }: AttackOptions): Promise<TargetReport> {
  const target = define({
    name: 'endpoint.request',
    inputs: rawRequests,
    share: SHARE,
    attempt: async bytes => {
      const outcome = await attemptRaw(stage, bytes)
      await checkAfter(stage)
      return outcome
    },
  })
  return target.run({ runs, seed })
}

async function besiege(
  stage: Stage,
  name: string,
  lay: (stage: Stage) => Promise<ReadonlyMap<string, number>>,
): Promise<TargetReport> {
  const before = heapNow()
  try {
    const outcomes = await lay(stage)
    await checkAfter(stage)
    const kept = heapNow() - before
    if (kept > MOST_KEPT_BYTES) throw new Violation(`${Math.round(kept / 1024 / 1024)} MiB are still held`)
    const inputs = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
    return { name, inputs, outcomes }
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { name, inputs: 0, outcomes: new Map(), failure: { seed: 0, path: '', why, counterexample: name } }
  }
}

async function checkAfter(stage: Stage): Promise<void> {
  await stage.checkAlive()
  if (stage.unforeseen.length > 0) throw new Violation(`the log says: ${stage.unforeseen[0]}`)
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes on the heap and in buffers that are still in use. */
function heapNow(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
