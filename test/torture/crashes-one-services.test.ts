import t from 'tap'
import { SERVICE_SCENARIOS } from '../../torture/crashes/service-scenarios.ts'
import { crash } from './_crashes.ts'

t.setTimeout(600_000)

t.test('one handler, killed at every side effect: Services', t =>
  crash(t, SERVICE_SCENARIOS, { mode: 'one', seeds: [1] }),
)
