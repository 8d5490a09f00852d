import t from 'tap'
import { readAuditEvents, readAuditEventsInTurns } from '../../shared/kubernetes/audit.ts'
import { SERVICE_ACCOUNT_USER } from '../../shared/kubernetes/names.ts'

type Json = Record<string, unknown>

const event = (changes: Json = {}): Json => ({
  stage: 'ResponseComplete',
  verb: 'patch',
  user: { username: 'kubernetes-admin' },
  objectRef: { resource: 'nodes', name: 'node-a', apiVersion: 'v1' },
  responseStatus: { code: 200 },
  ...changes,
})
const list = (items: unknown, envelope: Json = {}): string =>
  JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items, ...envelope })
const ref = (changes: Json): Json => ({ objectRef: { resource: 'nodes', name: 'node-a', ...changes } })

const services = (changes: Json = {}): Json => ({
  objectRef: { resource: 'services', namespace: 'shop', name: 'web', apiVersion: 'v1', ...changes },
})

const WEB = [{ kind: 'Service', namespace: 'shop', name: 'web' }]
const SHOP = [{ kind: 'Service', namespace: 'shop' }]
const ALL = [{ kind: 'Node' }]
const ONE = [{ kind: 'Node', name: 'node-a' }]
const CASES: readonly [name: string, changes: Json, keys: readonly unknown[]][] = [
  ['create', { verb: 'create', responseStatus: { code: 201 } }, ONE],
  ['update', { verb: 'update' }, ONE],
  ['patch', {}, ONE],
  ['delete', { verb: 'delete' }, ONE],
  ['deletecollection', { verb: 'deletecollection', ...ref({ name: undefined }) }, ALL],
  ['create with generateName', { verb: 'create', ...ref({ name: undefined }) }, ALL],
  ['no status', { responseStatus: undefined }, ONE],
  ['get', { verb: 'get' }, []],
  ['list', { verb: 'list' }, []],
  ['watch', { verb: 'watch' }, []],
  ['a subresource', ref({ subresource: 'status' }), []],
  ['another resource', ref({ resource: 'pods' }), []],
  ['a resource called constructor', ref({ resource: 'constructor' }), []],
  ['a resource called toString', ref({ resource: 'toString' }), []],
  ['a resource called __proto__', ref({ resource: '__proto__' }), []],
  ['another group', ref({ apiGroup: 'metrics.k8s.io' }), []],
  ['no object', { objectRef: undefined }, []],
  ['an earlier stage', { stage: 'RequestReceived' }, []],
  ['a panic', { stage: 'Panic' }, []],
  ['a refused request', { responseStatus: { code: 403 } }, []],
  ['a conflict', { responseStatus: { code: 409 } }, []],
  ['a failed request', { responseStatus: { code: 500 } }, []],
  ['a Service is created', { verb: 'create', ...services() }, WEB],
  ['a Service is deleted', { verb: 'delete', ...services() }, WEB],
  ['Services are deleted', { verb: 'deletecollection', ...services({ name: undefined }) }, SHOP],
  ['a Service with generateName', { verb: 'create', ...services({ name: undefined }) }, SHOP],
  [
    'Services of no namespace',
    { verb: 'deletecollection', ...services({ namespace: '' }) },
    [{ kind: 'Service' }],
  ],
  ['the status of a Service', services({ subresource: 'status' }), []],
  ['Services of another group', services({ apiGroup: 'serving.knative.dev' }), []],
  ['a Service by our own user', { user: { username: SERVICE_ACCOUNT_USER }, ...services() }, []],
  ['our own user', { user: { username: SERVICE_ACCOUNT_USER } }, []],
]
for (const [name, changes, keys] of CASES) {
  t.test(`${name} → ${JSON.stringify(keys)}`, async t => {
    const reading = readAuditEvents(list([event(changes)]))
    t.strictSame(reading, { keys, events: 1, skipped: keys.length === 0 ? 1 : 0, malformed: 0 })
  })
}

t.test('keys are distinct, and a whole kind needs no names', async t => {
  const named = ['b', 'a', 'b'].map(name => event(ref({ name })))
  t.strictSame(readAuditEvents(list(named)).keys, [
    { kind: 'Node', name: 'b' },
    { kind: 'Node', name: 'a' },
  ])
  t.strictSame(readAuditEvents(list([...named, event(ref({ name: '' }))])).keys, ALL)
})

t.test('keys are distinct by kind, namespace and name', async t => {
  const of = (namespace: string, name?: string): Json => event(services({ namespace, name }))
  const node = event(ref({ name: 'web' }))
  const items = [of('shop', 'web'), node, of('shop', 'api'), of('office', 'web'), of('shop', 'web'), node]
  const distinct = [
    ...WEB,
    { kind: 'Service', namespace: 'shop', name: 'api' },
    { kind: 'Service', namespace: 'office', name: 'web' },
  ]
  const nodes = [{ kind: 'Node', name: 'web' }]
  t.strictSame(readAuditEvents(list(items)).keys, [...distinct, ...nodes])
  t.strictSame(readAuditEvents(list([...items, of('shop')])).keys, [distinct[2], ...SHOP, ...nodes])
  t.strictSame(readAuditEvents(list([...items, of('')])).keys, [{ kind: 'Service' }, ...nodes])
})

t.test('too many Services become the whole kind, and nodes stay named', async t => {
  const many = Array.from({ length: 401 }, (_, i) => event(services({ name: `web-${i}` })))
  t.strictSame(readAuditEvents(list([...many, event()])).keys, [{ kind: 'Service' }, ...ONE])
})

const events = (count: number): Json[] =>
  Array.from({ length: count }, (_, i) => event(ref({ name: `node-${i}` })))

t.test('more names than a default batch holds become the whole kind', async t => {
  t.equal(readAuditEvents(list(events(400))).keys.length, 400)
  t.strictSame(readAuditEvents(list(events(401))).keys, ALL)
})

t.test('events that cannot be understood are counted, the others read', async t => {
  const items = [null, 7, [], {}, { verb: 'patch' }, { verb: 5, stage: 'ResponseComplete' }, event()]
  t.strictSame(readAuditEvents(list(items)), { keys: ONE, events: 7, skipped: 0, malformed: 6 })
})

t.test('another own user', async t => {
  const text = list([
    event(),
    event({ user: { username: SERVICE_ACCOUNT_USER }, ...ref({ name: 'node-b' }) }),
  ])
  t.strictSame(readAuditEvents(text, { ownUsers: ['kubernetes-admin'] }).keys, [
    { kind: 'Node', name: 'node-b' },
  ])
})

t.test('a batch without events is read, another body refused', async t => {
  t.equal(readAuditEvents(list(null)).events, 0)
  t.throws(() => readAuditEvents(list({})), { code: 'WEBHOOK_BODY_INVALID' })
  t.throws(() => readAuditEvents(list([], { kind: 'Event' })), { code: 'WEBHOOK_BODY_INVALID' })
  t.throws(() => readAuditEvents(list([], { apiVersion: 'audit.k8s.io/v1beta1' })), {
    code: 'WEBHOOK_VERSION_UNSUPPORTED',
  })
})

t.test('what is no name makes no key, however long it is', async t => {
  const events = ['x'.repeat(1_000_000), '..', 'a/b', 'a\u0000', '\u202ea'].flatMap(name => [
    event({ objectRef: { resource: 'nodes', name } }),
    event({ objectRef: { resource: 'services', namespace: name, name: 'web' } }),
  ])
  t.strictSame(readAuditEvents(list(events)), { keys: [], events: 10, skipped: 0, malformed: 10 })
})

t.test('a long batch is read in turns of a thousand events, to the same end', async t => {
  const names = ['node-a', 'node-b', 'node-c']
  for (const [count, turns] of [
    [0, 0],
    [1000, 0],
    [1001, 1],
    [3500, 3],
  ] as const) {
    const items = Array.from({ length: count }, (_, index) => event(ref({ name: names[index % 3] })))
    const text = list([...items.slice(1), ...(count > 0 ? ['no event'] : [])])
    let breaths = 0
    const reading = await readAuditEventsInTurns(text, {}, async () => void (breaths += 1))
    t.strictSame([reading, breaths], [readAuditEvents(text), turns])
  }
})
