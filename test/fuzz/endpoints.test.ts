import t from 'tap'
import { attackEndpoints } from '../../fuzz/endpoints/attack.ts'

/** Of these a fifth become requests. */
const RUNS = 300
const SEED = 1
/** On a machine that does much else at the same time. */
const TIMEOUT_MS = 240_000

t.setTimeout(TIMEOUT_MS)

t.test('a server that is attacked answers whoever comes next', async t => {
  const reports = await attackEndpoints({ runs: RUNS, seed: SEED, isMeant: () => true })
  for (const { name, inputs, failure } of reports) {
    t.equal(failure, undefined, failure ? `${name}: ${failure.why}\n${failure.counterexample}` : name)
    t.ok(inputs > 0, name)
  }
  t.ok(reports.length > 12)
})
