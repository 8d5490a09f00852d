import t from 'tap'
import type { PlanSettings, Step } from '../../torture/histories/plan.ts'
import { tellHistory } from '../../torture/histories/tell.ts'
import { watch } from '../../torture/histories/watch.ts'
import type { World } from '../../torture/world/contract.ts'
import { createWorld } from '../../torture/world/world.ts'
import { MINUTE, PLAIN } from './_worlds.ts'

t.setTimeout(120_000)

const SETTINGS: PlanSettings = { ...PLAIN, neighbours: ['/29', '/30'], latencyMs: 5 }

/** Sizes of blocks on the network as the steps end, and at rest, with what was found. */
async function tell(steps: readonly Step[]) {
  const worlds: World[] = []
  const most = { blocks: 0 }
  const { violations } = await tellHistory(1, {
    plan: { settings: SETTINGS, steps, end: 'rest' },
    onWorld(world) {
      worlds.push(world)
      world.history.onEntry(entry => {
        if (entry.kind === 'cloud') most.blocks = Math.max(most.blocks, entry.after.length)
      })
    },
  })
  const sizes = worlds.flatMap(({ cloud }) => cloud.backend.ipBlocks().map(block => block.cidrBlockSize))
  return { violations, sizes, most: most.blocks }
}

const wait = (waitMs: number): Step => ({ action: 'nothing', picks: [], waitMs })

t.test('a cleanup gives back the blocks of another cluster, and nothing else', async t => {
  const steps = [
    { action: 'create', picks: [], waitMs: 60_000 },
    { action: 'clean up after another cluster', picks: [], waitMs: 0 },
    wait(240_000),
  ]
  t.strictSame(await tell(steps), { violations: [], sizes: ['/29'], most: 3 })
})

t.test('what an operator sets counts for controllers and checks until it is undone', async t => {
  const spares = 5
  const lasts = 3
  const steps = [{ action: 'change the settings', picks: [spares, lasts], waitMs: 300_000 }, wait(300_000)]
  t.strictSame(await tell(steps), { violations: [], sizes: ['/29', '/30'], most: 3 })
})

t.test('what is due is so by the longest rests that anybody may go by', async t => {
  const world = await createWorld({ seed: 1, blocks: ['/29'] })
  const looking = watch(world)
  const process = world.start({ host: 'serve' })
  await world.advance(MINUTE)
  process.kill()
  const due = () => looking.atRest().filter(text => text.includes('grace time')).length
  const found: (readonly [string, number])[] = []
  const look = async (what: string, minutes: number) => {
    await world.advance(minutes * MINUTE)
    found.push([what, due()])
  }
  looking.configured({ PNAP_BLOCK_GRACE: '0s' })
  await look('controllers of before may be at work', 4)
  await look('all have the short time', 3)
  looking.configured({})
  await look('the short time is undone', 0)
  looking.configured({})
  await look('and undone again', 2)
  await look('it is over all the same', 8)
  t.strictSame(found, [
    ['controllers of before may be at work', 0],
    ['all have the short time', 1],
    ['the short time is undone', 0],
    ['and undone again', 0],
    ['it is over all the same', 1],
  ])
})
