import t from 'tap'
import { measureChanges, toDelay } from '../../shared/controllers/measure.ts'
import { createTally } from '../metrics/_tally.ts'

t.test('changes are counted by kind and action', async t => {
  const { measure, counts } = createTally()
  const bought = { kind: 'IPBlock', action: 'buy' } as const
  measureChanges({ measure }, [bought, { kind: 'Node', action: 'initialise' }, bought])
  t.strictSame(counts(), {
    'cloud_controller_manager_operations_total op=IPBlock/buy': 2,
    'cloud_controller_manager_operations_total op=Node/initialise': 1,
  })
  t.doesNotThrow(() => measureChanges({}, [bought]), 'nobody has to take it down')
})

const NOW = Date.UTC(2026, 0, 1)
const DELAYS: readonly [since: string | undefined, delay: number | undefined][] = [
  ['2025-12-31T23:59:58.500Z', 1.5],
  ['2026-01-01T00:00:00Z', 0],
  ['2026-01-01T00:00:01Z', 0],
  ['yesterday', undefined],
  [undefined, undefined],
]
for (const [since, delay] of DELAYS)
  t.test(`what came at ${since} has waited ${delay} s`, async t => t.equal(toDelay(since, NOW), delay))
