import t from 'tap'
import { decideDeletions } from '../../../shared/controllers/node/deletion.ts'
import { reconcileNode } from '../../../shared/controllers/node/reconcile.ts'
import { resync } from '../../../shared/controllers/resync/resync.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { makeInstance, makeNode } from '../_make.ts'
import { createStage, INTERVAL_MS } from '../_stage.ts'
import { admitted } from './_admitted.ts'
import { LABELS } from './_plan.ts'

const ID = 'a1'
/** Ours and the Go program's, Cluster API's, and a bare id. */
const FORMS = [`phoenixnap://${ID}`, `bmc://servers/${ID}`, ID]
/** Cluster API calls servers by its own names: nothing but the provider ID leads from the node to the server. */
const SERVER = makeInstance(ID, { hostname: 'another-name' })
const NOW = Date.UTC(2026, 0, 1)

for (const providerID of FORMS) {
  const decide = (instanceIds: readonly string[], ready: boolean) => {
    const missingSince = new Date(NOW - 3_600_000).toISOString()
    const node = makeNode('node-a', { providerID, ready, missingSince })
    const limits = { toOwner, now: NOW, graceMs: 60_000, maxShare: 0.2, deletions: [] }
    return decideDeletions({ ...limits, nodes: [node], instanceIds: new Set(instanceIds) })
  }

  t.test(`${providerID} stays as it is when the node joins`, async t => {
    const { spec, metadata } = admitted(makeNode('node-a', { providerID, uninitialized: true }))
    t.strictSame(spec, { providerID, taints: [] })
    t.match(metadata.labels, LABELS)
  })

  t.test(`${providerID} stays as it is in reconcile and in a pass`, async t => {
    const stage = await createStage(t, { instances: [SERVER] })
    stage.addNode('node-a', { providerID })
    t.match(await reconcileNode(stage.another(), 'node-a', stage.call(10_000)), { result: 'changed' })
    t.match(stage.node('node-a'), { metadata: { labels: LABELS }, spec: { providerID } })
    await resync(stage.context, stage.call())
    await stage.clock.turn(INTERVAL_MS)
    stage.simulator.requests.clear()
    await resync(stage.context, stage.call())
    t.equal(stage.node('node-a').spec?.providerID, providerID)
    t.strictSame(
      stage.writes().filter(write => write.includes('nodes')),
      [],
      'a second pass has nothing to write',
    )
  })

  t.test(`${providerID} has the same safeguards`, async t => {
    t.match(decide([], false).candidates, [{ id: ID }], 'gone, and asked for by its id')
    t.strictSame(decide([ID], false).candidates, [], 'its server is there')
    t.strictSame(decide([], true).candidates, [], 'it is ready')
  })
}

t.test(
  'a node without an external cloud provider is served once Cluster API has given it its id',
  async t => {
    const stage = await createStage(t, { instances: [SERVER] })
    stage.addNode('node-a', { external: false, ready: true })
    await resync(stage.context, stage.call())
    t.notOk(stage.node('node-a').spec?.providerID, 'nobody guesses before')
    const providerID = `bmc://servers/${ID}`
    stage.simulator.store.merge('nodes', 'node-a', { spec: { providerID } })
    await stage.clock.turn(INTERVAL_MS)
    await resync(stage.context, stage.call())
    t.match(stage.node('node-a'), { metadata: { labels: LABELS }, spec: { providerID } })
  },
)
