import t from 'tap'
import { resync } from '../../../shared/controllers/resync/resync.ts'
import { CcmError } from '../../../shared/errors.ts'
import { createRegistry } from '../../../shared/metrics/registry.ts'
import { parseMetrics } from '../../metrics/_parse.ts'
import { setReady } from '../../support/fake-kubelet.ts'
import { makeInstance } from '../_make.ts'
import { createStage, GRACE_MS, type Stage } from '../_stage.ts'
import { SERVERS } from './_pass.ts'

/** Passes of one process, and the rows of what it counts that are not 0, without their common beginning. */
function createMeasured(stage: Stage) {
  const { measure, read } = createRegistry()
  return {
    pass: (dryRun = false) => resync({ ...stage.context, measure }, { ...stage.call(), dryRun }),
    rows: () =>
      Object.fromEntries(
        [...parseMetrics(read())]
          .filter(([key, value]) => value !== 0 && !key.includes('_bucket'))
          .map(([key, value]) => [key.replace('phoenixnap_ccm_', ''), value]),
      ),
  }
}

t.test('a pass counts what it changed, and how long its nodes had waited', async t => {
  const stage = await createStage(t, { instances: SERVERS })
  const { pass, rows } = createMeasured(stage)
  for (const { hostname } of SERVERS.slice(0, 2)) stage.addNode(hostname)
  stage.addNode('stranger')
  await stage.clock.turn(30_000)
  await pass()
  t.strictSame(rows(), {
    node_controller_cloud_provider_taint_removal_delay_seconds_sum: 60,
    node_controller_cloud_provider_taint_removal_delay_seconds_count: 2,
    node_controller_initial_node_sync_delay_seconds_sum: 60,
    node_controller_initial_node_sync_delay_seconds_count: 2,
    'cloud_controller_manager_operations_total{op="Node/initialise"}': 2,
    'cloud_controller_manager_operations_total{op="ConfigMap/createInventory"}': 1,
    'problems_total{code="CCM_INSTANCE_NOT_FOUND"}': 1,
    'nodes{state="initialized"}': 2,
    'nodes{state="waiting"}': 1,
    servers: 3,
  })
})

t.test('what is held back is shown by reason until it is not any more', async t => {
  const stage = await createStage(t, { instances: SERVERS })
  const { pass, rows } = createMeasured(stage)
  for (const { hostname } of SERVERS) stage.addNode(hostname, { ready: true })
  await pass()
  await setReady(stage.kube, 'node-c', false)
  stage.cloud.instances = SERVERS.slice(0, 2)
  stage.cloud.hidden = ['c']
  await pass()
  await pass()
  t.match(rows(), { 'held_decisions{reason="grace-time"}': 1, 'nodes{state="missing"}': 1 })
  await stage.clock.turn(GRACE_MS)
  await pass()
  t.match(rows(), { 'held_decisions{reason="answers-by-id"}': 1, 'nodes{state="missing"}': 1 })
  t.notOk(rows()['held_decisions{reason="grace-time"}'])
  stage.cloud.instances = SERVERS
  await pass()
  t.strictSame(
    Object.keys(rows()).filter(key => key.startsWith('held')),
    [],
  )
  t.match(rows(), { 'cloud_controller_manager_operations_total{op="Node/unmarkMissing"}': 1 })
})

t.test('what could not be read stays as it was last seen, and is counted as a problem', async t => {
  const stage = await createStage(t, { instances: [...SERVERS, makeInstance('d')] })
  const { pass, rows } = createMeasured(stage)
  await pass()
  stage.cloud.listError = new CcmError('BMC_UNREACHABLE', 'down')
  await pass()
  t.match(rows(), { 'problems_total{code="BMC_UNREACHABLE"}': 1, servers: 4 })
})

t.test('a pass that fails has counted all the same, a dry run has not', async t => {
  const stage = await createStage(t, { instances: SERVERS })
  const { pass, rows } = createMeasured(stage)
  stage.addNode('node-a')
  await pass(true)
  t.strictSame(rows(), {})
})
