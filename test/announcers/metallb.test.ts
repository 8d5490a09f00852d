import t from 'tap'
import { newMetalLB } from '../../shared/announcers/metallb.ts'
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

const KEY = 'metallb.io/loadBalancerIPs'
const OLD_KEY = 'metallb.universe.tf/loadBalancerIPs'
const POOL = 'metallb.io/address-pool'
const OLD_POOL = 'metallb.universe.tf/address-pool'
const WAITING_POOL = 'phoenixnap-waiting'
const metallb = newMetalLB('lb-system')

const SERVING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { [KEY]: V4 } },
  { what: 'one that says so', given: { [KEY]: V4 }, expected: {} },
  { what: 'one that says so by the old key', given: { [OLD_KEY]: V4 }, expected: {} },
  {
    what: 'one whose new key hides the old',
    given: { [KEY]: OTHER_V4, [OLD_KEY]: V4 },
    expected: { [KEY]: V4 },
  },
  { what: 'one that waited', given: { [POOL]: WAITING_POOL }, expected: { [KEY]: V4, [POOL]: null } },
  {
    what: 'one that names our pool',
    given: { [POOL]: 'cloud-provider-phoenixnap' },
    expected: { [KEY]: V4 },
  },
  { what: 'a pinned one', loadBalancerIP: V4, expected: {} },
  {
    what: 'a pinned one with annotations',
    given: { [KEY]: V4, [OLD_KEY]: V4 },
    loadBalancerIP: V4,
    expected: { [KEY]: null, [OLD_KEY]: null },
  },
  {
    what: 'a pinned one that waited',
    given: { [POOL]: WAITING_POOL },
    loadBalancerIP: V4,
    expected: { [POOL]: null },
  },
  {
    what: 'one pinned to another address: MetalLB is to serve nothing',
    given: { [KEY]: V4 },
    loadBalancerIP: OTHER_V4,
    expected: { [POOL]: WAITING_POOL },
  },
  {
    what: 'one pinned to another address, as it was left',
    given: { [OLD_KEY]: V4, [POOL]: WAITING_POOL },
    loadBalancerIP: OTHER_V4,
    expected: {},
  },
  {
    what: 'one pinned to another address of our pool',
    given: { [POOL]: 'cloud-provider-phoenixnap' },
    loadBalancerIP: OTHER_V4,
    expected: { [POOL]: WAITING_POOL },
  },
  {
    what: 'one whose pin was taken back',
    given: { [KEY]: V4, [POOL]: WAITING_POOL },
    expected: { [POOL]: null },
  },
  {
    what: 'one pinned to what MetalLB cannot read: it keeps what it has',
    loadBalancerIP: 'nonsense',
    expected: {},
  },
  { what: "one of somebody else's pool", given: { [POOL]: 'production' }, expected: {} },
]

for (const row of SERVING)
  t.test(`serving ${row.what}`, async t =>
    t.strictSame(annotationsOf(metallb.toServing(toGiven(row), [V4])), row.expected),
  )

t.test('both addresses of a dual-stack Service, the primary first', async t => {
  t.strictSame(metallb.toServing(makeService(), [V6, V4]), { annotations: { [KEY]: `${V6},${V4}` } })
})

const WAITING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { [POOL]: WAITING_POOL } },
  { what: 'one that waits', given: { [POOL]: WAITING_POOL }, expected: {} },
  {
    what: 'one that would take any address of our pool',
    given: { [POOL]: 'cloud-provider-phoenixnap' },
    expected: { [POOL]: WAITING_POOL },
  },
  { what: 'a pinned one', loadBalancerIP: V4, expected: { [POOL]: WAITING_POOL } },
  { what: "one of somebody else's pool", given: { [OLD_POOL]: 'production' }, expected: {} },
]

for (const row of WAITING)
  t.test(`waiting: ${row.what}`, async t =>
    t.strictSame(annotationsOf(metallb.toWaiting(toGiven(row))), row.expected),
  )

const CLEARED: readonly FieldsCase[] = [
  { what: 'what was assigned', given: { [KEY]: V4 }, expected: { [KEY]: null } },
  { what: 'the wish of its user', given: { [KEY]: OTHER_V4, [POOL]: 'production' }, expected: {} },
  { what: 'the mark of waiting', given: { [POOL]: WAITING_POOL }, expected: { [POOL]: null } },
]

for (const row of CLEARED)
  t.test(`cleared: ${row.what}`, async t =>
    t.strictSame(annotationsOf(metallb.toCleared(toGiven(row), [V4])), row.expected),
  )

t.test('whose pool a Service is to be served from', async t => {
  const cases: readonly [Record<string, string>, string | undefined][] = [
    [{}, undefined],
    [{ [POOL]: '' }, undefined],
    [{ [POOL]: WAITING_POOL }, undefined],
    [{ [POOL]: WAITING_POOL, [OLD_POOL]: 'production' }, undefined],
    [{ [POOL]: 'production' }, `${POOL}: production`],
    [{ [OLD_POOL]: 'production' }, `${OLD_POOL}: production`],
  ]
  for (const [annotations, why] of cases) t.equal(metallb.servedElsewhere?.(makeService(annotations)), why)
})

const OURS = 'cloud-provider-phoenixnap'
const DRAWS: readonly [what: string, service: ReturnType<typeof makeService>, draws: boolean][] = [
  ['nothing', makeService(), false],
  ['our pool', makeService({ [POOL]: OURS }), true],
  ['our pool by the old key', makeService({ [OLD_POOL]: OURS }), true],
  ['our pool by the old key, behind a mark', makeService({ [POOL]: WAITING_POOL, [OLD_POOL]: OURS }), true],
  ['our pool by the old key, behind another', makeService({ [POOL]: 'production', [OLD_POOL]: OURS }), false],
  ['our pool by the old key, behind none', makeService({ [POOL]: '', [OLD_POOL]: OURS }), false],
  ['another pool', makeService({ [POOL]: 'production' }), false],
  ['our pool, and an address', makeService({ [POOL]: OURS, [KEY]: V4 }), false],
  ['our pool, and an address by the old key', makeService({ [POOL]: OURS, [OLD_KEY]: V4 }), false],
  [
    'our pool, and no address before an old one',
    makeService({ [POOL]: OURS, [KEY]: '', [OLD_KEY]: V4 }),
    true,
  ],
  ['our pool, and the field', makeService({ [POOL]: OURS }, { loadBalancerIP: V4 }), false],
]
for (const [what, service, draws] of DRAWS)
  t.test(`whether it draws from our pool: ${what}`, async t =>
    t.equal(
      metallb.drawsFromOurs?.(service, () => true),
      draws,
    ),
  )

t.test('one pool holds every address once, and none is no pool', async t => {
  const entries = [V6, '203.0.113.10', '203.0.113.9', '198.51.100.200', V6].map(address => entryOf(address))
  const kind = {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    path: '/apis/metallb.io/v1beta1/namespaces/lb-system/ipaddresspools',
    crd: 'ipaddresspools.metallb.io',
  }
  const addresses = ['198.51.100.200/32', '203.0.113.9/32', '203.0.113.10/32', '2001:db8::5/128']
  t.strictSame(metallb.toPools(entries), [
    { kind, name: 'cloud-provider-phoenixnap', spec: { addresses, autoAssign: false } },
  ])
  t.strictSame(metallb.toPools(entries.toReversed()), metallb.toPools(entries))
  t.strictSame(metallb.toPools([]), [])
  t.strictSame(metallb.poolKinds, [kind])
})
