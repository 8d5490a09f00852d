import t from 'tap'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import { findUnused, toClaimedItem, toRetainedNotes, toUnusedItem } from '../../shared/migrate/unused.ts'
import { claimOf, toBlock, toView } from './_view.ts'

const A = toBlock('a', '203.0.113.0/29')
const B = toBlock('b', '203.0.113.8/29')
const ADDRESS = '203.0.113.2'

const toNamed = (fields: Partial<KubeService>): KubeService => ({
  ...fields,
  metadata: { namespace: 'default', name: 'web', ...fields.metadata },
})
const annotated = (annotations: Readonly<Record<string, string>>): KubeService =>
  toNamed({ metadata: { namespace: 'default', name: 'web', annotations } })

/** Each names an address of A in one way alone. */
const USES: Readonly<Record<string, KubeService>> = {
  'its field': toNamed({ spec: { loadBalancerIP: ADDRESS } }),
  'its status': toNamed({ status: { loadBalancer: { ingress: [{ ip: ADDRESS }] } } }),
  'what was chosen for it': annotated({ 'phoenixnap.com/assigned-ips': ADDRESS }),
  'the annotation of its announcer': annotated({ 'kube-vip.io/loadbalancerIPs': ADDRESS }),
}
for (const [where, service] of Object.entries(USES))
  t.test(`a block is in use where a Service names an address of it in ${where}`, async t => {
    t.strictSame(findUnused(toView({ services: [service], blocks: [A, B] })), { unused: [B], claimed: [] })
  })

t.test('without an announcer or blocks there is less to look at', async t => {
  const services = [USES['the annotation of its announcer'] ?? toNamed({})]
  t.strictSame(findUnused(toView({ services, blocks: [A], announcer: undefined })).unused, [A])
  t.strictSame(findUnused(toView({ services, blocks: undefined })), { unused: [], claimed: [] })
  const pinned = [toNamed({ spec: { loadBalancerIP: ADDRESS } })]
  t.strictSame(findUnused(toView({ services: pinned, blocks: [A], announcer: undefined })).unused, [])
})

t.test('a block of a Service that lives is in use, whatever address that has', async t => {
  const own = toBlock('own', '203.0.113.16/29', 'web')
  const elsewhere = { ...own, dedicatedTo: { namespace: 'other', name: 'web' } }
  t.strictSame(findUnused(toView({ services: [toNamed({})], blocks: [own] })).unused, [])
  t.strictSame(findUnused(toView({ services: [toNamed({})], blocks: [elsewhere] })).unused, [elsewhere])
})

t.test('a block that is marked, or not assigned, is none to be marked', async t => {
  const blocks = [
    { ...A, marked: true },
    { ...B, state: 'coming' as const },
  ]
  t.strictSame(findUnused(toView({ blocks })), { unused: [], claimed: [] })
})

t.test('claims are told block by block, by its id or where their address lies', async t => {
  const claims = [
    claimOf('203.0.113.2', 'released', 'a'),
    claimOf('203.0.113.3', 'retained', 'another'),
    claimOf('198.51.100.2', 'active', 'gone'),
    claimOf('198.51.100.3', 'active', 'b'),
  ]
  const book = { claims, gates: [], unreadable: [], now: 0 }
  const { unused, claimed } = findUnused(toView({ blocks: [A, B], book }))
  t.strictSame(unused, [])
  t.strictSame(claimed, [
    { block: A, claims: claims.slice(0, 2) },
    { block: B, claims: claims.slice(3) },
  ])
  t.strictSame(claimed.map(toClaimedItem), [
    {
      kind: 'IPBlock',
      name: 'a (203.0.113.0/29)',
      outcome: 'is left as it is',
      why: '203.0.113.2 is claimed for default/gone (released), 203.0.113.3 is retained for default/gone (retain-ip), which has gone',
    },
    {
      kind: 'IPBlock',
      name: 'b (203.0.113.8/29)',
      outcome: 'is left as it is',
      why: '198.51.100.3 is claimed for default/gone (active)',
    },
  ])
  t.strictSame(claimed.flatMap(toRetainedNotes), [
    '203.0.113.3 is retained for default/gone (retain-ip), which has gone: the Go program knows nothing of that, and unregister takes the claim away. To keep the address, take the tags off its block a in the BMC portal before that; to give it up: kubectl delete ipaddress 203.0.113.3',
  ])
})

t.test('what becomes of an unused block', async t => {
  t.strictSame(toUnusedItem(A), {
    kind: 'IPBlock',
    name: 'a (203.0.113.0/29)',
    outcome: 'is marked, and the Go program gives it back',
    why: 'no Service has an address in it',
  })
})
