import t from 'tap'
import type { Claim } from '../../../shared/controllers/address/contract.ts'
import type { Step } from '../../../shared/controllers/unregister/contract.ts'
import {
  type Holdings,
  listKept,
  listLeft,
  planService,
} from '../../../shared/controllers/unregister/plan-services.ts'
import { ASSIGNED_IPS, CLEANUP_FINALIZER, FINALIZER, WAITING } from '../../../shared/kubernetes/names.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { ADDRESS, DELETED, toClaim, toService } from './_view.ts'

const OTHER = '203.0.113.4'
const THEIRS = '192.0.2.9'
const WAITS = { [WAITING]: 'since' }

const toHoldings = (...claims: Claim[]): Holdings => ({
  book: { claims, gates: [], unreadable: [], now: 0 },
  cidrs: ['203.0.113.0/29'],
  dedicated: [],
})
const NOTHING = toHoldings()
const keep = (service: KubeService, holdings = NOTHING): Step | undefined =>
  planService(service, holdings, false)
const release = (service: KubeService, holdings = NOTHING): Step | undefined =>
  planService(service, holdings, true)

/** The step of default/web that writes this. */
const toStep = (action: Step['action'], why: string, metadata: object, more: object = {}): Step => ({
  phase: 'services',
  kind: 'Service',
  name: 'default/web',
  action,
  detail: { ...metadata, ...more },
  why,
  request: {
    method: 'PATCH',
    path: '/api/v1/namespaces/default/services/web',
    patch: 'merge',
    body: { metadata: { uid: 'u', resourceVersion: '1', ...metadata }, ...more },
  },
})

t.test('a Service that is served loses our finalizer, and says which address it keeps', async t => {
  const annotations = { [ASSIGNED_IPS]: `${ADDRESS},${OTHER}` }
  const finalizers = [FINALIZER, 'other']
  t.strictSame(
    keep(toService({ finalizers, annotations })),
    toStep('keep', `it keeps ${ADDRESS}, ${OTHER}`, { finalizers: ['other'] }),
  )
  t.strictSame(
    keep(toService({ finalizers })),
    toStep('keep', 'it keeps what it has', { finalizers: ['other'] }),
  )
})

t.test('one that waits is told of as such, and its announcer may serve it otherwise', async t => {
  t.strictSame(
    keep(toService({ annotations: { ...WAITS, theirs: 'stays' } })),
    toStep(
      'change',
      'it waits for an address that nobody would bring; its announcer may serve it otherwise',
      {
        annotations: { [WAITING]: null },
      },
    ),
  )
})

/** [what, annotations, what is written] */
const TRACES: readonly [string, Record<string, string>, object | undefined][] = [
  ['that it waits', WAITS, { annotations: { [WAITING]: null } }],
  [
    'that our mark is ours',
    { 'phoenixnap.com/kube-vip-ignore': 'true' },
    { annotations: { 'phoenixnap.com/kube-vip-ignore': null } },
  ],
  [
    'a pool that is never made',
    { 'metallb.io/address-pool': 'phoenixnap-waiting' },
    { annotations: { 'metallb.io/address-pool': null } },
  ],
  ['an address that we chose, and nothing else', { [ASSIGNED_IPS]: ADDRESS }, undefined],
  ['a pool of somebody else', { 'metallb.io/address-pool': 'production' }, undefined],
  ['an annotation of somebody else', { 'example.org/pool': 'phoenixnap-waiting' }, undefined],
  ['a wish of its user', { 'lbipam.cilium.io/ips': '0.0.0.0' }, undefined],
]
for (const [what, annotations, detail] of TRACES)
  t.test(`what is left of waiting tells a Service of ours: ${what}`, async t => {
    t.strictSame(keep(toService({ annotations }))?.detail, detail)
  })

t.test('a Service without a trace of ours is left alone, whatever its type', async t => {
  t.equal(keep(toService()), undefined)
  t.equal(keep(toService({}, { type: 'ClusterIP' })), undefined)
  t.equal(keep({ metadata: { name: 'web' } }), undefined)
  for (const type of ['LoadBalancer', 'ClusterIP']) t.equal(release(toService({}, { type })), undefined)
  const annotations = { 'lbipam.cilium.io/ips': '0.0.0.0' }
  t.equal(release(toService({ annotations })), undefined, 'its user keeps it from being served')
})

const family = (address: string) => (address.includes(':') ? 'IPv6' : 'IPv4')
const entries = (...addresses: string[]) =>
  addresses.map(address => ({
    address,
    family: family(address),
    service: { namespace: 'default', name: 'web' },
  }))

t.test(
  'a Service keeps what was claimed for it, what we chose, and what it has in a block of ours',
  async t => {
    const six = '2001:db8::5'
    const service = toService({ annotations: { [ASSIGNED_IPS]: six } }, {}, OTHER)
    t.strictSame(listKept(service, toHoldings(toClaim())), entries(ADDRESS, six, OTHER))
    t.strictSame(listKept(toService({}, {}, ADDRESS), toHoldings(toClaim())), entries(ADDRESS), 'each once')
    const asked = toService({ annotations: { 'kube-vip.io/loadbalancerIPs': `${OTHER},${THEIRS}` } })
    t.strictSame(listKept(asked, NOTHING), entries(OTHER), 'also in words of its announcer')
    t.strictSame(listKept(toService({}, {}, THEIRS), NOTHING), [])
    t.strictSame(
      listKept(toService({}, {}, OTHER), { ...NOTHING, cidrs: ['198.51.100.0/29', '203.0.113.0/29'] }),
      entries(OTHER),
    )
  },
)

/** A claim that says nothing of default/web. */
const OTHERS: readonly [string, Partial<Claim>][] = [
  ['one that rests', { state: 'released' }],
  ['one that nobody confirmed', { state: 'unconfirmed' }],
  ['one of another Service', { service: { namespace: 'default', name: 'api' } }],
  ['one of another namespace', { service: { namespace: 'shop', name: 'web' } }],
]
for (const [what, fields] of OTHERS)
  t.test(`a claim is no address of a Service: ${what}`, async t => {
    t.strictSame(listKept(toService(), toHoldings(toClaim(fields))), [])
  })

t.test('who is being deleted or no load balancer keeps nothing', async t => {
  const holdings = toHoldings(toClaim())
  t.strictSame(listKept(toService(DELETED), holdings), [])
  t.strictSame(listKept(toService({}, { type: 'ClusterIP' }), holdings), [])
  t.strictSame(listKept({ metadata: { namespace: 'default', name: 'web' } }, holdings), [])
})

t.test('the Go program’s finalizer stays on a Service that it may come back for', async t => {
  const both = [FINALIZER, CLEANUP_FINALIZER]
  t.strictSame(
    keep(toService({ finalizers: both }))?.detail,
    { finalizers: [CLEANUP_FINALIZER] },
    'no address',
  )
  t.strictSame(keep(toService({ finalizers: both }, {}, ADDRESS))?.detail, { finalizers: [] }, 'ours')
  const theirs = toService({ finalizers: [CLEANUP_FINALIZER], annotations: WAITS }, {}, ADDRESS)
  t.strictSame(keep(theirs)?.detail, { annotations: { [WAITING]: null } }, 'we never served it')
})

t.test('--release takes every trace of an address at once, and says which is given back', async t => {
  const annotations = { [ASSIGNED_IPS]: ADDRESS, 'kube-vip.io/loadbalancerIPs': ADDRESS, theirs: 'stays' }
  const gone = { [ASSIGNED_IPS]: null, 'kube-vip.io/loadbalancerIPs': null }
  const service = toService({ annotations, finalizers: [FINALIZER] }, { loadBalancerIP: ADDRESS }, ADDRESS)
  t.strictSame(
    release(service),
    toStep(
      'release',
      `${ADDRESS} is given back`,
      { annotations: gone, finalizers: [] },
      { spec: { loadBalancerIP: null } },
    ),
  )
  t.strictSame(
    release(toService({ annotations: WAITS })),
    toStep('release', 'what it waits for is given back', { annotations: { [WAITING]: null } }),
  )
})

t.test('--release clears the status last, and only of what is given back', async t => {
  const hostname = { hostname: 'a.example' }
  const ingress = [{ ip: THEIRS }, { ip: ADDRESS }, hostname]
  const service = { ...toService(), status: { loadBalancer: { ingress } } }
  const status = { loadBalancer: { ingress: [{ ip: THEIRS }, hostname] } }
  const { request, ...step } = toStep('release', `${ADDRESS} is given back`, {}, { status })
  const path = `${request.path}/status`
  t.strictSame(release(service), { ...step, request: { ...request, path } })
  t.equal(release(toService({}, {}, THEIRS), toHoldings(toClaim())), undefined, 'somebody else’s stays')
})

t.test('a wish for other addresses outlives a release, as far as it names others', async t => {
  const key = 'metallb.io/loadBalancerIPs'
  const of = (text: string) => release(toService({ annotations: { [key]: text } }))?.detail
  t.strictSame(of(`${ADDRESS},${THEIRS},a.example`), { annotations: { [key]: `${THEIRS},a.example` } })
  t.strictSame(of(`${ADDRESS},${OTHER}`), { annotations: { [key]: null } })
  t.strictSame(of(THEIRS), undefined)
  const spaced = { [ASSIGNED_IPS]: `${ADDRESS},${OTHER}`, [key]: ` ${THEIRS} ` }
  const step = release(toService({ annotations: spaced }))
  t.strictSame(step?.detail, { annotations: { [ASSIGNED_IPS]: null } }, 'word for word')
  t.equal(step?.why, `${ADDRESS}, ${OTHER} is given back`)
  const beside = toService({ annotations: { [key]: '2001:db8::9' } }, { loadBalancerIP: ADDRESS })
  const claimed = toHoldings(toClaim())
  t.strictSame(release(beside, claimed)?.detail, { spec: { loadBalancerIP: null } }, 'beside the field')
})

t.test('one that is no load balancer any more says so, and its field stays', async t => {
  const annotations = { [ASSIGNED_IPS]: ADDRESS, 'metallb.io/loadBalancerIPs': `${ADDRESS},${THEIRS}` }
  const spec = { type: 'ClusterIP', loadBalancerIP: ADDRESS }
  t.strictSame(
    keep(toService({ annotations, finalizers: [FINALIZER, CLEANUP_FINALIZER] }, spec)),
    toStep('release', 'it is no load balancer any more', {
      annotations: { [ASSIGNED_IPS]: null },
      finalizers: [],
    }),
  )
  t.equal(keep(toService({ annotations: { [ASSIGNED_IPS]: ADDRESS } }, spec, ADDRESS)), undefined)
})

t.test('one in deletion is let go with a reason', async t => {
  const service = toService({ ...DELETED, finalizers: [FINALIZER, 'other'] })
  t.strictSame(keep(service), toStep('release', 'it is being deleted', { finalizers: ['other'] }))
  t.equal(keep(toService(DELETED), toHoldings(toClaim({ state: 'released' }))), undefined, 'nothing holds it')
  t.equal(keep(toService({ ...DELETED, finalizers: ['other'] })), undefined)
})

/** [claim, whether a host of ours began the deletion] */
const BEGUN: readonly [string, Partial<Claim>, boolean][] = [
  ['one that rests', { state: 'released' }, true],
  ['one that is kept for good', { state: 'retained' }, true],
  ['one that it still has', { state: 'active' }, false],
  ['one that nobody confirmed', { state: 'unconfirmed' }, false],
  ['that of another Service', { state: 'released', service: { namespace: 'default', name: 'api' } }, false],
  ['that of another namespace', { state: 'released', service: { namespace: 'shop', name: 'web' } }, false],
]
for (const [what, fields, isBegun] of BEGUN)
  t.test(`the claim tells whose deletion it is to finish: ${what}`, async t => {
    const service = toService({ ...DELETED, finalizers: [CLEANUP_FINALIZER] }, {}, ADDRESS)
    const others = toClaim({ address: OTHER, service: { namespace: 'x', name: 'y' } })
    const holdings = toHoldings(others, toClaim(fields))
    t.strictSame(keep(service, holdings)?.detail, isBegun ? { finalizers: [] } : undefined)
    t.strictSame(listLeft([service], holdings), isBegun ? [] : ['default/web'])
  })

t.test('only who is being deleted, by that finalizer, and of ours waits for the Go program', async t => {
  const finalizers = [CLEANUP_FINALIZER]
  t.strictSame(
    listLeft(
      [
        toService({ finalizers }, {}, ADDRESS),
        toService(DELETED, {}, ADDRESS),
        toService({ ...DELETED, finalizers: ['other'] }, {}, ADDRESS),
        toService({ ...DELETED, finalizers }, {}, THEIRS),
        toService({ ...DELETED, finalizers: [CLEANUP_FINALIZER, FINALIZER] }, {}, ADDRESS),
      ],
      NOTHING,
    ),
    [],
  )
})

t.test('an address that is given back goes from an annotation that the field hides', async t => {
  const annotations = { 'kube-vip.io/loadbalancerIPs': `${ADDRESS},2001:db8::1` }
  const step = release(toService({ annotations }, { loadBalancerIP: THEIRS }))
  t.strictSame(step?.detail, { annotations: { 'kube-vip.io/loadbalancerIPs': '2001:db8::1' } })
})
