import t from 'tap'
import { INVARIANTS, type InvariantId } from '../../torture/invariants/table.ts'
import { ADDRESS, block, claim, gate, node, OUR_TAGS, server, service } from './_objects.ts'
import { CONTROLLER, SECRET, type Told, tellByHand } from './_told.ts'

const USER = 'admin'
const MISSING = { 'phoenixnap.com/missing-since': '2026-01-01T00:00:00Z' }
const PURCHASE = 'POST /ips/v1/ip-blocks'
const GOING = { deletionTimestamp: '2026-01-01T00:00:00Z' }

/** A Service that is served, in a block of ours. */
function serve(told: Told): void {
  told.store(CONTROLLER, 'ipaddresses', gate())
  told.store(USER, 'services', service('web', ''))
  told.store(CONTROLLER, 'ipaddresses', claim('web'))
  told.store(CONTROLLER, 'services', service('web', ADDRESS))
}

/** Nobody uses the block yet. */
const reserve = (told: Told): void =>
  told.store(CONTROLLER, 'ipaddresses', gate({ 'unused-since': '2026-01-01T00:00:00Z' }))

/** A Service that waits, and a block bought for it. */
function buy(told: Told, id: string, more: Readonly<Record<string, string>> = {}): void {
  told.store(USER, 'services', service('web', ''))
  told.cloud(CONTROLLER, PURCHASE, [block({ id, status: 'creating' }, { ...OUR_TAGS, ...more })])
}

const review = (uid: string): string =>
  JSON.stringify({ request: { uid, name: 'web', namespace: 'default', userInfo: { username: USER } } })
const PATCH = Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/annotations', value: {} }]))

/** The least that violates each; all on a block of ours that is there from the start. */
const BAD: Readonly<Record<InvariantId, (told: Told) => void>> = {
  '1a': told => {
    serve(told)
    told.store(CONTROLLER, 'services', service('api', ADDRESS))
  },
  '1b': told => {
    serve(told)
    told.store(CONTROLLER, 'ipaddresses', claim('web', {}, '198.19.0.19'))
    told.store(CONTROLLER, 'services', service('web', '198.19.0.19'))
  },
  '1c': told => told.store(CONTROLLER, 'services', service('web', ADDRESS)),
  '1d': told => {
    serve(told)
    const annotations = { 'kube-vip.io/loadbalancerIPs': ADDRESS }
    told.store(USER, 'services', service('thief', '', { metadata: { finalizers: [], annotations } }))
    told.atRest()
  },
  '1e': told => {
    serve(told)
    const annotations = { 'phoenixnap.com/assigned-ips': ADDRESS, 'kube-vip.io/loadbalancerIPs': '' }
    told.store(CONTROLLER, 'services', service('web', ADDRESS, { metadata: { annotations } }))
    told.atRest()
  },
  '1f': told => {
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'retained' }))
    told.store(CONTROLLER, 'ipaddresses', undefined, claim('web'))
  },
  '1g': told => {
    serve(told)
    told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'released', 'service-uid': '' }))
    told.store(CONTROLLER, 'ipaddresses', undefined, claim('web'))
    told.minutes(5)
    told.store(CONTROLLER, 'ipaddresses', claim('api'))
  },
  '1h': told => {
    const spec = { loadBalancerIP: '198.19.0.19' }
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(USER, 'services', service('web', '', { spec }))
    told.store(CONTROLLER, 'ipaddresses', claim('web'))
    told.store(CONTROLLER, 'services', service('web', ADDRESS, { spec }))
  },
  '2a': told => {
    buy(told, 'b2')
    told.minutes(1)
    told.cloud(CONTROLLER, PURCHASE, [
      block({ id: 'b2', status: 'creating' }),
      block({ id: 'b3', status: 'creating' }),
    ])
  },
  '2b': told => {
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.atRest()
  },
  '2c': told => {
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'released', rest: '600s' }))
    told.minutes(20)
    told.atRest()
  },
  '3a': told => {
    serve(told)
    told.cloud(CONTROLLER, 'DELETE /networks/…', [block({ status: 'unassigning' })])
  },
  '3b': told => {
    told.cloud('cloud', '', [block(), block({ id: 'b9', cidr: '192.0.2.0/29' }, {})])
    told.cloud(CONTROLLER, 'DELETE /ips/…', [block()])
  },
  '3c': told => {
    const plain = service('web', '', { metadata: { finalizers: [], annotations: {} } })
    const served = { ...plain, status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } } }
    told.store(USER, 'services', served)
    told.store(CONTROLLER, 'services', service('web', ''), served)
  },
  '4a': told => {
    serve(told)
    told.store(CONTROLLER, 'services', service('web', '', { metadata: { ...GOING, finalizers: [] } }))
  },
  '4b': told => {
    told.store(USER, 'services', service('web', '', { metadata: GOING }))
    told.atRest()
  },
  '5a': told => {
    told.servers([server('s1', 'node-a')])
    const lost = node('node-a', { providerID: 'phoenixnap://s1', ready: false, annotations: MISSING })
    told.store(CONTROLLER, 'nodes', lost)
    told.minutes(2)
    told.store(CONTROLLER, 'nodes', undefined, lost)
  },
  '5b': told => {
    told.store(USER, 'nodes', node('node-a', { providerID: 'aws:///eu/i-0' }))
    told.store(CONTROLLER, 'nodes', node('node-a', { providerID: 'aws:///eu/i-0', annotations: MISSING }))
  },
  '5c': told => {
    told.store(USER, 'nodes', node('node-a', { providerID: 'phoenixnap://s1' }))
    told.store(CONTROLLER, 'nodes', node('node-a', { providerID: 'phoenixnap://s1', addresses: [] }))
  },
  '5d': told => {
    told.servers([server('s1', 'node-b')])
    told.store(USER, 'nodes', node('node-a'))
    told.store(CONTROLLER, 'nodes', node('node-a', { providerID: 'phoenixnap://s1' }))
  },
  '6a': told => told.request(CONTROLLER, { method: 'PATCH' }, { changed: false }),
  '6b': told => {
    const answer = JSON.stringify({ response: { allowed: true, patch: PATCH.toString('base64') } })
    told.request('cluster', { to: 'admission', body: review('1') }, { answer })
    told.request(
      USER,
      { path: '/api/v1/namespaces/default/services' },
      { status: 422, answer: 'metadata.annotations: Invalid value' },
    )
  },
  '6c': told => {
    told.rest()
    told.request(CONTROLLER, { method: 'PATCH' })
  },
  '7': told => {
    told.log(`cannot use ${SECRET}`)
    told.atRest()
  },
  '8a': told => {
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(USER, 'services', service('web', ''))
    told.atRest()
  },
  '8b': told => {
    told.servers([server('s1', 'node-a')])
    told.store(USER, 'nodes', node('node-a', { isTainted: true }))
    told.atRest()
  },
}

t.test('the table has one row for each', async t => {
  t.strictSame(Object.keys(BAD), Object.keys(INVARIANTS))
})

for (const [id, tell] of Object.entries(BAD)) {
  const { text } = INVARIANTS[id as InvariantId]
  t.test(`${id} ${text}`, async t => {
    const told = tellByHand([block()])
    tell(told)
    const found = told.violations.filter(({ invariant }) => invariant === id)
    t.not(found.length, 0, JSON.stringify(told.violations))
  })
}

/** What looks like it, and is right. */
const GOOD: Readonly<Record<string, (told: Told) => void>> = {
  'a Service comes, asks for another address, and goes': told => {
    serve(told)
    const asking = service('web', ADDRESS)
    const annotations = { ...asking.metadata.annotations, 'kube-vip.io/loadbalancerIPs': '198.19.0.19' }
    told.store(USER, 'services', { ...asking, metadata: { ...asking.metadata, annotations } })
    told.store(CONTROLLER, 'ipaddresses', claim('web', {}, '198.19.0.19'))
    told.store(CONTROLLER, 'services', service('web', '198.19.0.19'))
    told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'released', 'service-uid': '' }))
    told.store(CONTROLLER, 'ipaddresses', undefined, claim('web'))
    told.atRest()
    const gone = service('web', '198.19.0.19', { metadata: GOING })
    told.store(USER, 'services', gone)
    const released = claim('web', { state: 'released', 'service-uid': '' }, '198.19.0.19')
    told.store(CONTROLLER, 'ipaddresses', released)
    told.store(CONTROLLER, 'services', undefined, gone)
    told.store(CONTROLLER, 'ipaddresses', undefined, released)
    reserve(told)
    told.atRest()
    told.store(CONTROLLER, 'ipaddresses', gate({ state: 'closed' }))
    told.cloud(CONTROLLER, 'DELETE /networks/…', [block({ status: 'unassigning' })])
  },
  'a Service loses its address because somebody takes its block': told => {
    serve(told)
    told.cloud('cloud', '', [])
    told.store(CONTROLLER, 'services', service('web', ''))
  },
  'another Service gets an address that has rested': told => {
    serve(told)
    const gone = service('web', ADDRESS, { metadata: GOING })
    told.store(USER, 'services', gone)
    told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'released', 'service-uid': '' }))
    told.store(CONTROLLER, 'services', undefined, gone)
    told.minutes(10)
    told.store(CONTROLLER, 'ipaddresses', undefined, claim('web'))
    told.store(CONTROLLER, 'ipaddresses', claim('api'))
  },
  'a retained address, for its Service': told => {
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'retained' }))
    told.store(USER, 'services', service('web', ''))
    told.store(CONTROLLER, 'ipaddresses', claim('web'))
    told.store(CONTROLLER, 'services', service('web', ADDRESS))
    told.atRest()
  },
  'a user copies a manifest': told => {
    serve(told)
    told.store(USER, 'services', service('copy', ADDRESS))
  },
  'a second block for more Services than the first one serves': told => {
    for (let index = 0; index < 6; index++) told.store(USER, 'services', service(`web-${index}`, ''))
    buy(told, 'b2')
    told.cloud(CONTROLLER, PURCHASE, [block({ id: 'b2', status: 'creating' }), block({ id: 'b3' })])
  },
  'a purchase that arrives twice, and goes back': told => {
    buy(told, 'b2', { purchase: 'p1' })
    const twice = { ...OUR_TAGS, purchase: 'p1' }
    told.cloud(CONTROLLER, PURCHASE, [block({ id: 'b2' }, twice), block({ id: 'b3' }, twice)])
  },
  'a node whose server has gone': told => {
    const lost = node('node-a', { providerID: 'phoenixnap://s1', ready: false, annotations: MISSING })
    told.store(CONTROLLER, 'nodes', lost)
    told.minutes(2)
    told.store(CONTROLLER, 'nodes', undefined, lost)
    reserve(told)
    told.atRest()
  },
  'a node that joins': told => {
    told.servers([server('s1', 'node-a')])
    told.store(USER, 'nodes', node('node-a', { isTainted: true }))
    told.store(CONTROLLER, 'nodes', node('node-a', { providerID: 'phoenixnap://s1' }))
    reserve(told)
    told.atRest()
  },
  'a write that is repeated because nobody heard of the first one': told => {
    told.request(CONTROLLER, { method: 'PUT' }, { trouble: 'reset after' })
    told.request(CONTROLLER, { method: 'PUT' }, { changed: false })
  },
  "a user's own mistake": told => {
    told.request(
      USER,
      { path: '/api/v1/namespaces/default/services' },
      { status: 422, answer: 'spec.ports[0].port: Invalid value' },
    )
  },
}

for (const [name, tell] of Object.entries(GOOD)) {
  t.test(`no violation: ${name}`, async t => {
    const told = tellByHand([block()])
    tell(told)
    t.strictSame(told.violations, [])
  })
}
