import t, { type Test } from 'tap'
import { HOLD_MS, Killed } from './_guard.ts'
import { createStage, type Handler, POST_BLOCK, type Stage } from './_stage.ts'

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

interface Story {
  readonly prepare: (stage: Stage) => unknown
  readonly run: (handler: Handler, stage: Stage) => Promise<unknown>
  readonly verify: (t: Test, stage: Stage, where: string) => void
  /** Steps that are among those at which it is killed. */
  readonly passes: readonly string[]
}

/** Tells the story once for every step, killed there, and then to its end by another handler. */
async function killEverywhere(t: Test, { prepare, run, verify, passes }: Story): Promise<void> {
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

function verifyBlocks(
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

t.test('killed at any step of buying, the next run ends with just the block that is needed', t =>
  killEverywhere(t, {
    prepare: () => undefined,
    run: handler => handler.drive(12),
    verify: (t, stage, where) => {
      verifyBlocks(t, stage, where, ['/28'])
      t.ok(stage.bmc.requests.count(POST_BLOCK) <= 1, where)
    },
    passes: ['after set intent', 'after createIpBlock', 'before forget intent', 'after assignIpBlock'],
  }),
)

t.test('killed at any step of buying several, none is bought twice', t =>
  killEverywhere(t, {
    prepare: () => undefined,
    run: handler => handler.drive(20),
    verify: (t, stage, where) => verifyBlocks(t, stage, where, ['/28', '/28']),
    passes: ['after createIpBlock'],
  }),
)

t.test('killed at any step of a repair, the block is assigned in the end', t =>
  killEverywhere(t, {
    prepare: ({ addBlock }) =>
      addBlock({ status: 'error assigning', tags: [{ name: 'delete', value: 'true' }] }),
    run: async (handler, { blocks, clock }) => {
      for (let round = 0; blocks().some(({ status }) => status !== 'assigned') && round < 20; round += 1) {
        await handler.ensure({ inUse: blocks().map(({ id }) => id) })
        await clock.turn(5_000)
      }
    },
    verify: (t, stage, where) => {
      verifyBlocks(t, stage, where, ['/29'])
      t.notOk(
        stage.blocks()[0]?.tags?.some(({ name }) => name === 'delete'),
        where,
      )
    },
    passes: ['after putIpBlockTags', 'after unassignIpBlock', 'after assignIpBlock'],
  }),
)

for (const status of ['assigned', 'unassigned', 'error assigning', 'error unassigning'])
  t.test(`killed at any step of giving back a block that is ${status}, it goes in the end`, t =>
    killEverywhere(t, {
      prepare: ({ addBlock }) => addBlock({ id: 'block', status }),
      run: handler => handler.driveBack('block'),
      verify: (t, stage, where) => verifyBlocks(t, stage, where, []),
      passes: ['after putIpBlockTags', 'after deleteIpBlock'],
    }),
  )
