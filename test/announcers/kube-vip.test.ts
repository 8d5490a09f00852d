import t from 'tap'
import { kubeVip } from '../../shared/announcers/kube-vip.ts'
import { annotationsOf, entryOf, type FieldsCase, OTHER_V4, toGiven, V4, V6 } from './_service.ts'

const KEY = 'kube-vip.io/loadbalancerIPs'
const IGNORE = 'kube-vip.io/ignore'
const MARK = 'phoenixnap.com/kube-vip-ignore'

const SERVING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { [KEY]: `${V4},${V6}` } },
  { what: 'one that says so', given: { [KEY]: `${V6}, ${V4}` }, expected: {} },
  { what: 'one that says so in another spelling', given: { [KEY]: `2001:DB8:0::5,${V4}` }, expected: {} },
  { what: 'one with another address', given: { [KEY]: OTHER_V4 }, expected: { [KEY]: `${V4},${V6}` } },
  {
    what: 'one with a host name beside them',
    given: { [KEY]: `${V4},${V6},a.example` },
    expected: { [KEY]: `${V4},${V6}` },
  },
  {
    what: 'one that waited',
    given: { [IGNORE]: 'true', [MARK]: 'true' },
    expected: { [KEY]: `${V4},${V6}`, [IGNORE]: null, [MARK]: null },
  },
  {
    what: 'one that its user keeps from kube-vip',
    given: { [IGNORE]: 'true' },
    expected: { [KEY]: `${V4},${V6}` },
  },
  {
    what: 'one whose user no longer ignores it',
    given: { [IGNORE]: 'false', [MARK]: 'true' },
    expected: { [KEY]: `${V4},${V6}`, [MARK]: null },
  },
  { what: 'one pinned to one of two', loadBalancerIP: V4, expected: { [KEY]: `${V4},${V6}` } },
  {
    what: 'one pinned to another address, which the annotation hides',
    loadBalancerIP: OTHER_V4,
    expected: { [KEY]: `${V4},${V6}` },
  },
]

for (const row of SERVING)
  t.test(`serving ${row.what}`, async t =>
    t.strictSame(annotationsOf(kubeVip.toServing(toGiven(row), [V4, V6])), row.expected),
  )

t.test('a pinned address needs no annotation, but one that says something else is put right', async t => {
  const pinned = toGiven({ what: '', loadBalancerIP: V4, expected: {} })
  t.strictSame(kubeVip.toServing(pinned, [V4]), {})
  const both = toGiven({ what: '', given: { [KEY]: OTHER_V4 }, loadBalancerIP: V4, expected: {} })
  t.strictSame(kubeVip.toServing(both, [V4]), { annotations: { [KEY]: V4 } })
})

const WAITING: readonly FieldsCase[] = [
  { what: 'a new Service', expected: { [IGNORE]: 'true', [MARK]: 'true' } },
  { what: 'one that waits', given: { [IGNORE]: 'true', [MARK]: 'true' }, expected: {} },
  { what: 'one that its user keeps from kube-vip', given: { [IGNORE]: 'true' }, expected: {} },
  {
    what: 'a value that kube-vip does not heed',
    given: { [IGNORE]: 'True' },
    expected: { [IGNORE]: 'true', [MARK]: 'true' },
  },
]

for (const row of WAITING)
  t.test(`waiting: ${row.what}`, async t =>
    t.strictSame(annotationsOf(kubeVip.toWaiting(toGiven(row))), row.expected),
  )

const CLEARED: readonly FieldsCase[] = [
  { what: 'what was assigned', given: { [KEY]: `${V4},${V6}` }, expected: { [KEY]: null } },
  { what: 'the wish of its user', given: { [KEY]: OTHER_V4 }, expected: {} },
  {
    what: 'marks of waiting',
    given: { [IGNORE]: 'true', [MARK]: 'true' },
    expected: { [IGNORE]: null, [MARK]: null },
  },
  { what: "its user's own mark", given: { [IGNORE]: 'true' }, expected: {} },
  { what: 'nothing', expected: {} },
]

for (const row of CLEARED)
  t.test(`cleared: ${row.what}`, async t =>
    t.strictSame(annotationsOf(kubeVip.toCleared(toGiven(row), [V6, V4])), row.expected),
  )

t.test('an empty annotation is not taken for no assigned address', async t => {
  const row = { what: '', given: { [KEY]: '' }, expected: {} }
  t.strictSame(kubeVip.toCleared(toGiven(row), []), {})
})

t.test('it needs no pools', async t => {
  t.strictSame(kubeVip.poolKinds, [])
  t.strictSame(kubeVip.toPools([entryOf(V4)]), [])
})
