import t from 'tap'
import type { NodeAction } from '../../../shared/controllers/node/actions.ts'
import { measureJoin } from '../../../shared/controllers/node/measure.ts'
import type { Sample } from '../../../shared/metrics/contract.ts'
import { makeNode } from '../_make.ts'

const CREATED = Date.UTC(2026, 0, 1)
const JOINING = makeNode('node-a', { meta: { creationTimestamp: new Date(CREATED).toISOString() } })
const clock = { now: () => CREATED + 2500, sleep: () => Promise.resolve() }
const action = (name: NodeAction['do']): NodeAction => ({ do: name, set: {}, why: 'a test' })

function take(joining: typeof JOINING, ...actions: readonly NodeAction['do'][]): Sample[] {
  const samples: Sample[] = []
  const measure = (name: Sample['name'], labels: Sample['labels'], value = 1) =>
    void samples.push({ name, labels, value })
  measureJoin({ measure, clock }, joining, actions.map(action))
  return samples
}

t.test('a node that is initialised just now has waited since its creation', async t => {
  const both = [
    { name: 'node_controller_cloud_provider_taint_removal_delay_seconds', labels: {}, value: 2.5 },
    { name: 'node_controller_initial_node_sync_delay_seconds', labels: {}, value: 2.5 },
  ]
  t.strictSame(take(JOINING, 'initialise'), both)
  t.strictSame(take(JOINING, 'unmarkMissing', 'initialise'), both, 'whatever else is done about it')
})

t.test('any other node has not', async t => {
  t.strictSame(take(JOINING), [], 'nothing was done')
  t.strictSame(take(JOINING, 'updateAddresses', 'repairLabels'), [], 'it was initialised before')
  t.strictSame(take(makeNode('node-a'), 'initialise'), [], 'nobody knows since when')
  t.doesNotThrow(() => measureJoin({ clock }, JOINING, [action('initialise')]), 'nobody takes it down')
})
