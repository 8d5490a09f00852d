import t from 'tap'
import type { Cloud } from '../../../shared/cloud-provider/contract.ts'
import type { AddressBlock } from '../../../shared/cloud-provider/load-balancer.ts'
import type { ObservedBalancers } from '../../../shared/controllers/resync/balancers.ts'
import { measurePass, type PassView } from '../../../shared/controllers/resync/measure.ts'
import { CcmError } from '../../../shared/errors.ts'
import { HELD_REASONS } from '../../../shared/metrics/label-values.ts'
import { toOwner } from '../../../shared/phoenixnap/provider-id.ts'
import { parseReserved } from '../../../shared/reserved-addresses.ts'
import { createTally } from '../../metrics/_tally.ts'
import { makeInstance, makeNode } from '../_make.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { makeSupply } from '../address/_blocks.ts'
import { makeBlock, makeBook, makeClaim, makeGate } from '../address/_view.ts'
import { makeService } from '../service/_service.ts'

const DOWN = new CcmError('BMC_UNREACHABLE', 'down')
const settings = { ...SERVICE_SETTINGS, nodeDeleteGraceMs: 60_000, nodeDeleteMaxShare: 0.2 }
/** Nothing else of it is asked. */
const cloud = { providerIDOwner: toOwner } as Cloud

const view = (change: Partial<PassView> = {}): PassView => ({
  observed: { instances: [] },
  nodes: [],
  balancers: DOWN,
  tally: { held: new Map(), refusals: [] },
  ...change,
})
const balancers = (change: Partial<ObservedBalancers> = {}): ObservedBalancers => ({
  clusterName: 'cluster',
  book: makeBook([], []),
  services: [],
  supply: undefined,
  ...change,
})

/** What is set of one metric, by the value of its label; of all that it has, those of 0 as well. */
function take(name: string, change: Partial<PassView>, reserved: readonly string[] = []) {
  const { measure, counts } = createTally()
  const given = { ...settings, reserved: parseReserved(reserved).ranges }
  measurePass({ measure, cloud, settings: given, announcer: undefined }, view(change))
  const rows = Object.entries(counts()).filter(([key]) => key.split(' ')[0] === `phoenixnap_ccm_${name}`)
  return Object.fromEntries(rows.map(([key, value]) => [key.split(' ')[1] ?? '', value]))
}

t.test('each reason to hold something back is told, also that there is none', async t => {
  const held = new Map([
    ['grace-time', 3],
    ['block-kept', 1],
  ] as const)
  const none = Object.fromEntries(HELD_REASONS.map(reason => [`reason=${reason}`, 0]))
  t.strictSame(take('held_decisions', { tally: { held, refusals: [] } }), {
    ...none,
    'reason=grace-time': 3,
    'reason=block-kept': 1,
  })
})

t.test('servers are counted where they could be listed', async t => {
  const instances = [makeInstance('a'), makeInstance('b')]
  t.strictSame(take('servers', { observed: { instances } }), { '': 2 })
  t.strictSame(take('servers', { observed: { instances: [] } }), { '': 0 })
  t.strictSame(take('servers', { observed: { instances: DOWN } }), {}, 'the last figure stays')
})

const OURS = { providerID: 'phoenixnap://a' }
const SINCE = '2026-01-01T00:00:00Z'
const NODES: readonly [name: string, node: PassView['nodes'][number], state: string][] = [
  ['ours', makeNode('a', OURS), 'initialized'],
  ['nobody’s', makeNode('a'), 'initialized'],
  ['without a spec', { metadata: { name: 'a' } }, 'initialized'],
  ['uninitialised', makeNode('a', { uninitialized: true }), 'waiting'],
  ['uninitialised and missing', makeNode('a', { uninitialized: true, missingSince: SINCE }), 'waiting'],
  ['missing', makeNode('a', { ...OURS, missingSince: SINCE }), 'missing'],
  ['another cloud’s', makeNode('a', { providerID: 'aws:///eu/i-1' }), 'foreign'],
  [
    'another cloud’s, uninitialised',
    makeNode('a', { providerID: 'aws:///eu/i-1', uninitialized: true }),
    'foreign',
  ],
]
const NO_NODE = { 'state=initialized': 0, 'state=waiting': 0, 'state=missing': 0, 'state=foreign': 0 }
for (const [name, node, state] of NODES)
  t.test(`a node that is ${name} is ${state}`, async t => {
    t.strictSame(take('nodes', { nodes: [node, node] }), { ...NO_NODE, [`state=${state}`]: 2 })
  })

const FINALIZERS = ['phoenixnap.com/load-balancer']
const WAITS = { 'phoenixnap.com/waiting': SINCE }

t.test('Services are served or wait, or are somebody else’s', async t => {
  const services = [
    makeService({ finalizers: FINALIZERS }),
    makeService({ finalizers: FINALIZERS }),
    makeService({ finalizers: FINALIZERS, annotations: WAITS }),
    makeService(),
  ]
  t.strictSame(take('services', { balancers: balancers({ services }) }), {
    'state=served': 2,
    'state=waiting': 1,
  })
  t.strictSame(take('services', { balancers: DOWN }), {}, 'the last figures stay')
})

t.test('claims are counted by state', async t => {
  const states = ['active', 'released', 'active', 'unconfirmed', 'active'] as const
  const claims = states.map((state, index) => makeClaim(`203.0.113.${index}`, 'a', { state }))
  t.strictSame(take('claims', { balancers: balancers({ book: makeBook(claims, []) }) }), {
    'state=unconfirmed': 1,
    'state=active': 3,
    'state=released': 1,
    'state=retained': 0,
  })
})

const [A, B] = [makeBlock('a', '203.0.113.0/29'), makeBlock('b', '203.0.113.8/29')]
const SIX = makeBlock('six', '2001:db8::/124')
/** What a pass saw of these blocks; all have an open gate unless the test says otherwise. */
const seen = (blocks: readonly AddressBlock[], gates = blocks.map(block => makeGate(block))) =>
  balancers({ supply: makeSupply(blocks), book: { ...makeBook([], []), gates } })

t.test('blocks are counted by state, as far as the cloud tells', async t => {
  const states = ['coming', 'assigned', 'failed', 'coming', 'elsewhere'] as const
  const blocks = states.map((state, index) => ({ ...A, id: `b${index}`, state }))
  t.strictSame(take('blocks', { balancers: seen(blocks) }), {
    'state=coming': 2,
    'state=assigned': 1,
    'state=failed': 1,
    'state=going': 0,
    'state=elsewhere': 1,
  })
  for (const supply of [undefined, DOWN]) {
    t.strictSame(take('blocks', { balancers: balancers({ supply }) }), {})
    t.strictSame(take('addresses_free', { balancers: balancers({ supply }) }), {})
    t.match(take('services', { balancers: balancers({ supply }) }), { 'state=served': 0 })
  }
})

const FREE: readonly [name: string, balancers: ObservedBalancers, free: number][] = [
  ['no block', seen([]), 0],
  ['two blocks', seen([A, B]), 10],
  ['one that gets its gate yet', seen([A, B], [makeGate(A)]), 5],
  ['one whose gate is closing', seen([A, B], [makeGate(A, 'closing'), makeGate(B)]), 5],
  ['one of IPv6', seen([A, SIX]), 5],
  ['one of IPv6 alone', seen([SIX]), 0],
  ['one that is to be given back', seen([A, { ...B, marked: true }]), 5],
  ['one that is coming', seen([A, { ...B, state: 'coming' }]), 5],
]
for (const [name, balancers, free] of FREE)
  t.test(`free addresses with ${name}: ${free}`, async t => {
    t.strictSame(take('addresses_free', { balancers }), { 'family=IPv4': free })
  })

t.test('free is what no Service, no server and no setting has', async t => {
  const claims = [makeClaim('203.0.113.2', 'a'), makeClaim('203.0.113.3', 'a', { state: 'released' })]
  const given = balancers({
    supply: { ...makeSupply([A]), memberAddresses: ['203.0.113.4'] },
    book: makeBook(claims, [A]),
  })
  t.strictSame(take('addresses_free', { balancers: given }), { 'family=IPv4': 2 })
  t.strictSame(take('addresses_free', { balancers: given }, ['203.0.113.6']), { 'family=IPv4': 1 })
})

t.test('nobody has to take it down', async t => {
  t.doesNotThrow(() => measurePass({ cloud, settings, announcer: undefined }, view()))
})
