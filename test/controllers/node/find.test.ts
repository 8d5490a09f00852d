import t from 'tap'
import type { Inventory } from '../../../shared/controllers/inventory/content.ts'
import { SHARED_FOR_MS } from '../../../shared/controllers/inventory/live.ts'
import { writeInventory } from '../../../shared/controllers/inventory/store.ts'
import { type Found, findForJoin, toUnknown } from '../../../shared/controllers/node/find.ts'
import { acquireLease } from '../../../shared/controllers/resync/lease.ts'
import { CcmError } from '../../../shared/errors.ts'
import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { makeInstance, makeInventory, makeNode } from '../_make.ts'
import { createStage, INTERVAL_MS, type Stage } from '../_stage.ts'

const WEB = makeInstance('a1', { hostname: 'node-a' })
const MACHINE = { systemUUID: 'uuid-1', machineID: 'machine-1' }
const NODE = makeNode('node-a', { uninitialized: true, machine: MACHINE })

interface Setting {
  readonly inventory?: Inventory
  /** Without: the Lease vouches for nothing. */
  readonly ageMs?: number
  readonly cloudDown?: boolean
}

async function setUp(t: Parameters<typeof createStage>[0], setting: Setting = {}): Promise<Stage> {
  const stage = await createStage(t, { instances: [WEB] })
  const { inventory = makeInventory([WEB]), ageMs = 0, cloudDown = false } = setting
  await writeInventory(stage.kube, inventory)
  const lease = await acquireLease(stage.kube, 'pass', 1000)
  const now = stage.clock.now()
  await lease?.release({ now, vouched: inventory, unreachableSince: cloudDown ? now : undefined })
  await stage.clock.turn(ageMs)
  return stage
}

const find = ({ context, clock }: Stage, node: KubeNode = NODE, ms = 5000): Promise<Found> =>
  findForJoin(context, node, clock.now() + ms)
const JOINED = makeInventory([{ ...WEB, joined: MACHINE }])
const OLD = { ageMs: 2 * INTERVAL_MS }
const DOWN = new CcmError('BMC_UNREACHABLE', 'no route')

t.test(
  'a young inventory answers for a server that has been joined on, and the cloud is not asked',
  async t => {
    const stage = await setUp(t, { inventory: JOINED })
    t.match(await find(stage), { finding: { state: 'found', instance: { id: 'a1' } } })
    t.equal(stage.cloud.lists, 0)
  },
)

t.test('a young one does not for a server that nobody joined on yet: the cloud is asked', async t => {
  const stage = await setUp(t)
  stage.cloud.instances = [{ ...WEB, id: 'b2', providerID: 'phoenixnap://b2' }]
  t.match(await find(stage), { finding: { state: 'found', instance: { id: 'b2' } } })
  t.equal(stage.cloud.lists, 1)
})

t.test('and its entry is used when the cloud fails, or is known to be down', async t => {
  const failing = await setUp(t)
  failing.cloud.listError = DOWN
  t.match(await find(failing), { finding: { state: 'found', instance: { id: 'a1' } }, why: /no answer/ })
  const down = await setUp(t, { cloudDown: true })
  t.match(await find(down), { finding: { state: 'found', instance: { id: 'a1' } } })
  t.equal(down.cloud.lists, 0)
})

t.test('an old one does not: the cloud is', async t => {
  const stage = await setUp(t, OLD)
  stage.cloud.instances = [{ ...WEB, id: 'b2', providerID: 'phoenixnap://b2' }]
  t.match(await find(stage), { finding: { state: 'found', instance: { id: 'b2' } } })
  t.equal(stage.cloud.lists, 1)
})

t.test('an entry that is merely old is used when the cloud fails', async t => {
  const stage = await setUp(t, OLD)
  stage.cloud.listError = DOWN
  t.match(await find(stage), { finding: { state: 'found', instance: { id: 'a1' } }, why: /no answer/ })
})

t.test('an entry that is merely old is used when the cloud is slow', async t => {
  const stage = await setUp(t, OLD)
  stage.cloud.meanwhile = () => new Promise(() => {})
  const found = find(stage, NODE, 4000)
  while (stage.cloud.lists === 0) await stage.clock.turn(0)
  await stage.clock.turn(4000)
  t.match(await found, { finding: { state: 'found', instance: { id: 'a1' } } })
})

t.test('a doubtful entry is never used, whether the cloud fails or is known to be down', async t => {
  const joined = { systemUUID: 'other', machineID: 'other' }
  const inventory = makeInventory([{ ...WEB, joined }])
  const failing = await setUp(t, { inventory })
  failing.cloud.listError = DOWN
  t.match(await find(failing), { finding: { state: 'unknown', code: 'BMC_UNREACHABLE' } })
  const down = await setUp(t, { inventory, cloudDown: true })
  t.match(await find(down), { finding: { state: 'unknown', code: 'BMC_UNREACHABLE' } })
  t.equal(down.cloud.lists, 0, 'and no time is spent on a cloud that is down')
})

t.test('a re-provisioned server never gets the provider ID of the one before', async t => {
  const stage = await setUp(t, { inventory: makeInventory([{ ...WEB, joined: MACHINE, node: 'node-a' }]) })
  stage.cloud.instances = [makeInstance('new', { hostname: 'NODE-A' })]
  const again = makeNode('node-a', {
    uninitialized: true,
    machine: { systemUUID: 'uuid-2', machineID: 'm2' },
  })
  t.match(await find(stage, again), { finding: { state: 'found', instance: { id: 'new' } } })
})

t.test('nor between two passes, when the inventory does not know yet who joined', async t => {
  const stage = await setUp(t)
  t.match(await find(stage), { finding: { state: 'found', instance: { id: 'a1' } } })
  await stage.clock.turn(SHARED_FOR_MS)
  stage.cloud.instances = [makeInstance('new', { hostname: 'node-a' })]
  const again = makeNode('node-a', {
    uninitialized: true,
    machine: { systemUUID: 'uuid-2', machineID: 'm2' },
  })
  t.match(await find(stage, again), { finding: { state: 'found', instance: { id: 'new' } } })
})

/** The same name, another machine. */
const NEXT = makeNode('node-a', { uninitialized: true, machine: { systemUUID: 'uuid-2', machineID: 'm2' } })
const UNDECIDED = { finding: { state: 'unknown', code: 'CCM_INSTANCE_NOT_FOUND' } }

t.test(
  'another machine does not get what a list of a moment ago, or an entry, says of the one before',
  async t => {
    const stage = await setUp(t)
    t.match(await find(stage), { finding: { state: 'found', instance: { id: 'a1' } } })
    await stage.clock.turn(1000)
    t.match(await find(stage, NEXT), UNDECIDED, 'the shared list may hold the server that was replaced')
    t.match(await find(stage), { finding: { state: 'found' } }, 'a restarted kubelet is the same machine')
    await stage.clock.turn(SHARED_FOR_MS)
    stage.cloud.listError = DOWN
    const { finding } = await find(stage, NEXT)
    t.match(finding, UNDECIDED.finding, 'nor does an entry that would do otherwise')
    await stage.clock.turn(SHARED_FOR_MS)
    stage.cloud.listError = undefined
    t.match(await find(stage, NEXT), { finding: { state: 'found' } }, 'a list of now is believed')
  },
)

t.test('a restarted kubelet is answered from the inventory again', async t => {
  const stage = await setUp(t, { inventory: JOINED })
  for (let start = 0; start < 3; start++)
    t.match(await find(stage), { finding: { state: 'found', instance: { id: 'a1' } } })
  t.equal(stage.cloud.lists, 0)
})

t.test('a server that another node holds is told as taken', async t => {
  const stage = await setUp(t, { inventory: makeInventory([{ ...WEB, node: 'node-b' }]) })
  t.match(await find(stage), { finding: { state: 'taken', id: 'a1', holder: 'node-b' } })
  t.match(
    await find(stage, makeNode('node-a', { uninitialized: true, providerID: 'phoenixnap://a1' })),
    { finding: { state: 'taken', id: 'a1', holder: 'node-b' } },
    'also to a node that brings the provider ID along',
  )
})

t.test('new credentials are not trusted with a joining node before a pass has looked', async t => {
  const stage = await setUp(t, OLD)
  stage.cloud.account = 'account-2'
  stage.cloud.instances = [{ ...WEB, id: 'wrong', providerID: 'phoenixnap://wrong' }]
  t.match(await find(stage, makeNode('node-x')), {
    finding: { state: 'unknown', code: 'CCM_ACCOUNT_CHANGED' },
  })
  const refused = { finding: { state: 'unknown', code: 'CCM_ACCOUNT_CHANGED' } } as const
  t.match(await find(stage), refused, 'nor is an entry that nobody can tell to be true still')
  t.equal(stage.cloud.lists, 0)
  const young = await setUp(t)
  young.cloud.account = 'account-2'
  t.match(await find(young), { finding: { state: 'found', instance: { id: 'a1' } } })
})

t.test('unknown nodes cost one list, and a list of a moment ago proves no absence', async t => {
  const stage = await setUp(t)
  const names = ['x', 'y', 'z'].map(name => makeNode(name, { uninitialized: true }))
  t.match(await find(stage, names[0]), { finding: { state: 'absent', by: 'hostname' } })
  await stage.clock.turn(1000)
  for (const node of names)
    t.match(await find(stage, node), { finding: { state: 'unknown', code: 'CCM_INSTANCE_NOT_FOUND' } })
  t.equal(stage.cloud.lists, 1)
})

t.test('a node of another cloud costs nothing', async t => {
  const stage = await setUp(t, OLD)
  t.match(await find(stage, makeNode('node-a', { providerID: 'aws:///x/i-1' })), {
    finding: { state: 'foreign' },
  })
  t.equal(stage.cloud.lists, 0)
})

t.test('without any inventory the cloud is asked', async t => {
  const stage = await createStage(t, { instances: [WEB] })
  t.match(await find(stage), { finding: { state: 'found', instance: { id: 'a1' } } })
})

t.test('a failure is never an absence', async t => {
  t.match(toUnknown(DOWN), { state: 'unknown', code: 'BMC_UNREACHABLE', message: 'no route' })
  t.match(toUnknown(new TypeError('a bug')), { state: 'unknown' })
})

t.test('a shared list that is older than the inventory is not good enough', async t => {
  const stage = await createStage(t, { instances: [] })
  t.match(await find(stage), { finding: { state: 'absent' } })
  await stage.clock.turn(SHARED_FOR_MS / 2)
  stage.cloud.instances = [WEB]
  const inventory = makeInventory([WEB])
  await writeInventory(stage.kube, inventory)
  const lease = await acquireLease(stage.kube, 'pass', 1000)
  await lease?.release({ now: stage.clock.now(), vouched: inventory })
  t.match(await find(stage), { finding: { state: 'found', instance: { id: 'a1' } } })
  t.equal(stage.cloud.lists, 2)
})
