import t from 'tap'
import type { Finding } from '../../../shared/controllers/node/match.ts'
import { matchInstance, toIndex } from '../../../shared/controllers/node/match.ts'
import { decideNode, isReady, isUninitialized } from '../../../shared/controllers/node/plan.ts'
import { INITIALIZED, MISSING_SINCE, SHUTDOWN_TAINT } from '../../../shared/kubernetes/names.ts'
import type { KubeNode, NodeCondition } from '../../../shared/kubernetes/types.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { ip, makeInstance, makeNode, outer, TAINT } from '../_make.ts'
import { ADDRESSES, DONE, decide, FOUND, INSTANCE, LABELS } from './_plan.ts'

const OFF: Finding = { ...FOUND, instance: { ...INSTANCE, shutdown: true } }
const ABSENT: Finding = { state: 'absent', by: 'providerID' }
const SHUTDOWN = { key: SHUTDOWN_TAINT, effect: 'NoSchedule' }
const MARK = '2026-01-01T00:00:00.000Z'

t.test('a node whose server is powered off gets no more pods, and keeps those it has', async t => {
  t.strictSame(decide({ ...DONE, ready: false }, OFF).actions, [
    { do: 'taintShutdown', set: { addTaints: [SHUTDOWN] }, why: 'the server is powered off' },
  ])
})

t.test('a node that is ready loses the shutdown taint and no other', async t => {
  t.strictSame(decide({ ...DONE, taints: [SHUTDOWN, { key: 'x', effect: 'NoExecute' }] }).actions, [
    { do: 'untaintShutdown', set: { removeTaints: [SHUTDOWN_TAINT] }, why: 'the node is ready' },
  ])
})

t.test('the mark of a missing server goes for one of two reasons, and says for which', async t => {
  const set = { annotations: { [MISSING_SINCE]: null } }
  const marked = { ...DONE, missingSince: MARK }
  t.strictSame(decide(marked, ABSENT).actions, [{ do: 'unmarkMissing', set, why: 'the node is ready' }])
  t.strictSame(decide({ ...marked, ready: false }).actions, [
    { do: 'unmarkMissing', set, why: 'the server is in the list again' },
  ])
})

t.test('addresses and labels are put right by a write of their own each, and the first says why', async t => {
  const addresses = {
    do: 'updateAddresses',
    set: { addresses: ADDRESSES },
    why: 'the BMC server has other addresses',
  }
  const labels = {
    do: 'repairLabels',
    set: { labels: LABELS },
    why: 'labels are missing or differ from the BMC server',
  }
  t.strictSame(decide({ ...DONE, addresses: [], labels: {} }), {
    actions: [addresses, labels],
    events: [],
    why: addresses.why,
  })
  t.strictSame(decide({ ...DONE, labels: {} }), { actions: [labels], events: [], why: labels.why })
})

t.test('a right --node-ip is no reason to refuse a node', async t => {
  const { actions, code } = decide({ uninitialized: true, nodeIP: '10.0.0.11' })
  t.equal(code, undefined)
  t.strictSame(
    actions.map(({ do: action, set }) => [action, set.addresses]),
    [['initialise', ADDRESSES]],
  )
})

t.test('a server of another cloud is hands off, whatever is known of the provider ID', async t => {
  const node = makeNode('node-a', { uninitialized: true })
  const decision = { actions: [], events: [], why: 'the node is not ours' }
  t.strictSame(decideNode(node, { state: 'foreign' }, 'none', 'resync'), decision)
})

/** All of a node that may be absent: a kubelet’s first request holds little. */
const BARE: KubeNode = { metadata: { name: 'node-a' } }

t.test('a node that says nothing of itself yet is initialised with everything', async t => {
  const node = { ...BARE, spec: { taints: [TAINT] } }
  const finding = matchInstance(node, toIndex([makeInstance('a1', { hostname: 'Node-A' })]), toOwner)
  t.match(decideNode(node, finding, 'none', 'admission').actions, [
    {
      do: 'initialise',
      set: {
        providerID: 'phoenixnap://a1',
        labels: LABELS,
        annotations: { [INITIALIZED]: 'admission' },
        addresses: ADDRESSES,
      },
    },
  ])
})

t.test('a node that says nothing of itself any more is kept up with everything', async t => {
  const node = { ...BARE, spec: { providerID: 'phoenixnap://a1' } }
  for (const status of [undefined, {}]) {
    const { actions } = decideNode({ ...node, ...(status && { status }) }, FOUND, 'ours', 'resync')
    t.strictSame(
      actions.map(({ set }) => set),
      [{ addresses: ADDRESSES }, { labels: LABELS }],
    )
  }
})

t.test(
  'a node without any spec or status is matched by its name, and is neither tainted nor ready',
  async t => {
    t.match(matchInstance(BARE, toIndex([]), toOwner), { state: 'absent', by: 'hostname' })
    for (const node of [BARE, { ...BARE, spec: {}, status: {} }]) {
      t.equal(isUninitialized(node), false)
      t.equal(isReady(node), false)
    }
  },
)

const withConditions = (...conditions: NodeCondition[]): KubeNode => ({ ...BARE, status: { conditions } })

t.test('readiness is that condition alone, whatever the others say', async t => {
  const [pressure, ready] = [
    { type: 'MemoryPressure', status: 'True' },
    { type: 'Ready', status: 'True' },
  ]
  t.equal(isReady(withConditions(pressure, { ...ready, status: 'False' })), false)
  t.equal(isReady(withConditions(pressure)), false)
  t.equal(isReady(withConditions({ ...pressure, status: 'False' }, ready)), true)
})

t.test('two servers of one hostname are told apart by any address that the node reports', async t => {
  const twins = ['1', '2'].map(end =>
    makeInstance(`twin-${end}`, {
      hostname: 'node-a',
      privateAddresses: [`10.0.0.${end}`],
      publicAddresses: [`203.0.113.${end}`],
    }),
  )
  for (const address of [ip('10.0.0.2'), outer('203.0.113.2')])
    t.match(matchInstance(makeNode('node-a', { addresses: [address] }), toIndex(twins), toOwner), {
      state: 'found',
      instance: { id: 'twin-2' },
    })
})
