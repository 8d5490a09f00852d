import t from 'tap'
import { cilium } from '../../shared/announcers/cilium.ts'
import { annotationsOf, entryOf, type FieldsCase, OTHER_V4, toGiven, V4, V6 } from './_service.ts'

const KEY = 'lbipam.cilium.io/ips'
const OLD_KEY = 'io.cilium/lb-ipam-ips'

const SERVING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { [KEY]: `${V4},${V6}` } },
  { what: 'one that says so', given: { [KEY]: `${V6}, ${V4}` }, expected: {} },
  { what: 'one that says so by the old key', given: { [OLD_KEY]: `${V6},${V4}` }, expected: {} },
  { what: 'one that says it in two places', given: { [KEY]: V6 }, loadBalancerIP: V4, expected: {} },
  { what: 'a pinned one', loadBalancerIP: V4, expected: { [KEY]: `${V4},${V6}` } },
  { what: 'one that waited', given: { [KEY]: '0.0.0.0' }, expected: { [KEY]: `${V4},${V6}` } },
  {
    what: 'one pinned to another address, which is in no pool of its own',
    given: { [KEY]: `${V4},${V6}` },
    loadBalancerIP: OTHER_V4,
    expected: {},
  },
  {
    what: 'one with one address more',
    given: { [KEY]: `${V4},${V6},${OTHER_V4}` },
    expected: { [KEY]: `${V4},${V6}` },
  },
]

for (const row of SERVING)
  t.test(`serving ${row.what}`, async t =>
    t.strictSame(annotationsOf(cilium.toServing(toGiven(row), [V4, V6])), row.expected),
  )

const WAITING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { [KEY]: '0.0.0.0' } },
  { what: 'one that waits', given: { [KEY]: '0.0.0.0' }, expected: {} },
  { what: 'one with an empty annotation', given: { [KEY]: '' }, expected: { [KEY]: '0.0.0.0' } },
  { what: 'one with a blank annotation', given: { [KEY]: ' ' }, expected: { [KEY]: '0.0.0.0' } },
  { what: 'one that asks for an address is given no other', given: { [OLD_KEY]: V4 }, expected: {} },
  { what: 'a pinned one is given no other', loadBalancerIP: V4, expected: {} },
  { what: 'what is no address stays', given: { [KEY]: 'x,y' }, expected: { [KEY]: '0.0.0.0,x,y' } },
  {
    what: 'what is no address stays by the old key',
    given: { [OLD_KEY]: 'x' },
    expected: { [OLD_KEY]: '0.0.0.0,x' },
  },
  { what: 'what is no address is marked once', given: { [KEY]: '0.0.0.0,x' }, expected: {} },
  {
    what: 'what is too long is marked once',
    given: { [KEY]: `0.0.0.0,${'x'.repeat(2000)}` },
    expected: {},
  },
]

for (const row of WAITING)
  t.test(`waiting: ${row.what}`, async t =>
    t.strictSame(annotationsOf(cilium.toWaiting(toGiven(row))), row.expected),
  )

const CLEARED: readonly FieldsCase[] = [
  { what: 'what was assigned', given: { [KEY]: `${V4},${V6}` }, expected: { [KEY]: null } },
  { what: 'the wish of its user', given: { [KEY]: OTHER_V4 }, expected: {} },
  { what: 'the mark of waiting', given: { [KEY]: '0.0.0.0' }, expected: { [KEY]: null } },
  {
    what: 'the mark before what is no address',
    given: { [KEY]: '0.0.0.0,x', [OLD_KEY]: '0.0.0.0,y' },
    expected: { [KEY]: 'x', [OLD_KEY]: 'y' },
  },
]

for (const row of CLEARED)
  t.test(`cleared: ${row.what}`, async t =>
    t.strictSame(annotationsOf(cilium.toCleared(toGiven(row), [V4, V6])), row.expected),
  )

const selectorOf = (name: string) => ({
  matchLabels: { 'io.kubernetes.service.namespace': 'shop', 'io.kubernetes.service.name': name },
})

t.test('one pool an address, for its Service alone', async t => {
  const pools = cilium.toPools([entryOf(V6, 'web', 'shop'), entryOf(V4, 'api', 'shop')])
  t.strictSame(
    pools.map(({ name, spec }) => ({ name, spec })),
    [
      {
        name: 'cloud-provider-phoenixnap-2001-db8--5',
        spec: { blocks: [{ cidr: '2001:db8::5/128' }], serviceSelector: selectorOf('web') },
      },
      {
        name: 'cloud-provider-phoenixnap-203-0-113-9',
        spec: { blocks: [{ cidr: '203.0.113.9/32' }], serviceSelector: selectorOf('api') },
      },
    ],
  )
  t.strictSame(cilium.toPools([]), [])
})

t.test('every address has a name of its own that Kubernetes accepts', async t => {
  const addresses = ['2001:db8::', '2001:db8::1', '::1', '::', '1:2:3:4:5:6:7:0', '1.2.3.4', '1:2:3:4::']
  const names = cilium.toPools(addresses.map(address => entryOf(address))).map(({ name }) => name)
  t.equal(new Set(names).size, addresses.length)
  t.strictSame(names, names.toSorted())
  for (const name of names) t.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
})

const toKind = (version: string) => ({
  apiVersion: `cilium.io/${version}`,
  kind: 'CiliumLoadBalancerIPPool',
  path: `/apis/cilium.io/${version}/ciliumloadbalancerippools`,
  crd: 'ciliumloadbalancerippools.cilium.io',
})

t.test('older clusters have the kind in an older version', async t => {
  t.strictSame(cilium.poolKinds, [{ ...toKind('v2'), fallback: toKind('v2alpha1') }])
})
