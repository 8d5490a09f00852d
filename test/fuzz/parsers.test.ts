import t from 'tap'
import { TARGETS } from '../../fuzz/targets/targets.ts'

/** A fixed share of what `npm run fuzz` tries; with another seed it tries others. */
const RUNS = 120
const SEED = 1
/** On a machine that does much else at the same time. */
const TIMEOUT_MS = 240_000

t.setTimeout(TIMEOUT_MS)

t.test('every parser has a name of its own', async t => {
  const names = TARGETS.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  t.ok(names.length > 40)
})

for (const target of TARGETS) {
  t.test(`${target.name} takes whatever comes`, async t => {
    const { failure, inputs, outcomes } = await target.run({ runs: RUNS, seed: SEED })
    t.equal(failure, undefined, failure ? `${failure.why}\n${failure.counterexample}` : 'nothing is found')
    t.ok(inputs > 0)
    t.ok(outcomes.size > 0)
  })
}
