import t from 'tap'
import type { Finding } from '../../../shared/controllers/node/match.ts'
import { isReady, isUninitialized } from '../../../shared/controllers/node/plan.ts'
import {
  INITIALIZED,
  MISSING_SINCE,
  SHUTDOWN_TAINT,
  UNINITIALIZED_TAINT,
} from '../../../shared/kubernetes/names.ts'
import { host, makeNode, type NodeSketch } from '../_make.ts'
import { ADDRESSES, DONE, decide, did, FOUND, INSTANCE, LABELS } from './_plan.ts'

const OFF: Finding = { ...FOUND, instance: { ...INSTANCE, shutdown: true, status: 'powered-off' } }
const ABSENT: Finding = { state: 'absent', by: 'providerID' }
const UNKNOWN: Finding = { state: 'unknown', code: 'BMC_UNREACHABLE', message: 'no answer' }
const SHUTDOWN = { key: SHUTDOWN_TAINT, effect: 'NoSchedule' }
const MARK = '2026-01-01T00:00:00.000Z'
t.test('an uninitialised node gets everything at once', async t => {
  const decision = decide({ uninitialized: true })
  t.strictSame(decision.actions, [
    {
      do: 'initialise',
      set: {
        providerID: 'phoenixnap://a1',
        labels: LABELS,
        annotations: { [INITIALIZED]: 'resync' },
        removeTaints: [UNINITIALIZED_TAINT],
        addresses: ADDRESSES,
      },
      why: 'server a1 found by hostname',
    },
  ])
  t.strictSame(decision.events, [
    {
      type: 'Normal',
      reason: 'Synced',
      message: 'Node synced successfully',
      component: 'cloud-node-controller',
    },
  ])
  t.equal(decision.code, undefined)
})

t.test('admission does the same, says so in the annotation, and writes no event', async t => {
  const { actions, events } = decide({ uninitialized: true }, FOUND, 'admission')
  t.strictSame(actions[0]?.set.annotations, { [INITIALIZED]: 'admission' })
  t.strictSame(events, [])
})

t.test('a provider ID that is set stays, in whatever form', async t => {
  for (const providerID of ['phoenixnap://a1', 'a1', 'bmc://servers/a1'])
    t.equal(decide({ uninitialized: true, providerID }).actions[0]?.set.providerID, undefined, providerID)
})

t.test('addresses that are right already are not written', async t => {
  t.notOk('addresses' in (decide({ uninitialized: true, addresses: ADDRESSES }).actions[0]?.set ?? {}))
})

interface Refused {
  readonly name: string
  readonly finding?: Finding
  readonly node?: NodeSketch
  readonly code: string
  readonly events: readonly string[]
}
const REFUSED: readonly Refused[] = [
  { name: 'no server', finding: ABSENT, code: 'CCM_INSTANCE_NOT_FOUND', events: ['InstanceNotFound'] },
  {
    name: 'two servers',
    finding: { state: 'ambiguous', ids: ['a1', 'b2'], by: 'hostname' },
    code: 'CCM_INSTANCE_AMBIGUOUS',
    events: ['InstanceAmbiguous'],
  },
  {
    name: 'a server that another node has',
    finding: { state: 'taken', id: 'a1', holder: 'node-b' },
    code: 'CCM_PROVIDER_ID_TAKEN',
    events: ['ProviderIDTaken'],
  },
  { name: 'nothing found out', finding: UNKNOWN, code: 'BMC_UNREACHABLE', events: [] },
  {
    name: 'a --node-ip that the server has not',
    node: { nodeIP: '10.9.9.9' },
    code: 'CCM_NODE_IP_MISMATCH',
    events: ['NodeIPMismatch'],
  },
]
for (const { name, finding, node, code, events } of REFUSED) {
  t.test(`keeps the taint: ${name}`, async t => {
    const decision = decide({ uninitialized: true, ...node }, finding)
    t.strictSame(decision.actions, [])
    t.equal(decision.code, code)
    t.strictSame(
      decision.events.map(({ reason }) => reason),
      events,
    )
    t.strictSame(
      decide({ uninitialized: true, ...node }, finding, 'admission').events,
      [],
      'none in admission',
    )
  })
}

/** [name, node, finding, what is done, reasons of events] */
const UPKEEP: readonly [string, NodeSketch, Finding, readonly string[], readonly string[]][] = [
  ['nothing differs', DONE, FOUND, [], []],
  ['other addresses', { ...DONE, addresses: [host('node-a')] }, FOUND, ['updateAddresses'], []],
  [
    'another order of addresses',
    { ...DONE, addresses: ADDRESSES.toReversed() },
    FOUND,
    ['updateAddresses'],
    [],
  ],
  ['no labels', { ...DONE, labels: {} }, FOUND, ['repairLabels'], []],
  ['a mismatching --node-ip', { ...DONE, nodeIP: '10.9.9.9' }, FOUND, [], ['NodeIPMismatch']],
  [
    'a differing label on a node of somebody else',
    { ...DONE, initialized: false, labels: { ...LABELS, 'topology.kubernetes.io/region': 'ASH' } },
    FOUND,
    [],
    ['LabelsKept'],
  ],
  ['the server is absent', { ...DONE, addresses: [], labels: {} }, ABSENT, [], []],
  ['nothing found out', { ...DONE, addresses: [], labels: {} }, UNKNOWN, [], []],
  ['off, but ready', DONE, OFF, [], []],
  ['off and not ready', { ...DONE, ready: false }, OFF, ['taintShutdown'], []],
  ['off and of unknown readiness', { ...DONE, ready: 'Unknown' }, OFF, ['taintShutdown'], []],
  ['off, not ready and tainted', { ...DONE, ready: false, taints: [SHUTDOWN] }, OFF, [], []],
  ['on, not ready and tainted', { ...DONE, ready: false, taints: [SHUTDOWN] }, FOUND, [], []],
  ['absent, not ready and tainted', { ...DONE, ready: false, taints: [SHUTDOWN] }, ABSENT, [], []],
  ['ready and tainted', { ...DONE, taints: [SHUTDOWN] }, FOUND, ['untaintShutdown'], []],
  [
    'ready and tainted, of another effect and value',
    { ...DONE, taints: [{ key: SHUTDOWN_TAINT, value: 'x', effect: 'NoExecute' }] },
    FOUND,
    ['untaintShutdown'],
    [],
  ],
  [
    'ready and tainted while the cloud is down',
    { ...DONE, taints: [SHUTDOWN] },
    UNKNOWN,
    ['untaintShutdown'],
    [],
  ],
  ['not ready while the cloud is down', { ...DONE, ready: false }, UNKNOWN, [], []],
  ['marked and found', { ...DONE, ready: false, missingSince: MARK }, FOUND, ['unmarkMissing'], []],
  ['marked and ready', { ...DONE, missingSince: MARK }, ABSENT, ['unmarkMissing'], []],
  [
    'marked and ready while the cloud is down',
    { ...DONE, missingSince: MARK },
    UNKNOWN,
    ['unmarkMissing'],
    [],
  ],
  ['marked and absent', { ...DONE, ready: false, missingSince: MARK }, ABSENT, [], []],
  ['marked while the cloud is down', { ...DONE, ready: false, missingSince: MARK }, UNKNOWN, [], []],
  [
    'several things at once',
    { ...DONE, taints: [SHUTDOWN], missingSince: MARK, labels: {}, addresses: [] },
    FOUND,
    ['unmarkMissing', 'untaintShutdown', 'updateAddresses', 'repairLabels'],
    [],
  ],
  ['still tainted by another key', { ...DONE, taints: [{ key: 'x', effect: 'NoSchedule' }] }, FOUND, [], []],
]
for (const [name, node, finding, actions, events] of UPKEEP) {
  t.test(`initialised: ${name}`, async t => {
    const decision = decide(node, finding)
    t.strictSame(did(decision), actions)
    t.strictSame(
      decision.events.map(({ reason }) => reason),
      events,
    )
    t.equal(decision.code, undefined)
  })
}

const FOREIGN: Finding = { state: 'foreign' }
const HANDS_OFF: readonly [string, NodeSketch, Finding][] = [
  ['another cloud’s, tainted', { providerID: 'aws:///x/i-1', uninitialized: true }, FOREIGN],
  ['another cloud’s, shut down', { providerID: 'aws:///x/i-1', taints: [SHUTDOWN] }, FOREIGN],
  [
    'another cloud’s, although something was found',
    { providerID: 'aws:///x/i-1', uninitialized: true },
    FOUND,
  ],
  ['without taint and provider ID', { taints: [SHUTDOWN] }, FOUND],
  ['without taint and provider ID, off', { ready: false }, OFF],
]
for (const [name, node, finding] of HANDS_OFF)
  t.test(`hands off: ${name}`, async t => {
    t.strictSame(decide(node, finding), { actions: [], events: [], why: 'the node is not ours' })
  })

t.test('the taint counts by its key alone', async t => {
  const taints = [{ key: UNINITIALIZED_TAINT, effect: 'NoExecute' }]
  t.ok(isUninitialized(makeNode('node-a', { taints })))
  t.notOk(isUninitialized(makeNode('node-a', { taints: [SHUTDOWN] })))
  t.notOk(isUninitialized({ metadata: { name: 'node-a' } }))
})

t.test('only True is ready', async t => {
  t.ok(isReady(makeNode('node-a')))
  t.notOk(isReady(makeNode('node-a', { ready: false })))
  t.notOk(isReady(makeNode('node-a', { ready: 'Unknown' })))
  t.notOk(isReady({ metadata: { name: 'node-a' } }))
})

/** The mark goes with the first sign of life, also while something else keeps the node uninitialised. */
const MARKED: readonly [string, NodeSketch, Finding, readonly string[]][] = [
  ['found', { ready: false }, FOUND, ['unmarkMissing', 'initialise']],
  ['found, --node-ip mismatches', { ready: false, nodeIP: '10.9.9.9' }, FOUND, ['unmarkMissing']],
  ['ready, absent', {}, ABSENT, ['unmarkMissing']],
  ['not ready, absent', { ready: false }, ABSENT, []],
  ['not ready, nothing found out', { ready: false }, UNKNOWN, []],
]
for (const [name, node, finding, actions] of MARKED) {
  t.test(`uninitialised and marked as missing: ${name}`, async t => {
    const decision = decide(
      { providerID: 'phoenixnap://a1', uninitialized: true, missingSince: MARK, ...node },
      finding,
    )
    t.strictSame(did(decision), actions)
    for (const action of decision.actions.filter(action => action.do === 'unmarkMissing'))
      t.strictSame(action.set, { annotations: { [MISSING_SINCE]: null } })
  })
}
