import t from 'tap'
import { decideDeletions } from '../../../shared/controllers/node/deletion.ts'
import { reconcileNode } from '../../../shared/controllers/node/reconcile.ts'
import { resync } from '../../../shared/controllers/resync/resync.ts'
import type { Taint } from '../../../shared/kubernetes/types.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { makeInstance, makeNode, TAINT } from '../_make.ts'
import { createStage } from '../_stage.ts'
import { admitted } from './_admitted.ts'

/** What autoscalers put on a node, with the values they give. */
const AUTOSCALERS: readonly Taint[] = [
  { key: 'ToBeDeletedByClusterAutoscaler', value: '1767225600', effect: 'NoSchedule' },
  { key: 'DeletionCandidateOfClusterAutoscaler', value: '1767225600', effect: 'PreferNoSchedule' },
  { key: 'karpenter.sh/disrupted', effect: 'NoSchedule' },
  { key: 'karpenter.sh/unregistered', effect: 'NoExecute' },
]
const EXCLUDED = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
const SHUTDOWN = { key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' }

t.test('a node that joins with them keeps them, in their order', async t => {
  const node = makeNode('node-a', { taints: [AUTOSCALERS[0] ?? TAINT, TAINT, ...AUTOSCALERS.slice(1)] })
  const { spec, metadata } = admitted({ ...node, metadata: { ...node.metadata, labels: EXCLUDED } })
  t.strictSame(spec?.taints, AUTOSCALERS)
  t.match(metadata.labels, EXCLUDED)
})

t.test('one that comes while a node is initialised is there afterwards', async t => {
  const stage = await createStage(t, { instances: [makeInstance('a1', { hostname: 'node-a' })] })
  await resync(stage.context, stage.call())
  stage.addNode('node-a')
  const { requests, faults, store } = stage.simulator
  requests.clear()
  faults.fail({ verb: 'patch', resource: 'nodes' }, { status: 409, times: 1 })
  store.merge('nodes', 'node-a', { spec: { taints: [TAINT, ...AUTOSCALERS] } })
  t.match(await reconcileNode(stage.another(), 'node-a', stage.call(10_000)), { result: 'changed' })
  t.strictSame(stage.node('node-a').spec?.taints, AUTOSCALERS)
})

t.test('the taint of a server that is off comes and goes beside them', async t => {
  const off = makeInstance('a1', { hostname: 'node-a', shutdown: true })
  const stage = await createStage(t, { instances: [off] })
  stage.addNode('node-a', {
    providerID: 'phoenixnap://a1',
    external: false,
    taints: AUTOSCALERS,
    ready: false,
  })
  await resync(stage.context, stage.call())
  t.strictSame(stage.node('node-a').spec?.taints, [...AUTOSCALERS, SHUTDOWN])
  const conditions = [{ type: 'Ready', status: 'True' }]
  stage.simulator.store.merge('nodes', 'node-a', { status: { conditions } })
  t.match(await reconcileNode(stage.another(), 'node-a', stage.call(10_000)), { result: 'changed' })
  t.strictSame(stage.node('node-a').spec?.taints, AUTOSCALERS)
})

const NOW = Date.UTC(2026, 0, 1)
const HOUR_AGO = new Date(NOW - 3_600_000).toISOString()

/** How many nodes are marked, deleted and held: of one, whose server is missing. */
function countDecided(taints: readonly Taint[], ready: boolean, missingSince: string | undefined): number[] {
  const { mark, candidates, held } = decideDeletions({
    nodes: [makeNode('node-a', { providerID: 'phoenixnap://a1', taints, ready, missingSince })],
    instanceIds: new Set(['another']),
    toOwner,
    now: NOW,
    graceMs: 60_000,
    maxShare: 0.2,
    deletions: [],
  })
  return [mark, candidates, held].map(({ length }) => length)
}

t.test('they neither hasten nor hinder the deletion of a node', async t => {
  for (const ready of [true, false])
    for (const since of [undefined, HOUR_AGO, new Date(NOW).toISOString()])
      t.strictSame(countDecided(AUTOSCALERS, ready, since), countDecided([], ready, since))
  t.strictSame(countDecided(AUTOSCALERS, false, HOUR_AGO), [0, 1, 0], 'after the grace time')
  t.strictSame(countDecided(AUTOSCALERS, false, undefined), [1, 0, 0], 'not at once')
})
