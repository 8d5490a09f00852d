import t from 'tap'
import { pureLB } from '../../shared/announcers/purelb.ts'
import {
  annotationsOf,
  entryOf,
  type FieldsCase,
  makeService,
  OTHER_V4,
  toGiven,
  V4,
  V6,
} from './_service.ts'

const KEY = 'purelb.io/addresses'
const GROUP = 'purelb.io/service-group'
const MULTI = 'purelb.io/multi-pool'
const FROM = 'purelb.io/allocated-from'
const OURS = 'cloud-provider-phoenixnap'
const WAITING_GROUP = 'phoenixnap-waiting'
const ONE = { [MULTI]: 'false' }

const SERVING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { ...ONE, [KEY]: `${V4},${V6}` } },
  { what: 'one that says so', given: { [KEY]: `${V6},${V4}` }, expected: ONE },
  {
    what: 'one that says so with a blank',
    given: { [KEY]: `${V4}, ${V6}` },
    expected: { ...ONE, [KEY]: `${V4},${V6}` },
  },
  { what: 'a pinned one', loadBalancerIP: V4, expected: { ...ONE, [KEY]: `${V4},${V6}` } },
  {
    what: 'one pinned to another address, which the annotation hides',
    loadBalancerIP: OTHER_V4,
    expected: { ...ONE, [KEY]: `${V4},${V6}` },
  },
  {
    what: 'one that was kept from the address it asks for',
    given: { [KEY]: ` ${V4},${V6}`, [GROUP]: WAITING_GROUP },
    expected: { ...ONE, [KEY]: `${V4},${V6}`, [GROUP]: null },
  },
  {
    what: 'one that waited',
    given: { [GROUP]: WAITING_GROUP },
    expected: { ...ONE, [KEY]: `${V4},${V6}`, [GROUP]: null },
  },
  {
    what: 'one that is to be given an address of every range',
    given: { [KEY]: `${V4},${V6}`, [MULTI]: 'true' },
    expected: ONE,
  },
  {
    what: 'one that says so, and that one address is enough',
    given: { [KEY]: `${V4},${V6}`, ...ONE },
    expected: {},
  },
  { what: "one of somebody else's group", given: { [GROUP]: 'production' }, expected: {} },
]

for (const row of SERVING)
  t.test(`serving ${row.what}`, async t =>
    t.strictSame(annotationsOf(pureLB.toServing(toGiven(row), [V4, V6])), row.expected),
  )

t.test('a pinned address needs no annotation, unless an empty one hides it', async t => {
  t.strictSame(pureLB.toServing(makeService(ONE, { loadBalancerIP: V4 }), [V4]), {})
  const hidden = makeService({ [KEY]: '', ...ONE }, { loadBalancerIP: V4 })
  t.strictSame(pureLB.toServing(hidden, [V4]), { annotations: { [KEY]: V4 } })
})

const WAITING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { ...ONE, [GROUP]: WAITING_GROUP } },
  { what: 'one that waits', given: { [GROUP]: WAITING_GROUP, ...ONE }, expected: {} },
  {
    what: 'one that would take any address of our group',
    given: { [GROUP]: 'cloud-provider-phoenixnap' },
    expected: { ...ONE, [GROUP]: WAITING_GROUP },
  },
  {
    what: 'one that asks for an address, which PureLB would give it',
    given: { [KEY]: V4 },
    expected: { ...ONE, [KEY]: ` ${V4}`, [GROUP]: WAITING_GROUP },
  },
  {
    what: 'one that PureLB refuses already',
    given: { [KEY]: `${V4}, ${V6}`, [GROUP]: WAITING_GROUP, ...ONE },
    expected: {},
  },
  {
    what: 'a pinned one',
    loadBalancerIP: V4,
    expected: { ...ONE, [KEY]: '0.0.0.0', [GROUP]: WAITING_GROUP },
  },
  {
    what: 'a pinned one that waits',
    given: { [KEY]: '0.0.0.0', [GROUP]: WAITING_GROUP, ...ONE },
    loadBalancerIP: V4,
    expected: {},
  },
  {
    what: 'one that is to be given an address of every range',
    given: { [GROUP]: WAITING_GROUP, [MULTI]: 'true' },
    expected: ONE,
  },
  {
    what: "one of somebody else's group that has an address of ours by PureLB's note",
    given: { [GROUP]: 'production', [FROM]: `production, ${OURS}` },
    expected: ONE,
  },
  {
    what: "one of somebody else's group, of as many ranges as it likes",
    given: { [GROUP]: 'production', [MULTI]: 'true' },
    expected: {},
  },
  { what: "one of somebody else's group", given: { [GROUP]: 'production' }, expected: {} },
]

for (const row of WAITING)
  t.test(`waiting: ${row.what}`, async t =>
    t.strictSame(annotationsOf(pureLB.toWaiting(toGiven(row))), row.expected),
  )

const CLEARED: readonly FieldsCase[] = [
  { what: 'what was assigned', given: { [KEY]: `${V4},${V6}` }, expected: { [KEY]: null } },
  { what: 'the wish of its user', given: { [KEY]: OTHER_V4, [GROUP]: 'production' }, expected: {} },
  { what: 'the mark of waiting', given: { [GROUP]: WAITING_GROUP }, expected: { [GROUP]: null } },
  {
    what: 'the marks of a pinned one',
    given: { [KEY]: '0.0.0.0', [GROUP]: WAITING_GROUP },
    loadBalancerIP: V4,
    expected: { [KEY]: null, [GROUP]: null },
  },
  {
    what: 'a blank in the wish of its user, who was not kept waiting',
    given: { [KEY]: ` ${OTHER_V4}` },
    expected: {},
  },
  {
    what: 'the mark in the wish of its user',
    given: { [KEY]: ` ${OTHER_V4}`, [GROUP]: WAITING_GROUP },
    expected: { [KEY]: OTHER_V4, [GROUP]: null },
  },
]

const CLEARED_ONE: readonly FieldsCase[] = [
  {
    what: 'that one address is enough',
    given: { [KEY]: V4, ...ONE },
    expected: { [KEY]: null, [MULTI]: null },
  },
  {
    what: "that one address is enough, once PureLB's note is of others",
    given: { [KEY]: V4, ...ONE, [FROM]: 'production' },
    expected: { [KEY]: null, [MULTI]: null },
  },
  {
    what: 'that one address is enough, but not as long as it has one of ours',
    given: { [KEY]: V4, ...ONE, [FROM]: OURS },
    expected: { [KEY]: null },
  },
]
for (const row of CLEARED_ONE)
  t.test(`cleared: ${row.what}`, async t =>
    t.strictSame(annotationsOf(pureLB.toCleared(toGiven(row), [V4])), row.expected),
  )

t.test('what a Service that has an address is told stays until it has none', async t => {
  const given = { [KEY]: V4, ...ONE }
  const service = makeService(given, {}, [{ ip: V4 }])
  t.strictSame(pureLB.toCleared(service, [V4]), { annotations: { [KEY]: null } })
  const changed = makeService(given, { type: 'ClusterIP' }, [{ ip: V4 }])
  t.strictSame(pureLB.toCleared(changed, [V4]), { annotations: { [KEY]: null, [MULTI]: null } })
  const elsewhere = makeService({ [GROUP]: 'production' }, {}, [{ ip: V4 }])
  t.strictSame(pureLB.toWaiting(elsewhere), { annotations: ONE })
  t.strictSame(pureLB.toCleared(makeService(ONE), []), {}, 'its user says so')
  const waited = makeService({ [GROUP]: WAITING_GROUP, ...ONE })
  const none = { annotations: { [GROUP]: null, [MULTI]: null } }
  t.strictSame(pureLB.toCleared(waited, []), none)
  const { status, spec, ...bare } = waited
  t.strictSame(pureLB.toCleared({ ...bare, ...(spec && { spec }), status: {} }, []), none, 'no status')
  t.strictSame(pureLB.toCleared({ ...bare, ...(status && { status }) }, []), none, 'no spec')
  const named = makeService({ [GROUP]: WAITING_GROUP, ...ONE }, {}, [{ hostname: 'lb.example.org' }])
  t.strictSame(pureLB.toCleared(named, []), none, 'a host name is no address')
})

const DRAWS: readonly [what: string, service: ReturnType<typeof makeService>, draws: boolean][] = [
  ['nothing', makeService(), false],
  ['our group', makeService({ [GROUP]: OURS }), true],
  ['our group, and one address', makeService({ [GROUP]: OURS, ...ONE }), true],
  ['our group, and an address', makeService({ [GROUP]: OURS, [KEY]: V4 }), false],
  ['our group, and what PureLB refuses', makeService({ [GROUP]: OURS, [KEY]: '' }), false],
  ['our group, and the field', makeService({ [GROUP]: OURS }, { loadBalancerIP: V4 }), false],
  ['our group, an address, and all ranges', makeService({ [GROUP]: OURS, [KEY]: V6, [MULTI]: 'true' }), true],
  ['an address, and all ranges', makeService({ [KEY]: V4, [MULTI]: 'true' }), true],
  ['an address outside, and all ranges', makeService({ [KEY]: OTHER_V4, [MULTI]: 'true' }), false],
  ['all ranges of another group', makeService({ [GROUP]: 'production', [MULTI]: 'true' }), false],
  ["PureLB's note", makeService({ [FROM]: `production, ${OURS}` }), true],
  ["PureLB's note of another group", makeService({ [FROM]: `not-${OURS}`, [MULTI]: 'true' }), false],
  ["PureLB's note, and one address", makeService({ [FROM]: OURS, ...ONE }), false],
  ['an address in its status', makeService({}, {}, [{ hostname: 'a' }, { ip: V4 }]), true],
  ['an address in its status, and one address', makeService(ONE, {}, [{ ip: V4 }]), false],
  ['an address outside in its status', makeService({ [MULTI]: 'true' }, {}, [{ ip: OTHER_V4 }]), false],
]
for (const [what, service, draws] of DRAWS)
  t.test(`whether it draws from our group: ${what}`, async t =>
    t.equal(
      pureLB.drawsFromOurs?.(service, address => address === V4),
      draws,
    ),
  )

for (const row of CLEARED)
  t.test(`cleared: ${row.what}`, async t =>
    t.strictSame(annotationsOf(pureLB.toCleared(toGiven(row), [V4, V6])), row.expected),
  )

t.test('whose group a Service is to be served from', async t => {
  t.equal(pureLB.servedElsewhere?.(makeService({ [GROUP]: 'production' })), `${GROUP}: production`)
  for (const group of ['', WAITING_GROUP, 'cloud-provider-phoenixnap'])
    t.equal(pureLB.servedElsewhere?.(makeService({ [GROUP]: group })), undefined)
})

const toGroups = (...addresses: string[]) =>
  pureLB.toPools(addresses.map(address => entryOf(address))).map(({ name, spec }) => ({ name, spec }))

t.test('one group holds every address, by family', async t => {
  const [v4, other, v6] = [
    { pool: '203.0.113.9/32', subnet: '203.0.113.9/32', aggregation: '/32' },
    { pool: '203.0.113.10/32', subnet: '203.0.113.10/32', aggregation: '/32' },
    { pool: '2001:db8::5/128', subnet: '2001:db8::5/128', aggregation: '/128' },
  ]
  const name = 'cloud-provider-phoenixnap'
  t.strictSame(toGroups(OTHER_V4, V6, V4), [
    { name, spec: { remote: { v4pools: [v4, other], v6pools: [v6] } } },
  ])
  t.strictSame(toGroups(V6), [{ name, spec: { remote: { v6pools: [v6] } } }])
  t.strictSame(toGroups(V4), [{ name, spec: { remote: { v4pools: [v4] } } }])
  t.strictSame(toGroups(), [])
})

t.test('groups are where PureLB reads them from', async t => {
  const kind = {
    apiVersion: 'purelb.io/v2',
    kind: 'ServiceGroup',
    path: '/apis/purelb.io/v2/namespaces/purelb-system/servicegroups',
    crd: 'servicegroups.purelb.io',
  }
  t.strictSame(pureLB.poolKinds, [kind])
  t.strictSame(
    pureLB.toPools([entryOf(V4)]).map(pool => pool.kind),
    [kind],
  )
})
