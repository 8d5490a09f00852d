import t from 'tap'
import { readInventory } from '../../../shared/controllers/inventory/store.ts'
import { readLease } from '../../../shared/controllers/resync/lease.ts'
import { CcmError } from '../../../shared/errors.ts'
import { setReady } from '../../support/fake-kubelet.ts'
import { makeInstance } from '../_make.ts'
import { GRACE_MS, INTERVAL_MS } from '../_stage.ts'
import { LEASE, pass, SERVERS, SHUTDOWN, setUp } from './_pass.ts'

const DOWN = new CcmError('BMC_UNREACHABLE', 'no route')

t.test('the cloud is down: what needs no cloud is done, and nothing is marked or deleted', async t => {
  const stage = await setUp(t)
  stage.simulator.store.merge('nodes', 'node-a', { spec: { taints: [SHUTDOWN] } })
  await setReady(stage.kube, 'node-b', false)
  stage.addNode('node-x')
  const inventory = await readInventory(stage.kube)
  await stage.clock.turn(INTERVAL_MS)
  const since = stage.clock.now()
  const { renewedAt } = await readLease(stage.kube)
  stage.cloud.listError = DOWN
  stage.cloud.silentSince = since
  stage.simulator.requests.clear()
  t.match(await pass(stage), {
    state: 'incomplete',
    failures: [{ name: 'servers', code: 'BMC_UNREACHABLE' }],
    changes: [{ action: 'untaintShutdown', name: 'node-a' }],
  })
  t.strictSame(stage.writes(), [`patch ${LEASE}`, 'patch nodes node-a', `patch ${LEASE}`])
  t.notOk(stage.node('node-a').spec?.taints?.length)
  t.strictSame(stage.events('node-x'), [], 'a node that joins is not told that it has no server')
  t.strictSame(await readInventory(stage.kube), inventory)
  t.match(await readLease(stage.kube), { unreachableSince: since, renewedAt }, 'and nothing is vouched for')

  await stage.clock.turn(INTERVAL_MS)
  await pass(stage)
  t.equal((await readLease(stage.kube)).unreachableSince, since, 'the first time counts')
  stage.cloud.listError = undefined
  stage.cloud.silentSince = undefined
  await pass(stage)
  t.match(await readLease(stage.kube), { unreachableSince: undefined, renewedAt: stage.clock.now() })
})

/** [error of the list, does no call get through] */
for (const [code, silent] of [
  ['BMC_TIMEOUT', true],
  ['BMC_TIMEOUT', false],
  ['BMC_SERVER_ERROR', true],
  ['BMC_SERVER_ERROR', false],
  ['BMC_TOKEN_ENDPOINT_FAILED', true],
  ['BMC_RATE_LIMITED', false],
  ['BMC_RESPONSE_INVALID', false],
  ['BMC_CREDENTIALS_INVALID', false],
  ['BMC_SCOPE_MISSING', false],
] as const) {
  t.test(
    `${code} of a cloud that ${silent ? 'is silent' : 'answers'} is ${silent ? '' : 'not '}noted as one that is down`,
    async t => {
      const stage = await setUp(t)
      stage.cloud.silentSince = silent ? stage.clock.now() - 1000 : undefined
      stage.cloud.listError = new CcmError(code, 'refused')
      t.match(await pass(stage), { state: 'incomplete', failures: [{ code }] })
      t.equal((await readLease(stage.kube)).unreachableSince, silent ? stage.clock.now() : undefined)
    },
  )
}

t.test(
  'credentials of another account: nothing initialised, marked or deleted, the inventory untouched',
  async t => {
    const stage = await setUp(t)
    stage.addNode('node-x')
    await setReady(stage.kube, 'node-a', false)
    const inventory = await readInventory(stage.kube)
    stage.cloud.account = 'account-2'
    stage.cloud.instances = [makeInstance('x', { hostname: 'node-x' })]
    for (let round = 0; round < 3; round++) {
      await stage.clock.turn(GRACE_MS)
      const report = await pass(stage)
      t.match(report, {
        state: 'incomplete',
        changes: [],
        failures: [{ name: 'servers', code: 'CCM_ACCOUNT_CHANGED', message: /account/ }],
      })
    }
    t.equal(stage.node('node-x').spec?.providerID, undefined)
    t.strictSame(stage.cloud.gets, [])
    t.strictSame(await readInventory(stage.kube), inventory)
    t.ok(
      stage.lines.some(
        ({ level, fields }) => level === 'error' && /credentials/.test(String(fields['action'])),
      ),
      'the log says what to do',
    )
  },
)

t.test('credentials of another account are noticed also when the inventory is gone', async t => {
  const stage = await setUp(t)
  for (const { hostname } of SERVERS) await setReady(stage.kube, hostname, false)
  stage.simulator.store.delete('configmaps', 'cloud-provider-phoenixnap', 'kube-system')
  stage.cloud.account = 'account-2'
  stage.cloud.instances = []
  for (let round = 0; round < 3; round++) {
    await stage.clock.turn(GRACE_MS)
    t.match(await pass(stage), {
      state: 'incomplete',
      nodes: 3,
      changes: [],
      failures: [{ code: 'CCM_ACCOUNT_CHANGED' }],
    })
  }
  t.equal(await readInventory(stage.kube), undefined)
  stage.cloud.account = 'account-1'
  stage.cloud.instances = SERVERS
  t.match(await pass(stage), { state: 'complete' })
  t.equal((await readLease(stage.kube)).account, 'account-1')
})

t.test('other credentials of the same account go on', async t => {
  const stage = await setUp(t)
  stage.cloud.account = 'account-2'
  t.match(await pass(stage), { state: 'complete' })
  t.equal((await readInventory(stage.kube))?.account, 'account-2')
})
