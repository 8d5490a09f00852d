import type { Test } from 'tap'
import { HOLD_MS, Killed } from './_guard.ts'
import { createStage, type Handler, type Stage } from './_stage.ts'

/** Ends of the world in a row: no story has so many steps. */
const MAX_STEPS = 300

interface Counter {
  readonly steps: string[]
  readonly step: (what: string) => void
}

/** Counts steps, and kills at one of them. */
function createCounter(killAt?: number): Counter {
  const steps: string[] = []
  return {
    steps,
    step: what => {
      steps.push(what)
      if (steps.length - 1 === killAt) throw new Killed(what)
    },
  }
}

/** What is told, and how it ends. */
export interface Story {
  readonly prepare: (stage: Stage) => unknown
  readonly run: (handler: Handler, stage: Stage) => Promise<unknown>
  readonly verify: (t: Test, stage: Stage, where: string) => void
  /** Steps that are among those at which it is killed. */
  readonly passes: readonly string[]
}

/** Tells the story once for every step, killed there, and then to its end by another handler. */
export async function killEverywhere(t: Test, { prepare, run, verify, passes }: Story): Promise<void> {
  const whole = await createStage(t)
  prepare(whole)
  const counter = createCounter()
  await run(whole.handler(counter), whole)
  verify(t, whole, 'not killed')
  for (const step of passes) t.ok(counter.steps.includes(step), step)
  t.ok(counter.steps.length < MAX_STEPS)
  for (const [index, what] of counter.steps.entries()) {
    const stage = await createStage(t)
    prepare(stage)
    await t.rejects(run(stage.handler(createCounter(index)), stage), { name: 'Killed' })
    await stage.clock.turn(HOLD_MS)
    await run(stage.handler(), stage)
    verify(t, stage, `killed ${what} (step ${index})`)
  }
}

/** Just these blocks are there, assigned, and no purchase is open. */
export function verifyBlocks(
  t: Test,
  { backend, network, record, blocks }: Stage,
  where: string,
  sizes: string[],
): void {
  t.strictSame(
    blocks().map(({ status, cidrBlockSize }) => [status, cidrBlockSize]),
    sizes.map(size => ['assigned', size]),
    where,
  )
  t.equal(backend.publicNetwork(network.id).ipBlocks.length, sizes.length, where)
  t.equal(backend.ipBlocks().length, sizes.length, where)
  t.equal(record.intent, undefined, where)
}
