import t from 'tap'
import { direct } from '../../../shared/announcers/direct.ts'
import { pureLB } from '../../../shared/announcers/purelb.ts'
import {
  type Classification,
  classifyService,
  type ServiceCircumstances,
  toOwnership,
} from '../../../shared/controllers/service/classify.ts'
import { API, makeBlock, makeClaim, makeIndex, WEB } from '../address/_view.ts'
import { fakeAnnouncer, makeService, type ServiceSketch } from './_service.ts'

const OURS = 'phoenixnap.com/load-balancer'
const THEIRS = 'service.kubernetes.io/load-balancer-cleanup'
const DELETED = { deletionTimestamp: '2026-03-01T12:00:00Z' }
const BLOCK = makeBlock('a', '203.0.113.0/29')
const ownership = toOwnership(
  WEB,
  makeIndex({ blocks: [BLOCK], claims: [makeClaim('198.51.100.9', 'gone', { service: API })] }),
)
const nobody = { owns: () => false, isOfServer: () => false, hasOwnBlock: false, isHolder: () => false }
const DISABLED = { announcer: undefined }

type Expected = Classification['kind'] | Partial<Record<string, unknown>>
const CASES: readonly [
  name: string,
  sketch: ServiceSketch,
  circumstances: Partial<ServiceCircumstances>,
  expected: Expected,
][] = [
  ['a new one', {}, {}, 'serve'],
  ['a new one before anything is known', {}, { ownership: undefined }, 'serve'],
  ['one of ours', { finalizers: [OURS] }, { ownership: undefined }, 'serve'],
  ['one of ours with an address outside', { finalizers: [OURS], status: ['192.0.2.1'] }, {}, 'serve'],
  [
    'one whose marks were dropped, with an address in use',
    { status: ['192.0.2.1'] },
    { ownership: { ...nobody, isHolder: uid => uid === 'uid-of-web' } },
    'serve',
  ],
  [
    'one that is named as another was, with an address in use',
    { status: ['192.0.2.1'] },
    { ownership: { ...nobody, isHolder: uid => uid === 'uid-of-former' } },
    'handsOff',
  ],
  ['another type', { spec: { type: 'ClusterIP' } }, {}, { kind: 'ignore', why: /not of type LoadBalancer/ }],
  ['no spec', { spec: { type: 'NodePort' } }, {}, 'ignore'],
  [
    'changed to another type',
    { spec: { type: 'ClusterIP' }, finalizers: [OURS] },
    {},
    { kind: 'cleanUp', cause: 'typeChanged' },
  ],
  [
    'changed to another type, replaced',
    { spec: { type: 'ClusterIP' } },
    { old: makeService({ finalizers: [OURS] }) },
    { kind: 'cleanUp', cause: 'typeChanged' },
  ],
  ['a class that is served', { spec: { loadBalancerClass: 'ours' } }, {}, 'serve'],
  [
    'another class',
    { spec: { loadBalancerClass: 'other' } },
    {},
    { kind: 'ignore', why: /class "other" is not served/ },
  ],
  [
    'a class that is served no longer',
    { spec: { loadBalancerClass: 'other' }, finalizers: [OURS] },
    {},
    { kind: 'cleanUp', cause: 'classChanged' },
  ],
  [
    'served from another pool',
    { annotations: { 'example.org/pool': 'x' } },
    {},
    { kind: 'ignore', why: /another pool \(x\)/ },
  ],
  [
    'an announcer that knows no pools',
    { annotations: { 'example.org/pool': 'x' } },
    { announcer: direct },
    { kind: 'serve', announcer: direct },
  ],
  [
    'served from another pool, although to be managed',
    { annotations: { 'example.org/pool': 'x', 'phoenixnap.com/manage': 'true' } },
    {},
    'ignore',
  ],
  [
    'given to another pool',
    { annotations: { 'example.org/pool': 'x' }, finalizers: [OURS] },
    {},
    { kind: 'cleanUp', cause: 'handedOver' },
  ],
  ['deleted', { finalizers: [OURS, THEIRS], meta: DELETED }, {}, { kind: 'cleanUp', cause: 'deleted' }],
  [
    'deleted, of another type by now',
    { finalizers: [OURS], meta: DELETED, spec: { type: 'ClusterIP' } },
    {},
    { kind: 'cleanUp', cause: 'deleted' },
  ],
  ['deleted, never ours', { meta: DELETED }, {}, { kind: 'ignore', why: /being deleted and is not ours/ }],
  [
    'deleted, with an address of ours that nobody has to release',
    { meta: DELETED, status: ['203.0.113.2'] },
    {},
    'ignore',
  ],
  [
    'deleted, of another controller that gave it nothing',
    { finalizers: [THEIRS], meta: DELETED },
    {},
    'ignore',
  ],
  [
    'deleted, left by the Go program with one address of ours of two',
    { finalizers: [THEIRS], meta: DELETED, status: ['192.0.2.1', '203.0.113.2'] },
    {},
    { kind: 'cleanUp', cause: 'deleted' },
  ],
  [
    'deleted, left by the Go program with an address of ours',
    { finalizers: [THEIRS], meta: DELETED, status: ['203.0.113.2'] },
    {},
    { kind: 'cleanUp', cause: 'deleted' },
  ],
  [
    'deleted, left by the Go program before it was announced',
    { finalizers: [THEIRS], meta: DELETED, spec: { loadBalancerIP: '203.0.113.2' } },
    {},
    'cleanUp',
  ],
  [
    'deleted, left by the Go program with a block only',
    { finalizers: [THEIRS], meta: DELETED },
    { ownership: { ...nobody, hasOwnBlock: true } },
    'cleanUp',
  ],
  [
    'deleted, of another controller',
    { finalizers: [THEIRS], meta: DELETED, status: ['192.0.2.1'] },
    {},
    'ignore',
  ],
  [
    'deleted, and nobody knows which blocks there are',
    { finalizers: [THEIRS], meta: DELETED, status: ['203.0.113.2'] },
    { ownership: undefined },
    'ignore',
  ],
  [
    'served by somebody else',
    { status: ['192.0.2.1'] },
    {},
    { kind: 'handsOff', why: /"192\.0\.2\.1" lies in no block/, event: { type: 'Normal' } },
  ],
  ['served by somebody else, with a host name', { meta: { name: 'web' } }, {}, 'serve'],
  [
    'asks for an address outside',
    { spec: { loadBalancerIP: '192.0.2.1' } },
    {},
    { kind: 'handsOff', event: { type: 'Warning' } },
  ],
  ['asks for an address of ours', { spec: { loadBalancerIP: '203.0.113.2' } }, {}, 'serve'],
  ['asks for what is no address', { spec: { loadBalancerIP: 'x' } }, {}, 'serve'],
  [
    'left by the Go program',
    { finalizers: [THEIRS], spec: { loadBalancerIP: '203.0.113.2' }, status: ['203.0.113.2'] },
    {},
    'serve',
  ],
  [
    'of ours, asks to move outside, replaced',
    { spec: { loadBalancerIP: '192.0.2.1' } },
    { old: makeService({ finalizers: [OURS] }) },
    'serve',
  ],
  ['asks for an address that is claimed', { spec: { loadBalancerIP: '198.51.100.9' } }, {}, 'serve'],
  ['its address is claimed although its block has gone', { status: ['198.51.100.9'] }, {}, 'serve'],
  [
    'served by somebody else, to be managed',
    { status: ['192.0.2.1'], annotations: { 'phoenixnap.com/manage': 'true' } },
    {},
    'serve',
  ],
  [
    'served by somebody else, not to be managed',
    { status: ['192.0.2.1'], annotations: { 'phoenixnap.com/manage': 'false' } },
    {},
    'handsOff',
  ],
  [
    'restored from a backup',
    { status: ['192.0.2.1'], annotations: { 'phoenixnap.com/assigned-ips': '192.0.2.1' } },
    {},
    'serve',
  ],
  [
    'has an address, and nobody knows which blocks there are',
    { status: ['203.0.113.2'] },
    { ownership: undefined },
    { kind: 'ignore', why: /not known yet which addresses are ours/ },
  ],
  ['disabled: a new one', {}, DISABLED, { kind: 'ignore', why: /disabled/ }],
  ['disabled: one of ours', { finalizers: [OURS] }, DISABLED, 'ignore'],
  ['disabled: another type', { finalizers: [OURS], spec: { type: 'ClusterIP' } }, DISABLED, 'ignore'],
  ['disabled: deleted', { finalizers: [OURS], meta: DELETED }, DISABLED, 'cleanUp'],
]
for (const [name, sketch, circumstances, expected] of CASES)
  t.test(name, async t => {
    const found = classifyService(makeService(sketch), {
      classes: ['ours'],
      announcer: fakeAnnouncer,
      ownership,
      ...circumstances,
    })
    t.match(found, typeof expected === 'string' ? { kind: expected } : expected)
  })

t.test('a host name in the status is served by somebody else', async t => {
  const service = {
    ...makeService(),
    status: { loadBalancer: { ingress: [{ hostname: 'lb.example.org' }] } },
  }
  const found = classifyService(service, {
    classes: [],
    announcer: fakeAnnouncer,
    ownership,
  })
  t.match(found, { kind: 'handsOff', event: { message: /lb\.example\.org.*phoenixnap\.com\/manage=true/ } })
})

t.test('a status without addresses is that of a new one', async t => {
  const named = makeService({ spec: { loadBalancerIP: 'lb.example.org' } })
  for (const service of [makeService(), named])
    t.strictSame(
      classifyService({ ...service, status: {} }, { classes: [], announcer: direct, ownership: undefined }),
      { kind: 'serve', announcer: direct },
    )
})

t.test('whose the address is that it draws more by is not known before the blocks are', async t => {
  const drawing = makeService({
    annotations: { 'purelb.io/multi-pool': 'true' },
    finalizers: [],
    status: ['203.0.113.2'],
  })
  const given = { classes: [], announcer: pureLB }
  t.match(classifyService(drawing, { ...given, ownership: undefined }), {
    kind: 'ignore',
    why: /not known yet/,
  })
  t.match(classifyService(drawing, { ...given, ownership }), { kind: 'serve' })
})

t.test('an address is owned by its block, or by a claim of any Service', async t => {
  t.ok(ownership.owns('203.0.113.7'))
  t.ok(ownership.owns('198.51.100.9'))
  t.notOk(ownership.owns('203.0.113.8'))
  const claims = [makeClaim('198.51.100.8', 'gone'), makeClaim('198.51.100.9', 'gone')]
  const own = { ...BLOCK, dedicatedTo: WEB }
  const elsewhere = { ...WEB, namespace: 'other' }
  const other = toOwnership(elsewhere, makeIndex({ blocks: [own], claims }))
  t.ok(other.owns('198.51.100.9'))
  t.notOk(other.owns('198.51.100.10'))
  t.notOk(other.hasOwnBlock)
  t.notOk(other.isHolder('uid-of-web'))
  t.notOk(toOwnership(WEB, makeIndex({ claims })).hasOwnBlock)
  t.ok(toOwnership(WEB, makeIndex({ blocks: [BLOCK], known: [BLOCK, own] })).hasOwnBlock)
})

t.test('who holds an address is told by the UIDs of claims in use', async t => {
  const claims = [
    makeClaim('203.0.113.2', 'a', { serviceUid: 'one' }),
    makeClaim('203.0.113.3', 'a', { serviceUid: 'two', state: 'released' }),
    makeClaim('203.0.113.4', 'a', { serviceUid: undefined }),
    makeClaim('203.0.113.5', 'a', { serviceUid: 'three', service: API }),
  ]
  const found = toOwnership(WEB, makeIndex({ claims }))
  t.strictSame(
    ['one', 'two', 'three', undefined].filter(uid => found.isHolder(uid)),
    ['one'],
  )
})
