import t from 'tap'
import { convergeAll, createFinder, markMissing } from '../../../shared/controllers/resync/nodes.ts'
import type { Observed } from '../../../shared/controllers/resync/observe.ts'
import { createNotes, type PassNotes } from '../../../shared/controllers/resync/report.ts'
import { CcmError } from '../../../shared/errors.ts'
import { listNodes } from '../../../shared/kubernetes/nodes.ts'
import type { KubeNode } from '../../../shared/kubernetes/types.ts'
import { makeInstance, makeNode } from '../_make.ts'
import { createStage, type Stage } from '../_stage.ts'

const SERVERS = ['a', 'b', 'c'].map(id => makeInstance(id, { hostname: `node-${id}` }))

async function observed(stage: Stage, instances: Observed['instances'] = SERVERS): Promise<Observed> {
  const nodes = await listNodes(stage.kube)
  return { nodes, instances, account: 'account-1', previous: undefined, families: [] }
}

async function converge(stage: Stage, notes: PassNotes, given: { dryRun?: boolean; ms?: number } = {}) {
  const { ms, ...options } = given
  return convergeAll(stage.context, await observed(stage), notes, { ...stage.call(ms), ...options })
}
/** Changes come in the order in which nodes are done. */
const byName = ({ changes }: PassNotes) => changes.toSorted((a, b) => a.name.localeCompare(b.name))
const failed = ({ failures }: PassNotes) => failures.map(({ name, code }) => [name, code])

t.test('every node is brought up, and returned as it is stored, in its order', async t => {
  const stage = await createStage(t)
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  const notes = createNotes()
  const nodes = await converge(stage, notes)
  t.strictSame(
    nodes.map(({ metadata, spec }) => [metadata.name, spec?.providerID]),
    SERVERS.map(({ id }) => [`node-${id}`, `phoenixnap://${id}`]),
  )
  t.equal(nodes[0]?.metadata.resourceVersion, stage.node('node-a').metadata.resourceVersion)
  t.strictSame(
    notes.changes.map(({ action }) => action),
    ['initialise', 'initialise', 'initialise'],
  )
  t.match(stage.node('node-a').metadata.annotations, { 'phoenixnap.com/initialized': 'resync' })
})

t.test('a dry run tells what keeps a node from being initialised', async t => {
  const stage = await createStage(t)
  for (const name of ['node-a', 'stranger']) stage.addNode(name)
  const notes = createNotes()
  await converge(stage, notes, { dryRun: true })
  t.strictSame(
    notes.changes.map(({ name, action }) => [name, action]),
    [['node-a', 'initialise']],
  )
  t.equal(notes.held.length, 1)
  t.match(notes.held[0], /^stranger: CCM_INSTANCE_NOT_FOUND: .*hostname/)
})

/** [what one node answers to every patch, code] */
const STUBBORN: readonly [status: number, code: string][] = [
  [409, 'KUBE_CONFLICT'],
  [422, 'KUBE_INVALID'],
  [403, 'KUBE_FORBIDDEN'],
  [500, 'KUBE_SERVER_ERROR'],
]
for (const [status, code] of STUBBORN) {
  t.test(`one node that answers ${status} for ever does not stop the others`, async t => {
    const stage = await createStage(t)
    for (const { hostname } of SERVERS) stage.addNode(hostname)
    stage.simulator.faults.fail(
      { verb: 'patch', resource: 'nodes', name: 'node-b' },
      { status, reason: 'Stubborn' },
    )
    const notes = createNotes()
    await converge(stage, notes)
    t.strictSame(failed(notes), [['node-b', code]])
    t.equal(stage.node('node-a').spec?.providerID, 'phoenixnap://a')
    t.equal(stage.node('node-c').spec?.providerID, 'phoenixnap://c')
  })
}

t.test('a node that was deleted meanwhile is no failure, and not among those that are left', async t => {
  const stage = await createStage(t)
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  const before = await observed(stage)
  stage.simulator.store.delete('nodes', 'node-a')
  const notes = createNotes()
  const left = await convergeAll(stage.context, before, notes, stage.call())
  t.strictSame(failed(notes), [])
  t.strictSame(
    left.map(({ metadata }) => metadata.name),
    ['node-b', 'node-c'],
  )
})

t.test('a dry run tells the same and writes nothing', async t => {
  const stage = await createStage(t)
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  const dry = createNotes()
  await converge(stage, dry, { dryRun: true })
  t.strictSame(stage.writes(), [])
  t.strictSame(stage.events(), [])
  const wet = createNotes()
  await converge(stage, wet)
  t.strictSame(byName(wet), byName(dry))
})

t.test('what does not fit into the time is left to the next pass', async t => {
  const stage = await createStage(t)
  for (const { hostname } of SERVERS) stage.addNode(hostname)
  const notes = createNotes()
  await converge(stage, notes, { ms: 0 })
  t.strictSame([notes.failures, notes.left], [[], ['node-a', 'node-b', 'node-c']])
  t.equal(
    stage.lines.filter(({ message }) => message === 'left to the next pass').length,
    1,
    'it is said once',
  )
  t.strictSame(stage.writes(), [])
})

const find = (
  stage: Stage,
  nodes: readonly KubeNode[],
  node: KubeNode,
  instances: Observed['instances'] = SERVERS,
) => createFinder({ nodes, instances, account: '', previous: undefined, families: [] }, stage.context)(node)

t.test('a server that another node holds is taken, one’s own is not', async t => {
  const stage = await createStage(t)
  const one = makeNode('node-a', { uninitialized: true })
  const holder = makeNode('node-z', { providerID: 'bmc://servers/a' })
  t.match(find(stage, [one, holder], one), { state: 'taken', id: 'a', holder: 'node-z' })
  t.match(find(stage, [one, holder], holder), { state: 'found', instance: { id: 'a' }, by: 'providerID' })
  t.match(find(stage, [one], one), { state: 'found', instance: { id: 'a' }, by: 'hostname' })
})

t.test('a node that brings along the provider ID of another one stays uninitialised', async t => {
  const stage = await createStage(t)
  const holder = makeNode('node-z', {
    providerID: 'phoenixnap://a',
    meta: { creationTimestamp: '2026-01-01T00:00:00Z' },
  })
  const second = { providerID: 'bmc://servers/a', meta: { creationTimestamp: '2026-01-02T00:00:00Z' } }
  const joining = makeNode('node-y', { ...second, uninitialized: true })
  t.match(find(stage, [joining, holder], joining), { state: 'taken', id: 'a', holder: 'node-z' })
  const settled = makeNode('node-y', second)
  t.match(
    find(stage, [settled, holder], settled),
    { state: 'found' },
    'one that has it for long stays as it is',
  )
  t.match(
    find(stage, [joining], joining),
    { state: 'found', by: 'providerID' },
    'and one alone has a right to it',
  )
})

t.test('without a list nothing is known of anybody, and others are still none of ours', async t => {
  const stage = await createStage(t)
  const down = new CcmError('BMC_TIMEOUT', 'no answer')
  for (const providerID of [undefined, 'phoenixnap://a'])
    t.match(find(stage, [], makeNode('node-a', { providerID }), down), {
      state: 'unknown',
      code: 'BMC_TIMEOUT',
    })
  t.match(find(stage, [], makeNode('node-a', { providerID: 'aws:///x/1' }), down), { state: 'foreign' })
})

t.test('marks nodes with the API server’s time', async t => {
  const stage = await createStage(t)
  stage.addNode('node-a', { ready: false })
  stage.addNode('node-b', { ready: false })
  const { nodes } = await observed(stage)
  stage.simulator.store.merge('nodes', 'node-b', { metadata: { labels: { since: 'then' } } })
  const now = Date.UTC(2026, 5, 1)
  const dry = createNotes()
  await markMissing(stage.context, nodes, now, dry, { ...stage.call(), dryRun: true })
  t.strictSame(stage.writes(), [])
  t.equal(dry.changes.length, 2)
  const notes = createNotes()
  const marked = await markMissing(stage.context, nodes, now, notes, stage.call())
  const mark = { 'phoenixnap.com/missing-since': '2026-06-01T00:00:00.000Z' }
  t.match(stage.node('node-a').metadata.annotations, mark)
  t.match(marked.get('node-a')?.metadata.annotations, mark, 'and returned as they are stored')
  t.notMatch(
    stage.node('node-b').metadata.annotations,
    mark,
    'one that changed meanwhile is decided on again',
  )
  t.strictSame(failed(notes), [['node-b', 'KUBE_CONFLICT']])
  t.strictSame(
    notes.changes.map(({ name, action }) => [name, action]),
    [['node-a', 'markMissing']],
  )
})
