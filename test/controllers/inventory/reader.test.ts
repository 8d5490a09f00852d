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
  const vouched = generation === undefined ? undefined : { generation, account: 'account-1' }
  await lease?.release({ now: clock.now(), vouched, unreachableSince })
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

t.test('what is stored as before is not taken apart again, what is stored anew is', async t => {
  const stage = await createStage(t)
  await writeInventory(stage.kube, INVENTORY)
  const again = async (): ReturnType<typeof stage.context.inventory.read> => {
    await stage.clock.turn(CACHED_FOR_MS)
    return stage.context.inventory.read()
  }
  const [first, second] = [await again(), await again()]
  t.equal(second.inventory, first.inventory)
  t.equal(second.index, first.index)
  await writeInventory(stage.kube, makeInventory([makeInstance('b2', { hostname: 'node-b' })]))
  const third = await again()
  t.equal(third.index.byHostname.get('node-b')?.length, 1)
  t.equal(third.index.byHostname.size, 1)
  stage.simulator.store.delete('configmaps', 'cloud-provider-phoenixnap', 'kube-system')
  const gone = await again()
  t.equal(gone.inventory, undefined)
  t.equal(gone.index.byHostname.size, 0)
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
  ['just now', INVENTORY.generation, 0, true],
  ['within two intervals', INVENTORY.generation, 2 * INTERVAL_MS - 1000, true],
  ['two intervals ago', INVENTORY.generation, 2 * INTERVAL_MS, false],
  ['another generation', 'another', 0, false],
  ['never', undefined, 0, false],
]
/** How the API server's clock was set since → whether a time from before the change vouches for anything. */
const SET_BACK: readonly [name: string, ms: number, believed: boolean][] = [
  ['not at all', 0, true],
  ['by five seconds', 5000, true],
  ['by six seconds', 6000, false],
  ['by a year', 365 * 86_400_000, false],
]
for (const [name, ms, believed] of SET_BACK) {
  t.test(`the clock of the API server is set back ${name}`, async t => {
    const stage = await createStage(t)
    await writeInventory(stage.kube, INVENTORY)
    await pass(stage, INVENTORY.generation, stage.clock.now() + ms)
    const time = new Date(stage.clock.now() + ms).toISOString().replace('Z', '000Z')
    const spec = { acquireTime: time, renewTime: time }
    stage.simulator.store.merge('leases', LEASE, { spec }, 'kube-system')
    t.strictSame((await stage.context.inventory.read()).freshness, { young: believed, cloudDown: believed })
  })
}

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
    const options = {
      kube: stage.kube,
      cloud: stage.cloud,
      clock: ours,
      log: silentLog,
      resyncIntervalMs: INTERVAL_MS,
    }
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
  await pass(stage, INVENTORY.generation)
  await stage.clock.turn(CACHED_FOR_MS)
  t.notOk((await stage.context.inventory.read()).freshness.cloudDown)
})

t.test('a cloud of which no pass has told for two intervals is worth trying again', async t => {
  const stage = await createStage(t)
  await pass(stage, undefined, stage.clock.now())
  await stage.clock.turn(2 * INTERVAL_MS - 1000)
  t.ok((await stage.another().inventory.read()).freshness.cloudDown)
  await stage.clock.turn(1000)
  t.notOk((await stage.another().inventory.read()).freshness.cloudDown, 'no pass may be running any more')
  const since = stage.clock.now() - 2 * INTERVAL_MS
  const lease = await acquireLease(stage.kube, 'next', 50_000)
  await lease?.release({ now: stage.clock.now(), unreachableSince: since })
  t.ok((await stage.another().inventory.read()).freshness.cloudDown, 'however long it has been down')
})

t.test('a caller that is called off does not end the read of the others', async t => {
  const stage = await createStage(t)
  await writeInventory(stage.kube, INVENTORY)
  const abort = new AbortController()
  const [off, patient] = [stage.context.inventory.read(abort.signal), stage.context.inventory.read()]
  abort.abort()
  await t.rejects(off, { code: 'CCM_DEADLINE' })
  t.equal((await patient).inventory?.generation, INVENTORY.generation)
})
