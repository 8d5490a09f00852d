import t from 'tap'
import { ASSIGNED_IPS, FINALIZER, RETAIN_IP, WAITING } from '../../shared/kubernetes/names.ts'
import type { KubeObject } from '../../shared/simulator/kubernetes/objects.ts'
import { KUBE_VIP_IPS } from '../support/services.ts'
import { ADDRESS, block, claim, gate, service } from './_objects.ts'
import { CONTROLLER, type Told, tellByHand } from './_told.ts'

const USER = 'admin'
const ANOTHER = '198.19.0.19'

/** A Service that is served, in a version that reviews name. */
function serve(told: Told, more: Readonly<Record<string, string>> = {}): KubeObject {
  told.store(CONTROLLER, 'ipaddresses', gate())
  told.store(USER, 'services', service('web', ''))
  told.store(CONTROLLER, 'ipaddresses', claim('web'))
  const annotations = { [ASSIGNED_IPS]: ADDRESS, [KUBE_VIP_IPS]: ADDRESS, ...more }
  const served = service('web', ADDRESS, {
    metadata: { annotations, uid: 'uid-web', resourceVersion: '7', finalizers: [FINALIZER] },
  })
  told.store(CONTROLLER, 'services', served)
  return served
}

const change = ({ metadata, ...rest }: KubeObject, more: Partial<KubeObject['metadata']>): KubeObject => ({
  ...rest,
  metadata: { ...metadata, ...more },
})

function review(told: Told, old: KubeObject, object: KubeObject, more: object = {}): void {
  const { name, namespace } = object.metadata
  const request = { uid: '1', name, namespace, resource: { resource: 'services' }, object, oldObject: old }
  told.request('cluster', { to: 'admission', body: JSON.stringify({ request }) }, { answer: '{}', ...more })
}

const idsOf = ({ violations }: Told): string[] => violations.map(({ invariant }) => invariant)

const LOST: Readonly<
  Record<string, { readonly more?: object; readonly log?: string; readonly found: string[] }>
> = {
  'a review that is answered lets our finalizer go': { found: ['4a'] },
  'a review that went wrong says nothing': { more: { status: 500 }, found: [] },
  'the answer to a review gets lost': { more: { trouble: 'reset after' }, found: [] },
  'a review is let through': {
    log: '{"msg":"service let through untouched","service":"default/web"}',
    found: [],
  },
  'a review is answered without the API server': {
    log: '{"service":"default/web","why":"KUBE_TIMEOUT: GET /apis","operations":0,"msg":"service reviewed"}',
    found: [],
  },
  'a review is answered by a decision': {
    log: '{"service":"default/web","why":"it is served","operations":0,"msg":"service reviewed"}',
    found: ['4a'],
  },
}

for (const [name, { more, log, found }] of Object.entries(LOST)) {
  t.test(name, async t => {
    const told = tellByHand([block()])
    const served = serve(told)
    const dropped = change(served, { finalizers: [] })
    if (log !== undefined) told.log(log)
    review(told, served, dropped, more)
    told.store(USER, 'services', dropped)
    t.strictSame(idsOf(told), found)
  })
}

t.test('of two writes that are reviewed at one moment, the one that was sent so is stored', async t => {
  const told = tellByHand([block()])
  const served = serve(told)
  const mark = (more: Readonly<Record<string, string>>): KubeObject =>
    change(served, { annotations: { ...served.metadata.annotations, ...more } })
  const byHand = mark({ [WAITING]: 'tomorrow' })
  review(told, served, byHand)
  review(told, served, mark({ note: 'other' }))
  told.store(USER, 'services', byHand)
  t.strictSame(idsOf(told), [])
})

for (const [what, request, found] of [
  ['the next one, which nobody reviewed', 2, []],
  ['the same one', 1, ['1b']],
] as const) {
  t.test(`a review says what was sent in its own request; stored is ${what}`, async t => {
    const told = tellByHand([block()])
    const served = serve(told)
    review(told, served, change(served, { annotations: {} }), { within: 1 })
    const annotations = { ...served.metadata.annotations, [WAITING]: 'tomorrow' }
    told.store(USER, 'services', change(served, { annotations }), undefined, request)
    t.strictSame(idsOf(told), found)
  })
}

for (const [name, request, found] of [
  ['the request that was reviewed', 1, ['4a']],
  ['another one, after a review of what changed nothing', 2, []],
] as const) {
  t.test(`our finalizer is let go by ${name}`, async t => {
    const told = tellByHand([block()])
    const served = serve(told)
    const dropped = change(served, { finalizers: [] })
    review(told, served, dropped, { within: 1 })
    told.store(USER, 'services', dropped, undefined, request)
    t.strictSame(idsOf(told), found)
  })
}

t.test('who is deleted, and kept by others, keeps what he had', async t => {
  const told = tellByHand([block()])
  const served = serve(told)
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/hold'] }
  told.store(USER, 'services', change(served, going))
  told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'released', rest: '600s' }))
  told.minutes(60)
  told.atRest()
  t.strictSame(idsOf(told), [])
})

t.test('who is deleted, and kept by others, is announced with what another has now', async t => {
  const told = tellByHand([block()])
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/hold'] }
  told.store(USER, 'services', change(serve(told), going))
  told.store(USER, 'ipaddresses', undefined, claim('web'))
  told.store(USER, 'ipaddresses', claim('api'))
  told.store(USER, 'services', service('api', ADDRESS))
  told.atRest()
  t.strictSame(idsOf(told), ['1d'])
})

t.test("a finalizer that nobody reviewed is its user's business until all is at rest", async t => {
  const told = tellByHand([block()])
  told.store(USER, 'services', change(serve(told), { finalizers: [] }))
  t.strictSame(idsOf(told), [])
})

for (const key of ['retain-ip', 'manage', 'ip-allocation', 'ip-location']) {
  t.test(`who writes ${key} does not wish for another address`, async t => {
    const told = tellByHand([block()])
    const served = serve(told)
    const annotations = { ...served.metadata.annotations, [`phoenixnap.com/${key}`]: 'true' }
    told.store(USER, 'services', change(served, { annotations }))
    told.store(CONTROLLER, 'ipaddresses', claim('web', {}, ANOTHER))
    told.store(CONTROLLER, 'services', service('web', ANOTHER))
    t.strictSame(idsOf(told), ['1b'])
  })
}

t.test('an address of a Service that retains it is released when it is deleted', async t => {
  const told = tellByHand([block()])
  const served = serve(told, { [RETAIN_IP]: 'true' })
  told.store(USER, 'services', change(served, { deletionTimestamp: '2026-01-01T00:00:00Z' }))
  told.store(CONTROLLER, 'ipaddresses', claim('web', { state: 'released', 'service-uid': '' }))
  t.strictSame(idsOf(told), ['1f'])
})

t.test('a Service asks by annotation, and is given another address', async t => {
  const told = tellByHand([block()])
  const asking = service('web', '')
  const annotations = { ...asking.metadata.annotations, [KUBE_VIP_IPS]: ANOTHER }
  told.store(CONTROLLER, 'ipaddresses', gate())
  told.store(USER, 'services', change(asking, { annotations }))
  told.store(CONTROLLER, 'ipaddresses', claim('web'))
  told.store(CONTROLLER, 'services', service('web', ADDRESS))
  t.strictSame(idsOf(told), ['1h'])
})

const IPV6 = block({ id: 'b6', cidr: '2001:db8::/64', cidrBlockSize: '/64', ipVersion: 'V6' })
const DUAL = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' }
const FAMILIES: Readonly<
  Record<
    string,
    { readonly spec: Readonly<Record<string, unknown>>; readonly blocks: 0 | 1; readonly found: string[] }
  >
> = {
  'a Service of two families waits, though a block of the other can be bought': {
    spec: DUAL,
    blocks: 0,
    found: ['8a'],
  },
  'a Service of two families waits for the only block of the other': { spec: DUAL, blocks: 1, found: [] },
  'a Service that would like a second family waits for none': {
    spec: { ...DUAL, ipFamilyPolicy: 'PreferDualStack' },
    blocks: 1,
    found: ['8a'],
  },
}

for (const [name, { spec, blocks, found }] of Object.entries(FAMILIES)) {
  t.test(name, async t => {
    const others = blocks === 0 ? [] : [{ ...IPV6, tags: [] }]
    const told = tellByHand([block(), ...others])
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(USER, 'services', service('web', '', { spec }))
    told.atRest()
    t.strictSame(
      idsOf(told).filter(id => id === '8a'),
      found,
    )
  })
}

const OURS = 'cloud-provider-phoenixnap'
const pool = (spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pool',
  metadata: { name: OURS },
  spec,
})
const POOLS = {
  metallb: ['ipaddresspools', pool({ addresses: [`${ADDRESS}/32`], autoAssign: false })],
  purelb: ['servicegroups', pool({ remote: { v4pools: [{ pool: `${ADDRESS}/32` }] } })],
} as const
const GOING = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/hold'] }
const OF_PURELB = { loadBalancerClass: 'purelb.io/purelbv2' }
const DRAWN: readonly [
  what: string,
  announcer: keyof typeof POOLS,
  metadata: Partial<KubeObject['metadata']>,
  spec: Readonly<Record<string, unknown>>,
  found: readonly string[],
][] = [
  [
    'by the old key',
    'metallb',
    { ...GOING, annotations: { 'metallb.universe.tf/address-pool': OURS } },
    {},
    ['1d'],
  ],
  [
    'and waits',
    'metallb',
    { ...GOING, annotations: { 'metallb.io/address-pool': 'phoenixnap-waiting' } },
    {},
    [],
  ],
  ['by its group', 'purelb', { annotations: { 'purelb.io/service-group': OURS } }, OF_PURELB, ['1d']],
  [
    'by a note of its group',
    'purelb',
    { annotations: { 'purelb.io/allocated-from': OURS, 'purelb.io/multi-pool': 'true' } },
    OF_PURELB,
    ['1d'],
  ],
  [
    'and is for one address',
    'purelb',
    { annotations: { 'purelb.io/allocated-from': OURS, 'purelb.io/multi-pool': 'false' } },
    OF_PURELB,
    [],
  ],
]
for (const [what, announcer, metadata, spec, found] of DRAWN) {
  t.test(`one that is not served is led to any address of ours ${what}: ${announcer}`, async t => {
    const told = tellByHand([block()], { announcer })
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(CONTROLLER, 'ipaddresses', claim('web'))
    const [resource, object] = POOLS[announcer]
    told.store(CONTROLLER, resource, object)
    told.store(USER, 'services', service('thief', '', { metadata, spec }))
    told.atRest()
    t.strictSame(
      told.violations.flatMap(({ invariant, object }) => (object.includes('thief') ? invariant : [])),
      found,
    )
  })
}

const SERVED_ELSEWHERE = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } } }
const ASKING: KubeObject = { ...service('web', ADDRESS), ...SERVED_ELSEWHERE }
const BARE: KubeObject = change(ASKING, { annotations: {}, finalizers: [] })

for (const [what, was, notes, found] of [
  ['was served from here when its marks were dropped', ASKING, {}, []],
  ['never had any', BARE, {}, ['3c']],
  ['was served from here, and its claim rests', ASKING, { state: 'released' }, ['3c']],
  ['has the name of one that was served from here', ASKING, { 'service-uid': 'uid-former' }, ['3c']],
] as const)
  t.test(`one that somebody else serves is given our marks: it ${what}`, async t => {
    const told = tellByHand([block()])
    told.store(CONTROLLER, 'ipaddresses', gate())
    told.store(CONTROLLER, 'ipaddresses', claim('web'))
    told.store(USER, 'services', was)
    told.store(USER, 'services', BARE)
    told.store(CONTROLLER, 'ipaddresses', claim('web', notes))
    told.store(CONTROLLER, 'services', ASKING)
    t.strictSame(
      idsOf(told).filter(id => id === '3c'),
      found,
    )
  })
