import t from 'tap'
import { readConfig } from '../shared/config.ts'

const BOUNDS: readonly [Record<string, string>, string | undefined][] = [
  [{ PNAP_RESYNC_INTERVAL: '24h' }, undefined],
  [{ PNAP_RESYNC_INTERVAL: '24h1s' }, 'PNAP_RESYNC_INTERVAL: expected a duration from 5s to 24h'],
  [{ PNAP_RESYNC_INTERVAL: '4s' }, 'PNAP_RESYNC_INTERVAL: expected a duration from 5s to 24h'],
  [{ PNAP_BLOCK_GRACE: '8760h' }, undefined],
  [{ PNAP_SHUTDOWN_GRACE: '8761h' }, 'PNAP_SHUTDOWN_GRACE: expected a duration from 0s to 8760h'],
]
for (const [env, problem] of BOUNDS)
  t.test(`${JSON.stringify(env)} is ${problem === undefined ? 'taken' : 'refused'}`, async t => {
    if (problem === undefined) t.doesNotThrow(() => readConfig({ env }))
    else t.throws(() => readConfig({ env }), { code: 'CCM_CONFIG_INVALID', fields: { problems: [problem] } })
  })
