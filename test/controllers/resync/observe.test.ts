import t from 'tap'
import type { Inventory } from '../../../shared/controllers/inventory/content.ts'
import { writeInventory } from '../../../shared/controllers/inventory/store.ts'
import { observe } from '../../../shared/controllers/resync/observe.ts'
import { CcmError } from '../../../shared/errors.ts'
import { makeInstance, makeInventory } from '../_make.ts'
import { createStage } from '../_stage.ts'

const A = makeInstance('a1')
const B = makeInstance('b2')

t.test('reads both sides once', async t => {
  const stage = await createStage(t, { instances: [A] })
  stage.addNode('node-a')
  await writeInventory(stage.kube, makeInventory([A]))
  const observed = await observe(stage.context, stage.call())
  t.match(observed, {
    nodes: [{ metadata: { name: 'node-a' } }],
    instances: [{ id: 'a1' }],
    account: 'account-1',
    previous: { generation: 'generation-1' },
    families: ['IPv4'],
  })
  t.equal(stage.cloud.lists, 1)
})

t.test('a list that failed is an error among the observed, and not an empty list', async t => {
  const stage = await createStage(t)
  stage.cloud.listError = new CcmError('BMC_SERVER_ERROR', 'down')
  t.match((await observe(stage.context, stage.call())).instances, { code: 'BMC_SERVER_ERROR' })
  stage.cloud.listError = new TypeError('a bug')
  t.match((await observe(stage.context, stage.call())).instances, { code: 'BMC_RESPONSE_INVALID' })
})

t.test('the cluster’s own failures are thrown', async t => {
  const stage = await createStage(t)
  stage.simulator.faults.fail({ resource: 'nodes' }, { status: 500 })
  await t.rejects(observe(stage.context, stage.call()), { code: 'KUBE_SERVER_ERROR' })
})

t.test('families that cannot be read are those of before', async t => {
  const stage = await createStage(t)
  stage.simulator.faults.fail({ resource: 'servicecidrs' }, { status: 403 })
  t.strictSame((await observe(stage.context, stage.call())).families, [])
  await writeInventory(stage.kube, makeInventory([], { families: ['IPv6'] }))
  t.strictSame((await observe(stage.context, stage.call())).families, ['IPv6'])
})

t.test('an inventory that cannot be used is none', async t => {
  const stage = await createStage(t)
  await writeInventory(stage.kube, makeInventory([]))
  stage.simulator.store.merge(
    'configmaps',
    'cloud-provider-phoenixnap',
    { data: { parts: 'x' } },
    'kube-system',
  )
  t.equal((await observe(stage.context, stage.call())).previous, undefined)
})

t.test('credentials that cannot be read at this moment are no other account', async t => {
  const stage = await createStage(t, { instances: [A] })
  await writeInventory(stage.kube, makeInventory([B]))
  stage.cloud.accountFingerprint = () => Promise.reject(new Error('no file'))
  t.match(await observe(stage.context, stage.call()), { account: 'account-1', instances: [{ id: 'a1' }] })
})

interface Trust {
  readonly name: string
  readonly before: Inventory | undefined
  /** Provider ID of the one node. */
  readonly providerID?: string
  readonly instances: readonly (typeof A)[]
  readonly trusted: boolean
}
const OTHER = { account: 'account-0' }
const TRUST: readonly Trust[] = [
  { name: 'the same account, another list', before: makeInventory([A]), instances: [B], trusted: true },
  { name: 'the same account, an empty list', before: makeInventory([A]), instances: [], trusted: true },
  { name: 'no account known before', before: undefined, providerID: 'a1', instances: [B], trusted: true },
  {
    name: 'another account, nothing shared',
    before: makeInventory([A], OTHER),
    instances: [B],
    trusted: false,
  },
  {
    name: 'another account, an empty list',
    before: makeInventory([A], OTHER),
    instances: [],
    trusted: false,
  },
  {
    name: 'another account, a server of the inventory',
    before: makeInventory([A], OTHER),
    instances: [B, A],
    trusted: true,
  },
  {
    name: 'another account, a server of a node',
    before: makeInventory([], OTHER),
    providerID: 'phoenixnap://b2',
    instances: [B],
    trusted: true,
  },
  {
    name: 'another account, no server of a node',
    before: makeInventory([], OTHER),
    providerID: 'phoenixnap://a1',
    instances: [B],
    trusted: false,
  },
  {
    name: 'another account, nothing known at all',
    before: makeInventory([], OTHER),
    instances: [B],
    trusted: true,
  },
]
for (const { name, before, providerID, instances, trusted } of TRUST) {
  t.test(`${trusted ? 'trusts' : 'distrusts'} the list: ${name}`, async t => {
    const stage = await createStage(t, { instances })
    if (before) await writeInventory(stage.kube, before)
    if (providerID) stage.addNode('node-a', { providerID })
    const observed = await observe(stage.context, stage.call())
    if (trusted) t.strictSame(observed.instances, instances)
    else t.match(observed.instances, { code: 'CCM_ACCOUNT_CHANGED' })
  })
}
