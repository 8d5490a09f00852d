import t from 'tap'
import { deleteMissing } from '../../../shared/controllers/resync/deletions.ts'
import { acquireLease, type HeldLease, readLease } from '../../../shared/controllers/resync/lease.ts'
import { createNotes, type PassNotes } from '../../../shared/controllers/resync/report.ts'
import { CcmError } from '../../../shared/errors.ts'
import { listNodes } from '../../../shared/kubernetes/nodes.ts'
import { makeInstance } from '../_make.ts'
import { createStage, GRACE_MS, type Stage } from '../_stage.ts'

const LEASE = 'leases cloud-provider-phoenixnap-resync'
const MARK = 'phoenixnap.com/missing-since'
const SERVERS = ['b', 'c', 'd', 'e'].map(id => makeInstance(id))

/** Five nodes of which the first, or all of them, lost their servers before the grace time. */
async function setUp(
  t: Parameters<typeof createStage>[0],
  { gone = ['a'], marked = true }: { gone?: readonly string[]; marked?: boolean } = {},
): Promise<Stage> {
  const stage = await createStage(t, { instances: SERVERS.filter(({ id }) => !gone.includes(id)) })
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    const node = { external: false, providerID: `phoenixnap://${id}`, ready: !gone.includes(id) }
    stage.addNode(`node-${id}`, node)
    const annotations = { [MARK]: new Date(stage.clock.now()).toISOString() }
    if (gone.includes(id) && marked)
      stage.simulator.store.merge('nodes', `node-${id}`, { metadata: { annotations } })
  }
  await stage.clock.turn(GRACE_MS)
  return stage
}

interface Passed {
  readonly notes: PassNotes
  readonly left: readonly string[]
  readonly stored: readonly string[]
}

async function pass(stage: Stage, { dryRun = false, maxShare = 0.2 } = {}): Promise<Passed> {
  const { kube, cloud, context } = stage
  const lease = dryRun ? undefined : await acquireLease(kube, 'pass', 1000)
  const nodes = await listNodes(kube)
  const notes = createNotes()
  const settings = { ...context.settings, nodeDeleteMaxShare: maxShare }
  const instances = cloud.listError instanceof CcmError ? cloud.listError : cloud.instances
  const left = await deleteMissing({
    context,
    settings,
    observed: { nodes, instances, account: '', previous: undefined, families: [] },
    nodes,
    state: lease?.state ?? (await readLease(kube)),
    lease,
    notes,
    call: { ...stage.call(), dryRun },
  })
  await lease?.release({ now: stage.clock.now() })
  return { notes, left: left.map(({ metadata }) => metadata.name), stored: names(stage) }
}
const names = ({ simulator }: Stage): string[] =>
  simulator.store.list('nodes').map(({ metadata: { name = '' } }) => name)
const OTHERS = ['node-b', 'node-c', 'node-d', 'node-e']
const ALL = ['node-a', ...OTHERS]

t.test('a node that is truly gone is deleted, noted and told', async t => {
  const stage = await setUp(t)
  const { notes, left, stored } = await pass(stage)
  t.strictSame([left, stored], [OTHERS, OTHERS])
  t.match(notes.changes, [{ kind: 'Node', name: 'node-a', action: 'deleteNode', detail: { serverId: 'a' } }])
  t.strictSame((await readLease(stage.kube)).deletions, [stage.clock.now()])
  t.match(stage.events('node-a'), [{ reason: 'DeletingNode' }])
})

t.test('at first it is marked only', async t => {
  const stage = await setUp(t, { marked: false })
  const { notes, left } = await pass(stage)
  t.strictSame(left, ALL)
  t.match(notes.changes, [{ name: 'node-a', action: 'markMissing' }])
  t.match(stage.node('node-a').metadata.annotations, { [MARK]: new Date(stage.clock.now()).toISOString() })
  t.strictSame(stage.cloud.gets, [], 'and the cloud is not asked for it')
  t.strictSame(stage.events(), [])
})

t.test('the deletion is noted before it is done', async t => {
  const stage = await setUp(t)
  stage.simulator.requests.clear()
  await pass(stage)
  const writes = stage.writes()
  const [noted, deleted] = [writes.indexOf(`patch ${LEASE}`, 1), writes.indexOf('delete nodes node-a')]
  t.ok(noted > 0 && noted < deleted, writes.join(', '))
})

t.test('what was not deleted after all is taken off the note', async t => {
  const stage = await setUp(t)
  const earlier = stage.clock.now() - 1000
  const before = await acquireLease(stage.kube, 'before', 1000)
  await before?.noteDeletions([earlier])
  await before?.release({ now: stage.clock.now() })
  stage.simulator.faults.fail({ verb: 'delete', resource: 'nodes' }, { status: 500 })
  const { notes, stored } = await pass(stage, { maxShare: 0.5 })
  t.strictSame(stored, ALL)
  t.match(notes.failures, [{ name: 'node-a', code: 'KUBE_SERVER_ERROR' }])
  t.strictSame((await readLease(stage.kube)).deletions, [earlier], 'what was deleted before stays on it')
})

t.test('a deletion that is refused costs nothing of the allowance and stops no other', async t => {
  const stage = await setUp(t, { gone: ['a', 'b', 'c'] })
  stage.simulator.faults.fail({ verb: 'delete', resource: 'nodes', name: 'node-a' }, { status: 403 })
  const { notes, left, stored } = await pass(stage)
  t.strictSame([left, stored], [['node-a', 'node-c', 'node-d', 'node-e'], left])
  t.match(notes.failures, [{ name: 'node-a', code: 'KUBE_FORBIDDEN' }])
  t.match(notes.held, [/^node-c: as many nodes as may be/])
  t.strictSame((await readLease(stage.kube)).deletions, [stage.clock.now()])
  t.ok(stage.lines.some(({ level, fields }) => level === 'warn' && fields['node'] === 'node-a'))
})

t.test('so does one that changed at the last moment', async t => {
  const stage = await setUp(t, { gone: ['a', 'b'] })
  stage.simulator.faults.conflict({ verb: 'delete', resource: 'nodes', name: 'node-a' })
  const { notes, stored } = await pass(stage)
  t.strictSame(stored, ['node-a', 'node-c', 'node-d', 'node-e'])
  t.match(notes.held, [/^node-a: it changed/])
  t.equal((await readLease(stage.kube)).deletions.length, 1)
})

t.test('what cannot be noted is not done', async t => {
  const stage = await setUp(t)
  const first = await acquireLease(stage.kube, 'first', 1000)
  await stage.clock.turn(1000)
  const second = await acquireLease(stage.kube, 'second', 1000)
  t.ok(second, 'another pass has taken over')
  const lost = first as HeldLease
  const nodes = await listNodes(stage.kube)
  const deletion = deleteMissing({
    context: stage.context,
    settings: stage.context.settings,
    observed: { nodes, instances: SERVERS, account: '', previous: undefined, families: [] },
    nodes,
    state: lost.state,
    lease: lost,
    notes: createNotes(),
    call: stage.call(),
  })
  await t.rejects(deletion, { code: 'KUBE_CONFLICT' })
  t.strictSame(names(stage), ALL)
})

t.test('never more than the share in ten minutes, and the rest after them', async t => {
  const stage = await setUp(t, { gone: ['a', 'b', 'c', 'd', 'e'] })
  for (const [turnMs, count] of [
    [0, 4],
    [300_000, 4],
    [299_000, 4],
    [1000, 3],
  ] as const) {
    await stage.clock.turn(turnMs)
    t.equal((await pass(stage)).stored.length, count)
  }
  t.equal((await readLease(stage.kube)).deletions.length, 1, 'old times are forgotten')
})

t.test('those that are kept say why, once', async t => {
  const stage = await setUp(t)
  stage.cloud.getError = new CcmError('BMC_SERVER_ERROR', '500')
  for (let round = 0; round < 2; round++) {
    const { notes, stored } = await pass(stage)
    t.strictSame(stored, ALL)
    t.match(notes.held, [/^node-a: .*BMC_SERVER_ERROR/])
  }
  t.match(stage.events('node-a'), [{ type: 'Warning', reason: 'NodeDeletionHeld' }])
  t.equal(stage.events().length, 1)
})

t.test('one that waits for its time is no event', async t => {
  const stage = await setUp(t, { marked: false })
  await pass(stage)
  await stage.clock.turn(GRACE_MS - 1000)
  t.match((await pass(stage)).notes.held, [/grace time/])
  t.strictSame(stage.events(), [])
})

t.test('an event that cannot be written keeps no node, and does not stop the pass', async t => {
  const stage = await setUp(t, { gone: ['a', 'b'] })
  stage.simulator.faults.fail({ resource: 'events' }, { status: 403 })
  const { notes, stored } = await pass(stage)
  t.strictSame(stored, OTHERS)
  t.match(notes.changes, [{ name: 'node-a', action: 'deleteNode' }])
  t.match(notes.failures, [{ name: 'node-b', code: 'KUBE_FORBIDDEN' }], 'that one is kept cannot be told')
  t.ok(stage.lines.some(({ message }) => message === 'event not written'))
})

t.test('a mark that came with the node is set anew', async t => {
  const stage = await setUp(t)
  const annotations = { [MARK]: new Date(stage.clock.now() - 10 * GRACE_MS).toISOString() }
  stage.simulator.store.merge('nodes', 'node-a', { metadata: { annotations } })
  const { notes, stored } = await pass(stage)
  t.strictSame(stored, ALL)
  t.match(notes.changes, [{ name: 'node-a', action: 'markMissing' }])
  await stage.clock.turn(GRACE_MS)
  t.strictSame((await pass(stage)).stored, OTHERS, 'and from then on the time counts')
})

t.test('without a list nothing is done at all', async t => {
  const stage = await setUp(t)
  stage.cloud.listError = new CcmError('BMC_TIMEOUT', 'no answer')
  const { notes, stored } = await pass(stage)
  t.strictSame(stored, ALL)
  t.strictSame([notes.changes, notes.held, stage.cloud.gets], [[], [], []])
})

t.test('a dry run tells of the deletion and does nothing', async t => {
  const stage = await setUp(t)
  stage.simulator.requests.clear()
  const { notes, left, stored } = await pass(stage, { dryRun: true })
  t.match(notes.changes, [{ name: 'node-a', action: 'deleteNode' }])
  t.strictSame([left, stored], [OTHERS, ALL])
  t.strictSame(stage.writes(), [])
  t.strictSame(stage.events(), [])
})
