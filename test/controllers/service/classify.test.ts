import t from 'tap'
import {
  type Classification,
  classifyService,
  type ServiceCircumstances,
  toOwnership,
} from '../../../shared/controllers/service/classify.ts'
import { makeBlock, makeClaim, makeView, WEB } from '../address/_view.ts'
import { fakeAnnouncer, makeService, type ServiceSketch } from './_service.ts'

const OURS = 'phoenixnap.com/load-balancer'
const THEIRS = 'service.kubernetes.io/load-balancer-cleanup'
const DELETED = { deletionTimestamp: '2026-03-01T12:00:00Z' }
const BLOCK = makeBlock('a', '203.0.113.0/29')
const ownership = toOwnership(WEB, [BLOCK], makeView({ claims: [makeClaim('198.51.100.9', 'gone')] }).book)
const nobody = { owns: () => false, hasOwnBlock: false }

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
  ['another type', { spec: { type: 'ClusterIP' } }, {}, 'ignore'],
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
  ['another class', { spec: { loadBalancerClass: 'other' } }, {}, 'ignore'],
  [
    'a class that is served no longer',
    { spec: { loadBalancerClass: 'other' }, finalizers: [OURS] },
    {},
    { kind: 'cleanUp', cause: 'classChanged' },
  ],
  ['served from another pool', { annotations: { 'example.org/pool': 'x' } }, {}, 'ignore'],
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
  ['deleted, never ours', { meta: DELETED }, {}, 'ignore'],
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
  ['served by somebody else', { status: ['192.0.2.1'] }, {}, { kind: 'handsOff', event: { type: 'Normal' } }],
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
    'ignore',
  ],
  ['disabled: a new one', {}, { rules: { enabled: false, classes: [] }, announcer: undefined }, 'ignore'],
  ['disabled: one of ours', { finalizers: [OURS] }, { rules: { enabled: false, classes: [] } }, 'ignore'],
  [
    'disabled: another type',
    { finalizers: [OURS], spec: { type: 'ClusterIP' } },
    { rules: { enabled: false, classes: [] } },
    'ignore',
  ],
  [
    'disabled: deleted',
    { finalizers: [OURS], meta: DELETED },
    { rules: { enabled: false, classes: [] }, announcer: undefined },
    'cleanUp',
  ],
]
for (const [name, sketch, circumstances, expected] of CASES)
  t.test(name, async t => {
    const rules = { enabled: true, classes: ['ours'] }
    const found = classifyService(makeService(sketch), {
      rules,
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
    rules: { enabled: true, classes: [] },
    announcer: fakeAnnouncer,
    ownership,
  })
  t.match(found, { kind: 'handsOff', event: { message: /lb\.example\.org.*phoenixnap\.com\/manage=true/ } })
})

t.test('an address is owned by its block, or by a claim of any Service', async t => {
  t.ok(ownership.owns('203.0.113.7'))
  t.ok(ownership.owns('198.51.100.9'))
  t.notOk(ownership.owns('203.0.113.8'))
  const { book } = makeView({ claims: [makeClaim('198.51.100.9', 'gone')] })
  const other = toOwnership({ ...WEB, namespace: 'other' }, [{ ...BLOCK, dedicatedTo: WEB }], book)
  t.ok(other.owns('198.51.100.9'))
  t.notOk(other.owns('198.51.100.10'))
  t.notOk(other.hasOwnBlock)
  t.ok(toOwnership(WEB, [{ ...BLOCK, dedicatedTo: WEB }], book).hasOwnBlock)
})
