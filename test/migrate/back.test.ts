import t from 'tap'
import { PLAIN } from '../../functions/terminal/look.ts'
import { toMigrateText } from '../../functions/terminal/migrate-text.ts'
import { getAnnouncer } from '../../shared/announcers/announcers.ts'
import type { AddressBlock } from '../../shared/cloud-provider/load-balancer.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { planBack, toPatch } from '../../shared/migrate/back.ts'
import { toLeftSecret } from '../../shared/migrate/secret.ts'
import type { MigrateView } from '../../shared/migrate/view.ts'
import { bare, claimOf, KEEPS, OWN, toBlock, toService, toView } from './_view.ts'

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
  t.strictSame([blocked({}), blocked({ passAgeMs: 120_000 })], [[], []])
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

const STEPS = [
  'End the handlers (serve, or the stack of the functions): kubectl -n kube-system scale deployment cloud-provider-phoenixnap --replicas=0',
  'Take the webhook away: kubectl delete mutatingwebhookconfiguration cloud-provider-phoenixnap',
  'Hand over: cloud-provider-phoenixnap migrate --back --confirm (with --accept-new-addresses where Services share blocks)',
  'Take the rest of this program out of the cluster: cloud-provider-phoenixnap unregister --confirm',
  'Install the Go program as it was, with its Secret and its settings, the location among them (PNAP_LOCATION)',
]

t.test('where nothing is left, nothing is to be done but to change over', async t => {
  const nothing = { way: 'back', handOvers: [], unused: [], items: [], inTheWay: [], notes: [], steps: STEPS }
  t.strictSame(planBack(toView({}), false), nothing)
  t.strictSame(planBack(toView({ hosts: ['Deployment a/b'] }), false), nothing)
})

t.test('what is in the way, word by word and in the order in which it is put right', async t => {
  const services = [toService(`${KEEPS},198.51.100.3`)]
  const view: Partial<MigrateView> = {
    problems: ['X is wrong'],
    hosts: ['Deployment a/b'],
    hasWebhook: true,
    passAgeMs: 0,
    managers: ['Pod a/b'],
    announcer: getAnnouncer('metallb', { metallbNamespace: '' }),
    blocks: undefined,
  }
  const plan = planBack(toView({ services, ...view }), false)
  t.strictSame(plan.inTheWay, [
    'settings: X is wrong',
    'a host of this program runs: Deployment a/b: end it (a Deployment: scale it to 0), however old its last pass is',
    'the webhook of this program is still registered: kubectl delete mutatingwebhookconfiguration cloud-provider-phoenixnap',
    'a host of this program made a pass 0s ago: end it, and wait 2m',
    'the Go program runs already: Pod a/b: it would give new addresses to Services that keep theirs',
    'the Go program knows kube-vip, not metallb: change the announcer first',
    'PNAP_LOAD_BALANCER is not set: nobody can tell which Service has which block',
    `Service default/web gets a new address and loses ${KEEPS}, 198.51.100.3 (--accept-new-addresses): it shares its block with others`,
  ])
  t.strictSame(plan.notes, [
    'Once the Go program has given them new addresses, run migrate --back --confirm again: the blocks that are then unused are marked, and it gives them back.',
  ])
  const announcer = { announcer: undefined }
  t.strictSame(planBack(toView({ services, blocks: [OWN], ...announcer }), true).inTheWay, [])
})

t.test('a claim alone tells that there are blocks', async t => {
  const book = { claims: [claimOf(KEEPS, 'active', 'own')], gates: [], unreadable: [], now: 0 }
  t.strictSame(planBack(toView({ blocks: undefined, book }), false).inTheWay, [
    'PNAP_LOAD_BALANCER is not set: nobody can tell which Service has which block',
  ])
})

/** [what it is, the Service, whether it is handed over] */
const OURS: readonly (readonly [what: string, service: KubeService, isOurs: boolean])[] = [
  ['with our finalizer', bare({ finalizers: ['phoenixnap.com/load-balancer'] }), true],
  ['with a chosen address', bare({ annotations: { 'phoenixnap.com/assigned-ips': KEEPS } }), true],
  ['of others', bare({ finalizers: ['other'], annotations: {} }), false],
  ['without marks', bare({}), false],
  ['of another type', bare({ finalizers: ['phoenixnap.com/load-balancer'] }, 'ClusterIP'), false],
  [
    'that is being deleted',
    bare({ finalizers: ['phoenixnap.com/load-balancer'], deletionTimestamp: '2026-01-01T00:00:00Z' }),
    false,
  ],
  ['without a spec', { metadata: { namespace: 'default', name: 'web' } }, false],
]
for (const [what, service, isOurs] of OURS)
  t.test(`a Service ${what} is ${isOurs ? '' : 'not '}handed over`, async t => {
    t.equal(planBack(toView({ services: [service], blocks: [OWN] }), true).handOvers.length, isOurs ? 1 : 0)
  })

t.test('a host that runs is in the way of blocks alone, and notes only of what is lost', async t => {
  const { inTheWay, notes, items } = planBack(
    toView({ blocks: [toBlock('free', '203.0.113.0/29')], managers: ['Pod a/b'], passAgeMs: 0 }),
    false,
  )
  t.strictSame([inTheWay, notes, items.length], [[], [], 1])
})

t.test('the report keeps what others wrote on its line', async t => {
  const evil = 'go\u001b[2K\u001b[1G\rReady.\nReady.'
  const plan = planBack(toView({ services: [toService(KEEPS)], blocks: [OWN], managers: [evil] }), false)
  const item = { kind: 'Service', name: evil, outcome: evil, why: evil } as const
  const carriedOut = { done: [evil], failures: [evil] }
  const report = { ...plan, items: [item], notes: [evil], ready: false, carriedOut }
  const text = toMigrateText(report, PLAIN)
  t.notMatch(text, /[^\P{Cc}\n]|^Ready/mu)
  t.match(text, /^in the way: .*go\[2K\[1G Ready\. Ready\./m)
})

t.test('many to which the same happens are told by a few', async t => {
  const plan = planBack(toView({ services: [toService(KEEPS)], blocks: [OWN] }), false)
  const items = Array.from({ length: 500 }, (_, index) => ({
    kind: 'Service' as const,
    name: `default/web-${index}`,
    outcome: 'gets an address',
    why: 'it has none yet',
  }))
  const text = toMigrateText({ ...plan, items, ready: true, carriedOut: undefined }, PLAIN)
  t.ok(
    text.startsWith(
      [
        'Service default/web-0 gets an address: it has none yet',
        'Service default/web-1 gets an address: it has none yet',
        'Service default/web-2 gets an address: it has none yet',
        '    … and 497 more like these\n',
      ].join('\n'),
    ),
    text,
  )
})

t.test('the Secret is read as the program itself reads it, and tells no value', async t => {
  const text = '{ "clientID": "id", "clientSecret": "very-secret", "loadbalancer": "kube-vip:///net", }'
  const secret = await toLeftSecret('kube-system/pnap-cloud-config', text)
  t.match(secret, { settings: ['PNAP_CLIENT_ID', 'PNAP_CLIENT_SECRET', 'PNAP_LOAD_BALANCER'], problems: [] })
  const broken = await toLeftSecret('a/b', '{ "clientID": "id", "loadbalancer": "very-secret" }')
  t.match(broken.problems, [/PNAP_CLIENT_SECRET is missing/, /./])
  t.notMatch(JSON.stringify(broken.problems), /very-secret/)
})
