import t from 'tap'
import type { InstancesV2 } from '../../../shared/cloud-provider/contract.ts'
import {
  deleteIfUnchanged,
  ENOUGH,
  heldEvent,
  verifyCandidates,
} from '../../../shared/controllers/node/delete.ts'
import type { Candidate, DeletionDecision } from '../../../shared/controllers/node/deletion.ts'
import { CcmError } from '../../../shared/errors.ts'
import { getNode } from '../../../shared/kubernetes/nodes.ts'
import { setReady } from '../../support/fake-kubelet.ts'
import { makeInstance, makeNode } from '../_make.ts'
import { createStage, type Stage } from '../_stage.ts'

const MARK = 'phoenixnap.com/missing-since'
const candidate = (id: string): Candidate => ({ node: makeNode(`node-${id}`, { ready: false }), id })
const decision = (ids: readonly string[], change: Partial<DeletionDecision> = {}): DeletionDecision => ({
  mark: [],
  candidates: ids.map(candidate),
  allowance: ids.length,
  held: [],
  ...change,
})

t.test('those that the cloud itself does not know are confirmed', async t => {
  const { context, cloud, call } = await createStage(t)
  const { confirmed, held } = await verifyCandidates(context, decision(['a', 'b']), call())
  t.strictSame(
    confirmed.map(({ id }) => id),
    ['a', 'b'],
  )
  t.strictSame(held, [])
  t.strictSame(cloud.gets, ['a', 'b'])
})

t.test('one that is found by its id proves that the list was cut: nothing goes', async t => {
  const { context, cloud, call } = await createStage(t)
  cloud.hidden = ['b']
  const earlier = { node: makeNode('node-w'), why: 'waits', reason: 'grace-time' as const, quiet: true }
  const { confirmed, held } = await verifyCandidates(
    context,
    decision(['a', 'b', 'c'], { held: [earlier] }),
    call(),
  )
  t.strictSame(confirmed, [])
  t.strictSame(
    held.map(({ node }) => node.metadata.name),
    ['node-w', 'node-a', 'node-b', 'node-c'],
  )
  t.match(held[3]?.why, 'server b')
})

for (const error of [
  new CcmError('BMC_SERVER_ERROR', '500'),
  new CcmError('BMC_TIMEOUT', 'no answer'),
  new CcmError('BMC_SCOPE_MISSING', 'scope'),
  new TypeError('a bug'),
]) {
  t.test(`a look-up that failed is no answer: ${error.message}`, async t => {
    const { context, cloud, call } = await createStage(t)
    cloud.getError = error
    const { confirmed, held } = await verifyCandidates(context, decision(['a']), call())
    t.strictSame(confirmed, [])
    t.match(held, [{ node: { metadata: { name: 'node-a' } } }])
  })
}

t.test('five more than allowed are asked for, and no more', async t => {
  const { context, cloud, call } = await createStage(t)
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const { confirmed, held } = await verifyCandidates(context, decision(ids, { allowance: 1 }), call())
  t.strictSame(
    confirmed.map(({ id }) => id),
    ids.slice(0, 6),
    'in their order',
  )
  t.strictSame(
    held.map(({ node, why }) => [node.metadata.name, why]),
    [
      ['node-g', ENOUGH],
      ['node-h', ENOUGH],
    ],
  )
  t.strictSame(cloud.gets, ids.slice(0, 6))
  const none = await verifyCandidates(context, decision(['a'], { allowance: 0 }), call())
  t.strictSame([none.confirmed.length, none.held.length], [0, 1])
})

t.test('a spare one that is found proves a cut list as well', async t => {
  const { context, cloud, call } = await createStage(t)
  cloud.hidden = ['c']
  const { confirmed, held } = await verifyCandidates(
    context,
    decision(['a', 'b', 'c'], { allowance: 1 }),
    call(),
  )
  t.strictSame([confirmed, held.length], [[], 3])
})

t.test('four are asked for at once, within half of the time that is left', async t => {
  const { context, clock, call } = await createStage(t)
  const asked: { id: string; deadline: number | undefined; end: () => void }[] = []
  const getInstance: InstancesV2['getInstance'] = (id, limits) =>
    new Promise(resolve => {
      const end = (): void => resolve({ state: 'absent', why: 'answers 404' })
      asked.push({ id, deadline: limits?.deadline, end })
    })
  const instancesV2 = { ...context.cloud.instancesV2, getInstance } as InstancesV2
  const cloud = { ...context.cloud, instancesV2 }
  const ids = ['a', 'b', 'c', 'd', 'e', 'f']
  const verified = verifyCandidates({ ...context, cloud }, decision(ids), call(20_000))
  await clock.turn(0)
  t.strictSame(
    asked.map(({ id }) => id),
    ['a', 'b', 'c', 'd'],
    'one that hangs does not keep the others waiting',
  )
  for (let index = 0; index < ids.length; index++) {
    asked[index]?.end()
    await clock.turn(0)
  }
  t.equal((await verified).confirmed.length, 6)
  for (const { deadline } of asked) t.equal(deadline, clock.now() + 10_000)
})

t.test('a cloud without instances confirms nothing', async t => {
  const { context, call } = await createStage(t)
  const cloud = { ...context.cloud, instancesV2: undefined }
  t.strictSame((await verifyCandidates({ ...context, cloud }, decision(['a']), call())).confirmed, [])
})

async function marked(t: Parameters<typeof createStage>[0]): Promise<{ stage: Stage; candidate: Candidate }> {
  const stage = await createStage(t, { instances: [makeInstance('b2')] })
  stage.addNode('node-a', { external: false, providerID: 'phoenixnap://a1' })
  const annotations = { [MARK]: new Date(stage.clock.now()).toISOString() }
  stage.simulator.store.merge('nodes', 'node-a', { metadata: { annotations } })
  const node = await getNode(stage.kube, 'node-a')
  return { stage, candidate: { node, id: 'a1' } }
}

/** What changed since the decision → why the node is kept; undefined: it is deleted. */
const SINCE: readonly [name: string, change: (stage: Stage) => unknown, why: RegExp | undefined][] = [
  ['nothing', () => {}, undefined],
  [
    'a label',
    ({ simulator }) => simulator.store.merge('nodes', 'node-a', { metadata: { labels: { a: 'b' } } }),
    undefined,
  ],
  ['it is ready', ({ kube }) => setReady(kube, 'node-a', true), /ready/],
  [
    'its mark is gone',
    ({ simulator }) =>
      simulator.store.merge('nodes', 'node-a', { metadata: { annotations: { [MARK]: null } } }),
    /mark/,
  ],
  ['it is gone', ({ simulator }) => simulator.store.delete('nodes', 'node-a'), /gone/],
  [
    'a new node has its name',
    ({ simulator, addNode }) => {
      simulator.store.delete('nodes', 'node-a')
      addNode('node-a', { external: false, providerID: 'phoenixnap://a1' })
    },
    /new node/,
  ],
  [
    'it is written at the very moment',
    ({ simulator }) => simulator.faults.conflict({ verb: 'delete', resource: 'nodes' }),
    /same moment/,
  ],
]
for (const [name, change, why] of SINCE) {
  t.test(`deletes only what was decided on; since then: ${name}`, async t => {
    const { stage, candidate } = await marked(t)
    await change(stage)
    const before = stage.simulator.store.get('nodes', 'node-a')
    const kept = await deleteIfUnchanged(stage.context, candidate, stage.clock.now(), stage.call())
    if (why) t.match(kept, why)
    else t.equal(kept, undefined)
    t.strictSame(stage.simulator.store.get('nodes', 'node-a'), why ? before : undefined)
    const said = stage.events('node-a').map(({ reason, message }) => `${reason}: ${message}`)
    if (!why)
      t.strictSame(said, [
        'DeletingNode: Deleting node node-a because it does not exist in the cloud provider',
      ])
  })
}

for (const status of [403, 404, 409, 500]) {
  t.test(`an event that is answered ${status} keeps no node`, async t => {
    const { stage, candidate } = await marked(t)
    stage.simulator.faults.fail({ verb: 'create', resource: 'events' }, { status })
    const kept = await deleteIfUnchanged(stage.context, candidate, stage.clock.now(), stage.call())
    t.equal(kept, undefined)
    t.equal(stage.simulator.store.get('nodes', 'node-a'), undefined)
  })
}

t.test('a cluster that fails is thrown, and the node stays', async t => {
  const { stage, candidate } = await marked(t)
  stage.simulator.faults.fail({ verb: 'delete', resource: 'nodes' }, { status: 500 })
  await t.rejects(deleteIfUnchanged(stage.context, candidate, stage.clock.now(), stage.call()), {
    code: 'KUBE_SERVER_ERROR',
  })
  t.ok(stage.node('node-a'))
})

t.test('a node that is kept says why', async t => {
  t.match(heldEvent('of a reason'), {
    type: 'Warning',
    reason: 'NodeDeletionHeld',
    message: /of a reason/,
    component: 'cloud-node-lifecycle-controller',
  })
})
