import t from 'tap'
import type { InstancesV2 } from '../../../shared/cloud-provider/contract.ts'
import type { Inventory } from '../../../shared/controllers/inventory/content.ts'
import { writeInventory } from '../../../shared/controllers/inventory/store.ts'
import { type Observed, observe } from '../../../shared/controllers/resync/observe.ts'
import { CcmError } from '../../../shared/errors.ts'
import { makeInstance, makeInventory } from '../_make.ts'
import { createStage, type Stage } from '../_stage.ts'

const A = makeInstance('a1')
const B = makeInstance('b2')
const look = (stage: Stage, account?: string): Promise<Observed> =>
  observe(stage.context, { account }, stage.call())

t.test('reads both sides once', async t => {
  const stage = await createStage(t, { instances: [A] })
  stage.addNode('node-a')
  await writeInventory(stage.kube, makeInventory([A]))
  const observed = await look(stage)
  t.match(observed, {
    nodes: [{ metadata: { name: 'node-a' } }],
    instances: [{ id: 'a1' }],
    account: 'account-1',
    previous: { generation: makeInventory([A]).generation },
    families: ['IPv4'],
  })
  t.equal(stage.cloud.lists, 1)
})

t.test('a list that failed is an error among the observed, and not an empty list', async t => {
  const stage = await createStage(t)
  stage.cloud.listError = new CcmError('BMC_SERVER_ERROR', 'down')
  t.match((await look(stage)).instances, { code: 'BMC_SERVER_ERROR' })
  stage.cloud.listError = new TypeError('a bug')
  t.match((await look(stage)).instances, { code: 'BMC_RESPONSE_INVALID' })
})

t.test('the cluster’s own failures are thrown', async t => {
  const stage = await createStage(t)
  stage.simulator.faults.fail({ resource: 'nodes' }, { status: 500 })
  await t.rejects(look(stage), { code: 'KUBE_SERVER_ERROR' })
})

t.test('when the cluster fails, the list of the cloud is ended and waited for', async t => {
  const stage = await createStage(t)
  stage.simulator.faults.fail({ resource: 'nodes' }, { status: 500 })
  const { instancesV2 } = stage.cloud
  const ends: string[] = []
  const hangs: Partial<InstancesV2> = {
    ...instancesV2,
    listInstances: call =>
      new Promise((_, reject) => {
        call?.signal?.addEventListener('abort', () => {
          // Ending takes a moment, too.
          setImmediate(() => {
            ends.push('the list')
            reject(new CcmError('BMC_TIMEOUT', 'aborted'))
          })
        })
      }),
  }
  const cloud = { ...stage.cloud, instancesV2: hangs as InstancesV2 }
  const observed = observe({ ...stage.context, cloud }, { account: undefined }, stage.call())
  await t.rejects(observed, { code: 'KUBE_SERVER_ERROR' })
  t.strictSame(ends, ['the list'], 'nothing is left running')
})

t.test('credentials that cannot be read, and no inventory: the account of the Lease stays', async t => {
  const stage = await createStage(t, { instances: [B] })
  stage.addNode('node-a', { providerID: 'phoenixnap://a1' })
  stage.cloud.accountFingerprint = () => Promise.reject(new Error('no file'))
  t.match(await look(stage, 'account-0'), { account: 'account-0', instances: [{ id: 'b2' }] })
})

t.test('families that cannot be read are those of before', async t => {
  const stage = await createStage(t)
  stage.simulator.faults.fail({ resource: 'servicecidrs' }, { status: 403 })
  t.strictSame((await look(stage)).families, [])
  await writeInventory(stage.kube, makeInventory([], { families: ['IPv6'] }))
  t.strictSame((await look(stage)).families, ['IPv6'])
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
  t.equal((await look(stage)).previous, undefined)
})

t.test('credentials that cannot be read at this moment are no other account', async t => {
  const stage = await createStage(t, { instances: [A] })
  await writeInventory(stage.kube, makeInventory([B]))
  stage.cloud.accountFingerprint = () => Promise.reject(new Error('no file'))
  t.match(await look(stage), { account: 'account-1', instances: [{ id: 'a1' }] })
})

interface Trust {
  readonly name: string
  readonly before: Inventory | undefined
  /** Account of the Lease. */
  readonly vouched?: string
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
  {
    name: 'no inventory, another account by the Lease, no server of a node',
    before: undefined,
    vouched: 'account-0',
    providerID: 'phoenixnap://a1',
    instances: [B],
    trusted: false,
  },
  {
    name: 'no inventory, another account by the Lease, an empty list',
    before: undefined,
    vouched: 'account-0',
    providerID: 'phoenixnap://a1',
    instances: [],
    trusted: false,
  },
  {
    name: 'no inventory, another account by the Lease, a server of a node',
    before: undefined,
    vouched: 'account-0',
    providerID: 'phoenixnap://a1',
    instances: [A],
    trusted: true,
  },
  {
    name: 'no inventory, the same account by the Lease',
    before: undefined,
    vouched: 'account-1',
    providerID: 'phoenixnap://a1',
    instances: [B],
    trusted: true,
  },
  {
    name: 'the inventory’s account is the newer word',
    before: makeInventory([A]),
    vouched: 'account-0',
    instances: [B],
    trusted: true,
  },
]
for (const { name, before, vouched, providerID, instances, trusted } of TRUST) {
  t.test(`${trusted ? 'trusts' : 'distrusts'} the list: ${name}`, async t => {
    const stage = await createStage(t, { instances })
    if (before) await writeInventory(stage.kube, before)
    if (providerID) stage.addNode('node-a', { providerID })
    const observed = await look(stage, vouched)
    if (trusted) t.strictSame(observed.instances, instances)
    else t.match(observed.instances, { code: 'CCM_ACCOUNT_CHANGED' })
  })
}
