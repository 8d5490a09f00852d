import t from 'tap'
import type { Plan } from '../../torture/histories/plan.ts'
import { tellHistory } from '../../torture/histories/tell.ts'
import type { World } from '../../torture/world/contract.ts'
import { PLAIN } from './_worlds.ts'

t.setTimeout(120_000)

/** A block that was being taken off for its repair when the cloud began to refuse it. */
const STUCK: Plan = {
  settings: PLAIN,
  steps: [
    { action: 'assignments end in errors', picks: [2], waitMs: 0 },
    { action: 'create', picks: [], waitMs: 61_000 },
    { action: 'a block that the cloud does not let go', picks: [], waitMs: 0 },
  ],
  end: 'rest',
}

t.test('no history ends while Services wait for a block that is about to be given up', async t => {
  let world: World | undefined
  const onWorld = (told: World): void => void (world = told)
  const { violations, steps } = await tellHistory(1, { plan: STUCK, onWorld })
  t.strictSame([violations, steps], [[], 3])
  t.strictSame(
    world?.cloud.backend.ipBlocks().map(({ status }) => status),
    ['error assigning', 'assigned'],
  )
})
