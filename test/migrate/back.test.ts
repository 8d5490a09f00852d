import t from 'tap'
import { getAnnouncer } from '../../shared/announcers/announcers.ts'
import type { AddressBlock } from '../../shared/cloud-provider/load-balancer.ts'
import type { Claim } from '../../shared/controllers/address/contract.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { planBack, toPatch } from '../../shared/migrate/back.ts'
import { toMigrateText } from '../../shared/migrate/report.ts'
import { toLeftSecret } from '../../shared/migrate/secret.ts'
import type { MigrateView } from '../../shared/migrate/view.ts'

const kubeVip = getAnnouncer('kube-vip', { metallbNamespace: '' })

const toBlock = (id: string, cidr: string, name?: string): AddressBlock => ({
  id,
  cidr,
  family: 'IPv4',
  location: 'PHX',
  state: 'assigned',
  status: 'assigned',
  usable: undefined,
  dedicatedTo: name === undefined ? undefined : { namespace: 'default', name },
  purchase: undefined,
  marked: false,
  onNetwork: true,
  ageMs: undefined,
})

const toService = (addresses: string, spec: object = {}): KubeService => ({
  metadata: {
    namespace: 'default',
    name: 'web',
    uid: 'uid',
    resourceVersion: '7',
    finalizers: ['other', 'phoenixnap.com/load-balancer'],
    annotations: { 'phoenixnap.com/assigned-ips': addresses, 'kube-vip.io/loadbalancerIPs': addresses },
  },
  spec: { type: 'LoadBalancer', ...spec },
})

const toView = (view: Partial<MigrateView>): MigrateView => ({
  nodes: [],
  services: [],
  instances: [],
  blocks: [],
  book: { claims: [], gates: [], unreadable: [], now: 0 },
  announcer: kubeVip,
  classes: [],
  providerIDOwner: () => ({ owner: 'none' }),
  managers: [],
  hosts: [],
  secret: undefined,
  problems: [],
  hasWebhook: false,
  passAgeMs: undefined,
  intervalMs: 60_000,
  ...view,
})

const OWN = toBlock('own', '198.51.100.0/29', 'web')
const KEEPS = '198.51.100.2'

t.test('a Service keeps its address where the Go program finds its block', async t => {
  const view = toView({ services: [toService(KEEPS)], blocks: [OWN] })
  const plan = planBack(view, false)
  t.match(plan, { inTheWay: [], unused: [], handOvers: [{ keeps: KEEPS, loses: [] }] })
  const [handOver] = plan.handOvers
  t.strictSame(handOver && toPatch(handOver, view), {
    metadata: {
      uid: 'uid',
      resourceVersion: '7',
      finalizers: ['other', 'service.kubernetes.io/load-balancer-cleanup'],
      annotations: { 'phoenixnap.com/assigned-ips': null },
    },
    spec: { loadBalancerIP: KEEPS },
  })
})

const LOSING: Readonly<Record<string, { service: KubeService; blocks: AddressBlock[]; why: RegExp }>> = {
  'it shares its block': {
    service: toService(KEEPS),
    blocks: [toBlock('b', '198.51.100.0/29')],
    why: /shares/,
  },
  'two blocks bear its name': {
    service: toService(KEEPS),
    blocks: [OWN, toBlock('b', '203.0.113.0/29', 'web')],
    why: /several blocks/,
  },
  'it has two addresses': { service: toService(`${KEEPS},198.51.100.3`), blocks: [OWN], why: /one address/ },
  'its address lies elsewhere': { service: toService('203.0.113.2'), blocks: [OWN], why: /does not lie/ },
  'its block is not assigned': {
    service: toService(KEEPS),
    blocks: [{ ...OWN, state: 'failed' }],
    why: /is assigned/,
  },
  'it has a class': { service: toService(KEEPS, { loadBalancerClass: 'a/b' }), blocks: [OWN], why: /Class/ },
}
for (const [what, { service, blocks, why }] of Object.entries(LOSING)) {
  t.test(`a Service gets another address where ${what}`, async t => {
    const pinned = { ...service, spec: { ...service.spec, loadBalancerIP: KEEPS } }
    const view = toView({ services: [pinned], blocks })
    t.match(planBack(view, false).inTheWay, [/--accept-new-addresses/])
    const plan = planBack(view, true)
    t.match(plan, { inTheWay: [], handOvers: [{ keeps: undefined, why }] })
    const [handOver] = plan.handOvers
    t.match(handOver && toPatch(handOver, view), {
      metadata: { finalizers: ['other'], annotations: { 'kube-vip.io/loadbalancerIPs': null } },
      spec: { loadBalancerIP: null },
    })
  })
}

t.test('what would undo the hand-over is in the way', async t => {
  const services = [toService(KEEPS)]
  const blocked = (view: Partial<MigrateView>) =>
    planBack(toView({ services, blocks: [OWN], ...view }), false).inTheWay
  t.match(blocked({ hasWebhook: true }), [/webhook/])
  t.match(blocked({ passAgeMs: 100_000 }), [/made a pass 100s ago: end it, and wait 20s/])
  t.match(blocked({ passAgeMs: 120_000 }), [])
  t.match(blocked({ hosts: ['Deployment a/b'] }), [/^a host of this program runs: Deployment a\/b: end it/])
  t.match(blocked({ managers: ['Pod a/b'] }), [/runs already: Pod a\/b/])
  t.match(blocked({ problems: ['X is wrong'] }), ['settings: X is wrong'])
  t.match(blocked({ blocks: undefined }), [/PNAP_LOAD_BALANCER is not set/, /shares/])
  const metallb = getAnnouncer('metallb', { metallbNamespace: 'metallb-system' })
  t.match(blocked({ announcer: metallb }), [/knows kube-vip, not metallb/])
  t.strictSame(
    blocked({ services: [], hasWebhook: true }),
    [],
    'where nothing is left to hand over, nothing is',
  )
  const free = [toBlock('free', '203.0.113.0/29')]
  t.match(
    blocked({ services: [], blocks: free, hosts: ['Pod a/b'] }),
    [/^a host of this program runs: Pod a\/b/],
    'a host uses blocks that are free',
  )
  t.strictSame(blocked({ services: [], blocks: undefined }), [], 'load balancers may never have been used')
  const gate = { address: '203.0.113.0', blockId: 'b', state: 'open', since: 0 } as const
  const gates = [{ ...gate, unusedSince: undefined, uid: 'uid', resourceVersion: '1' }]
  const book = { claims: [], gates, unreadable: [], now: 0 }
  t.match(blocked({ services: [], blocks: undefined, book }), [/PNAP_LOAD_BALANCER is not set/])
})

t.test('a block is unused where no Service names an address of it, or waits for it', async t => {
  const blocks = [
    toBlock('free', '203.0.113.0/29'),
    toBlock('gone', '203.0.113.8/29', 'gone'),
    { ...toBlock('marked', '203.0.113.16/29'), marked: true },
    { ...toBlock('coming', '203.0.113.24/29'), state: 'coming' as const },
    OWN,
  ]
  const services = [toService('')]
  t.strictSame(
    planBack(toView({ services, blocks }), true).unused.map(({ id }) => id),
    ['free', 'gone'],
  )
})

const claimOf = (address: string, state: Claim['state'], blockId: string): Claim => ({
  address,
  state,
  blockId,
  service: { namespace: 'default', name: 'gone' },
  family: 'IPv4',
  since: 0,
  serviceUid: undefined,
  restMs: undefined,
  why: undefined,
  uid: 'uid',
  resourceVersion: '1',
})

t.test('a block is in use as long as anybody has a claim in it', async t => {
  const blocks = [
    toBlock('retained', '203.0.113.0/29', 'gone'),
    toBlock('released', '203.0.113.8/29'),
    toBlock('unconfirmed', '203.0.113.16/29'),
    toBlock('active', '203.0.113.24/29'),
    toBlock('free', '203.0.113.32/29'),
  ]
  const claims = [
    claimOf('203.0.113.2', 'retained', 'retained'),
    claimOf('203.0.113.10', 'released', 'released'),
    claimOf('203.0.113.18', 'unconfirmed', 'unconfirmed'),
    // The inventory that named its block may be old.
    claimOf('203.0.113.26', 'active', 'another'),
  ]
  const { unused, items, notes, inTheWay } = planBack(
    toView({ blocks, book: { claims, gates: [], unreadable: [], now: 0 } }),
    false,
  )
  t.strictSame(inTheWay, [])
  t.strictSame(
    unused.map(({ id }) => id),
    ['free'],
  )
  t.strictSame(
    items.map(({ name, outcome }) => `${name} ${outcome}`),
    [
      'free (203.0.113.32/29) is marked, and the Go program gives it back',
      'retained (203.0.113.0/29) is left as it is',
      'released (203.0.113.8/29) is left as it is',
      'unconfirmed (203.0.113.16/29) is left as it is',
      'active (203.0.113.24/29) is left as it is',
    ],
  )
  t.match(items[1], { why: /203\.0\.113\.2 is retained for default\/gone \(retain-ip\)/ })
  t.match(notes, [/^203\.0\.113\.2 is retained .* take the tags off its block retained/])
  t.equal(notes.length, 1)
})

t.test('the report keeps what others wrote on its line', async t => {
  const evil = 'go\u001b[2K\u001b[1G\rReady.\nReady.'
  const plan = planBack(toView({ services: [toService(KEEPS)], blocks: [OWN], managers: [evil] }), false)
  const item = { kind: 'Service', name: evil, outcome: evil, why: evil } as const
  const carriedOut = { done: [evil], failures: [evil] }
  const text = toMigrateText({ ...plan, items: [item], notes: [evil], ready: false, carriedOut })
  t.notMatch(text, /[^\P{Cc}\n]|^Ready/mu)
  t.match(text, /^in the way: .*go\[2K\[1G Ready\. Ready\./m)
})

t.test('the Secret is read as the program itself reads it, and tells no value', async t => {
  const text = '{ "clientID": "id", "clientSecret": "very-secret", "loadbalancer": "kube-vip:///net", }'
  const secret = await toLeftSecret('kube-system/pnap-cloud-config', text)
  t.match(secret, { settings: ['PNAP_CLIENT_ID', 'PNAP_CLIENT_SECRET', 'PNAP_LOAD_BALANCER'], problems: [] })
  const broken = await toLeftSecret('a/b', '{ "clientID": "id", "loadbalancer": "very-secret" }')
  t.match(broken.problems, [/PNAP_CLIENT_SECRET is missing/, /./])
  t.notMatch(JSON.stringify(broken.problems), /very-secret/)
})
