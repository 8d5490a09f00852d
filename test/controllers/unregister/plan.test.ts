import t from 'tap'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import { planPools } from '../../../shared/controllers/unregister/plan-pools.ts'
import {
  type Holdings,
  listKept,
  listLeft,
  planService,
} from '../../../shared/controllers/unregister/plan-services.ts'
import type { ClusterView } from '../../../shared/controllers/unregister/view.ts'
import { ASSIGNED_IPS, CLEANUP_FINALIZER, FINALIZER, WAITING } from '../../../shared/kubernetes/names.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { ADDRESS, LABELS, toClaim, toService } from './_view.ts'

const holdings: Holdings = {
  book: { claims: [], gates: [], unreadable: [], now: 0 },
  cidrs: ['203.0.113.0/29'],
  dedicated: [{ namespace: 'default', name: 'alone' }],
}

const MARKS: readonly Readonly<Record<string, string>>[] = [
  { 'kube-vip.io/ignore': 'true', 'phoenixnap.com/kube-vip-ignore': 'true' },
  { 'metallb.io/address-pool': 'phoenixnap-waiting' },
  { 'lbipam.cilium.io/ips': '0.0.0.0' },
  { 'purelb.io/service-group': 'phoenixnap-waiting', 'purelb.io/addresses': '0.0.0.0' },
]

t.test('whatever announcer was in use, its mark of waiting goes', async t => {
  for (const marks of MARKS) {
    const annotations = { ...marks, [WAITING]: 'since', theirs: 'stays' }
    const step = planService(toService({ finalizers: [FINALIZER, 'other'], annotations }), holdings, false)
    const gone = Object.fromEntries([...Object.keys(marks), WAITING].map(key => [key, null]))
    t.strictSame(step?.detail, { annotations: gone, finalizers: ['other'] })
  }
  const theirs = toService({ annotations: { 'kube-vip.io/ignore': 'true' } })
  t.equal(planService(theirs, holdings, false), undefined, 'a mark of its user is no mark of ours')
})

t.test('a Service that is served keeps every word of its address', async t => {
  const annotations = { [ASSIGNED_IPS]: ADDRESS, 'metallb.io/loadBalancerIPs': ADDRESS }
  const service = toService({ annotations, finalizers: [CLEANUP_FINALIZER, FINALIZER] }, {}, ADDRESS)
  t.strictSame(planService(service, holdings, false)?.detail, { finalizers: [] })
  t.match(listKept(service, holdings), [{ address: ADDRESS, service: { name: 'web' } }])
})

t.test('--release takes an address in whatever words it is asked for', async t => {
  const cases: readonly [annotations: Record<string, string>, left: Record<string, string | null>][] = [
    [{ 'metallb.universe.tf/loadBalancerIPs': ADDRESS }, { 'metallb.universe.tf/loadBalancerIPs': null }],
    [
      { 'kube-vip.io/loadbalancerIPs': `${ADDRESS},2001:db8::1` },
      { 'kube-vip.io/loadbalancerIPs': '2001:db8::1' },
    ],
    [{ 'purelb.io/addresses': '192.0.2.1' }, {}],
  ]
  for (const [annotations, left] of cases) {
    const service = toService({ annotations: { ...annotations, [ASSIGNED_IPS]: ADDRESS } })
    t.strictSame(planService(service, holdings, true)?.detail, {
      annotations: { ...left, [ASSIGNED_IPS]: null },
    })
  }
  const pinned = toService({}, { loadBalancerIP: ADDRESS })
  t.strictSame(planService(pinned, holdings, true)?.detail, { spec: { loadBalancerIP: null } })
  const left = toService({}, {}, ADDRESS)
  t.strictSame(planService(left, holdings, true)?.detail, { status: { loadBalancer: { ingress: [] } } })
  t.equal(planService(toService({}, { loadBalancerIP: '192.0.2.9' }, '192.0.2.9'), holdings, true), undefined)
})

const plan = (service: KubeService): unknown => planService(service, holdings, false)?.detail

t.test('one in deletion is let go where nobody else would', async t => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const finalizers = [CLEANUP_FINALIZER, 'other']
  const ours = [FINALIZER, ...finalizers]
  t.strictSame(plan(toService({ deletionTimestamp, finalizers: ours })), { finalizers: ['other'] })
  const foreign = toService({ deletionTimestamp, finalizers }, {}, '192.0.2.1')
  for (const release of [false, true])
    t.equal(planService(foreign, holdings, release), undefined, "somebody else's")
})

t.test('one that was handed back is left to the Go program, which gives its block back', async t => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const handedBack = toService({ deletionTimestamp, finalizers: [CLEANUP_FINALIZER] }, {}, ADDRESS)
  const alone = toService({ deletionTimestamp, finalizers: [CLEANUP_FINALIZER], name: 'alone' })
  const withClaim = (state: Claim['state']): Holdings => ({
    ...holdings,
    book: { ...holdings.book, claims: [toClaim({ state })] },
  })
  t.equal(plan(handedBack), undefined)
  t.equal(plan(alone), undefined)
  t.equal(planService(handedBack, withClaim('active'), false), undefined, 'it keeps its claim until then')
  t.strictSame(listLeft([handedBack, alone, toService({}, {}, ADDRESS)], withClaim('active')), [
    'default/web',
    'default/alone',
  ])
  const begun = withClaim('released')
  t.strictSame(planService(handedBack, begun, false)?.detail, { finalizers: [] }, 'a host of ours began it')
  t.strictSame(listLeft([handedBack], begun), [])
  t.strictSame(
    planService(alone, holdings, true)?.detail,
    { finalizers: [] },
    '--release gives all blocks back',
  )
})

t.test('one of another type loses what was left on it', async t => {
  const annotations = { [ASSIGNED_IPS]: ADDRESS, 'kube-vip.io/loadbalancerIPs': ADDRESS }
  const service = toService({ annotations, finalizers: [FINALIZER] }, { type: 'ClusterIP' })
  t.strictSame(planService(service, holdings, false)?.detail, {
    annotations: { 'kube-vip.io/loadbalancerIPs': null, [ASSIGNED_IPS]: null },
    finalizers: [],
  })
  t.strictSame(listKept(service, holdings), [])
})

const CILIUM = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumLoadBalancerIPPool',
  path: '/apis/cilium.io/v2/ciliumloadbalancerippools',
  crd: 'ciliumloadbalancerippools.cilium.io',
}

function toPool(
  name: string,
  cidr: string,
  labels?: Record<string, string>,
  ...more: string[]
): ClusterView['pools'][number] {
  const metadata = { name, uid: name, resourceVersion: '1', ...(labels && { labels }) }
  return { kind: CILIUM, pool: { metadata, spec: { blocks: [cidr, ...more].map(one => ({ cidr: one })) } } }
}

t.test('a pool stays where an address in it stays', async t => {
  const pools = [
    toPool('cloud-provider-phoenixnap-203-0-113-3', '203.0.113.3/32', LABELS),
    toPool('cloud-provider-phoenixnap-203-0-113-4', '203.0.113.4/32', LABELS),
    toPool('cloud-provider-phoenixnap-mine', '192.0.2.0/28'),
  ]
  const entries = [
    { address: ADDRESS, family: 'IPv4' as const, service: { namespace: 'default', name: 'web' } },
  ]
  const steps = planPools(pools, entries, undefined)
  t.match(steps, [
    { action: 'handOver', name: /3$/, request: { method: 'PATCH' } },
    { action: 'delete', name: /4$/, request: { method: 'DELETE' } },
  ])
  t.equal(steps.length, 2)
})

t.test('--release deletes what was handed over, unless somebody put more into it', async t => {
  const pools = [
    toPool('cloud-provider-phoenixnap-203-0-113-3', '203.0.113.3/32'),
    toPool('cloud-provider-phoenixnap', '192.0.2.0/28'),
    toPool('cloud-provider-phoenixnap-two', '203.0.113.4/32', {}, '192.0.2.1/32'),
  ]
  const steps = planPools(pools, [], address => address.startsWith('203.0.113.'))
  t.match(steps, [{ action: 'delete', name: /203-0-113-3$/ }])
  t.equal(steps.length, 1)
})
