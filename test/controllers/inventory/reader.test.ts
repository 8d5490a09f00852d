import t from 'tap'
import { CACHED_FOR_MS, createInventoryReader } from '../../../shared/controllers/inventory/reader.ts'
import { writeInventory } from '../../../shared/controllers/inventory/store.ts'
import { acquireLease } from '../../../shared/controllers/resync/lease.ts'
import { silentLog } from '../../../shared/log.ts'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'
import { makeInstance, makeInventory } from '../_make.ts'
import { createStage, INTERVAL_MS, type Stage } from '../_stage.ts'

const INVENTORY = makeInventory([makeInstance('a1', { hostname: 'node-a' })])
const LEASE = 'cloud-provider-phoenixnap-resync'

/** A pass that vouches for a generation now. */
async function pass({ kube, clock }: Stage, generation?: string, unreachableSince?: number): Promise<void> {
  const lease = await acquireLease(kube, 'pass', 50_000)
  await lease?.release({ now: clock.now(), ...(generation ? { generation } : {}), unreachableSince })
}

const reads = ({ simulator }: Stage): number => simulator.requests.count({ verb: 'get', name: LEASE })

t.test('an empty cluster has an empty view', async t => {
  const { context } = await createStage(t)
  t.match(await context.inventory.read(), {
    inventory: undefined,
    freshness: { young: false, cloudDown: false },
  })
})

t.test('one read serves all for two seconds', async t => {
  const stage = await createStage(t)
  await writeInventory(stage.kube, INVENTORY)
  await pass(stage, INVENTORY.generation)
  stage.simulator.requests.clear()
  const views = await Promise.all(Array.from({ length: 30 }, () => stage.context.inventory.read()))
  t.equal(reads(stage), 1)
  t.equal(stage.simulator.requests.count({ resource: 'configmaps' }), 1)
  for (const { inventory } of views) t.equal(inventory, views[0]?.inventory)
  t.equal(views[0]?.index.byHostname.get('node-a')?.length, 1)
  await stage.clock.turn(CACHED_FOR_MS - 1)
  await stage.context.inventory.read()
  t.equal(reads(stage), 1)
  await stage.clock.turn(1)
  await stage.context.inventory.read()
  t.equal(reads(stage), 2)
})

t.test('a failed read is told to all who waited, and not kept', async t => {
  const stage = await createStage(t)
  stage.simulator.faults.fail({ name: LEASE }, { status: 500, times: 1 })
  const both = [stage.context.inventory.read(), stage.context.inventory.read()]
  for (const read of both) await t.rejects(read, { code: 'KUBE_SERVER_ERROR' })
  t.match(await stage.context.inventory.read(), { freshness: { young: false } })
})

t.test('an inventory that cannot be used is none, with one line of log', async t => {
  const stage = await createStage(t)
  await writeInventory(stage.kube, INVENTORY)
  stage.simulator.store.merge(
    'configmaps',
    'cloud-provider-phoenixnap',
    { data: { parts: '0' } },
    'kube-system',
  )
  t.equal((await stage.context.inventory.read()).inventory, undefined)
  t.strictSame(
    stage.lines.map(({ level }) => level),
    ['warn'],
  )
})

/** [name, generation vouched for, time since then, young] */
const YOUTH: readonly [string, string | undefined, number, boolean][] = [
  ['just now', 'generation-1', 0, true],
  ['within two intervals', 'generation-1', 2 * INTERVAL_MS - 1000, true],
  ['two intervals ago', 'generation-1', 2 * INTERVAL_MS, false],
  ['another generation', 'generation-2', 0, false],
  ['never', undefined, 0, false],
]
for (const [name, generation, ageMs, young] of YOUTH) {
  t.test(`vouched for: ${name}`, async t => {
    const stage = await createStage(t)
    await writeInventory(stage.kube, INVENTORY)
    await pass(stage, generation)
    await stage.clock.turn(ageMs)
    t.equal((await stage.context.inventory.read()).freshness.young, young)
  })
}

t.test('a view that is cached ages, too', async t => {
  const stage = await createStage(t)
  await writeInventory(stage.kube, INVENTORY)
  await pass(stage, INVENTORY.generation)
  await stage.clock.turn(2 * INTERVAL_MS - 1000)
  t.ok((await stage.context.inventory.read()).freshness.young)
  await stage.clock.turn(1000)
  t.notOk((await stage.context.inventory.read()).freshness.young)
  t.equal(reads(stage), 2, 'one of the pass, and one of the reader')
})

for (const [name, skewMs] of [
  ['ahead by a day', 86_400_000],
  ['behind by a day', -86_400_000],
] as const) {
  t.test(`our own clock is ${name}: age is told by the API server’s`, async t => {
    const stage = await createStage(t)
    await writeInventory(stage.kube, INVENTORY)
    await pass(stage, INVENTORY.generation)
    const ours = createTurnableClock(stage.clock.now() + skewMs)
    const options = { kube: stage.kube, clock: ours, log: silentLog, resyncIntervalMs: INTERVAL_MS }
    t.ok((await createInventoryReader(options).read()).freshness.young)
    await stage.clock.turn(2 * INTERVAL_MS)
    const reader = createInventoryReader(options)
    t.notOk((await reader.read()).freshness.young)
  })
}

t.test('says that the cloud is down while the Lease does', async t => {
  const stage = await createStage(t)
  await pass(stage, undefined, stage.clock.now())
  t.ok((await stage.context.inventory.read()).freshness.cloudDown)
  await pass(stage, 'generation-1')
  await stage.clock.turn(CACHED_FOR_MS)
  t.notOk((await stage.context.inventory.read()).freshness.cloudDown)
})
