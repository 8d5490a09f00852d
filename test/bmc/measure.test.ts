import t from 'tap'
import { toResult } from '../../shared/bmc/measure.ts'
import type { Outcome } from '../../shared/bmc/transport.ts'
import { BMC_RESULTS } from '../../shared/metrics/label-values.ts'

const answered = (status: number): Outcome => ({ kind: 'answered', status, text: '' })

const CASES: readonly (readonly [Outcome, (typeof BMC_RESULTS)[number]])[] = [
  [answered(200), 'ok'],
  [answered(204), 'ok'],
  [answered(302), 'refused'],
  [answered(400), 'refused'],
  [answered(401), 'unauthorized'],
  [answered(403), 'refused'],
  [answered(429), 'limited'],
  [answered(500), 'failed'],
  [answered(503), 'failed'],
  [{ kind: 'not-sent', why: '', permanent: false, cause: undefined }, 'unsent'],
  [{ kind: 'lost', why: '', cause: undefined }, 'lost'],
  [{ kind: 'timeout', limitMs: 1 }, 'timeout'],
  [{ kind: 'aborted', sent: true }, 'ended'],
  [{ kind: 'unreadable', why: '' }, 'unreadable'],
]

t.test('every outcome of a request has its result, and every result an outcome', async t => {
  for (const [outcome, result] of CASES) t.equal(toResult(outcome), result, JSON.stringify(outcome))
  t.strictSame(new Set(CASES.map(([, result]) => result)), new Set(BMC_RESULTS))
})
