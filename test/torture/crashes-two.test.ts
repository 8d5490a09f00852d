import t from 'tap'
import { SCENARIOS } from '../../torture/crashes/run.ts'
import { crash } from './_crashes.ts'

t.setTimeout(600_000)

/** Of the crash points of each seed; a whole run is `npm run torture -- --crashes`. */
const SHARE = 37

t.test('two handlers at once, either killed: a share', t =>
  crash(t, SCENARIOS, { mode: 'two', seeds: [1, 2, 3], share: SHARE, pairs: 2 * SHARE }),
)
