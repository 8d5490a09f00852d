import t from 'tap'
import { COMMAND_SCENARIOS } from '../../torture/crashes/command-scenarios.ts'
import { NODE_SCENARIOS } from '../../torture/crashes/node-scenarios.ts'
import { crash } from './_crashes.ts'

t.setTimeout(600_000)

t.test('one handler, killed at every side effect: nodes, adoption and commands', t =>
  crash(t, [...NODE_SCENARIOS, ...COMMAND_SCENARIOS], { mode: 'one', seeds: [1], pairs: 7 }),
)
