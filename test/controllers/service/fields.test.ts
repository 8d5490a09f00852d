import t from 'tap'
import type { Announcer } from '../../../shared/announcers/contract.ts'
import { kubeVip } from '../../../shared/announcers/kube-vip.ts'
import {
  type Restraint,
  type ServiceFields,
  type ServiceState,
  toServiceFields,
} from '../../../shared/controllers/service/fields.ts'
import type { LoadBalancerIngress } from '../../../shared/kubernetes/types.ts'
import { fakeAnnouncer, makeService, type ServiceSketch } from './_service.ts'

const OURS = 'phoenixnap.com/load-balancer'
const THEIRS = 'service.kubernetes.io/load-balancer-cleanup'
const SERVED = {
  annotations: { 'example.org/ips': '203.0.113.2', 'phoenixnap.com/assigned-ips': '203.0.113.2' },
  finalizers: [OURS],
  status: ['203.0.113.2'],
}
const serve: ServiceState = { kind: 'serve', addresses: ['203.0.113.2'] }
const wait: ServiceState = { kind: 'wait', since: '2026-03-01T12:00:00Z' }
const clear = (
  cause: 'deleted' | 'typeChanged' | 'classChanged' | 'handedOver',
  restraint?: Restraint,
): ServiceState => ({ kind: 'clear', cause, assigned: ['203.0.113.2'], restraint })
const CLEARED = { 'example.org/ips': null, 'phoenixnap.com/assigned-ips': null }

const CASES: readonly [
  name: string,
  sketch: ServiceSketch,
  state: ServiceState,
  fields: ServiceFields | undefined,
][] = [
  [
    'new, served',
    {},
    serve,
    { finalizers: [OURS], annotations: SERVED.annotations, ingress: [{ ip: '203.0.113.2' }] },
  ],
  ['as it should be', SERVED, serve, undefined],
  ['its finalizer beside others', { ...SERVED, finalizers: ['a'] }, serve, { finalizers: ['a', OURS] }],
  ['its status wiped', { ...SERVED, status: [] }, serve, { ingress: [{ ip: '203.0.113.2' }] }],
  [
    'an annotation removed by hand',
    { ...SERVED, annotations: { 'example.org/ips': '203.0.113.2' } },
    serve,
    { annotations: { 'phoenixnap.com/assigned-ips': '203.0.113.2' } },
  ],
  [
    'two addresses, primary first',
    { ...SERVED, status: ['2001:db8::5', '203.0.113.2'] },
    { kind: 'serve', addresses: ['2001:db8::5', '203.0.113.2'] },
    {
      annotations: {
        'example.org/ips': '2001:db8::5,203.0.113.2',
        'phoenixnap.com/assigned-ips': '2001:db8::5,203.0.113.2',
      },
    },
  ],
  [
    'waits',
    {},
    wait,
    {
      finalizers: [OURS],
      annotations: { 'example.org/ignore': 'true', 'phoenixnap.com/waiting': '2026-03-01T12:00:00Z' },
    },
  ],
  [
    'waits on',
    {
      finalizers: [OURS],
      annotations: { 'example.org/ignore': 'true', 'phoenixnap.com/waiting': 'since long' },
    },
    wait,
    undefined,
  ],
  [
    'waits for what it had',
    {
      finalizers: [OURS],
      annotations: {
        'example.org/ignore': 'true',
        'phoenixnap.com/waiting': 'x',
        'phoenixnap.com/assigned-ips': '203.0.113.2',
      },
    },
    { ...wait, remember: ['203.0.113.2'] },
    undefined,
  ],
  [
    'waits for any, it had one',
    { ...SERVED, status: [], annotations: { 'example.org/ignore': 'true', ...SERVED.annotations } },
    wait,
    {
      annotations: { 'phoenixnap.com/assigned-ips': null, 'phoenixnap.com/waiting': '2026-03-01T12:00:00Z' },
    },
  ],
  [
    'waits for both that it had',
    { finalizers: [OURS], annotations: { 'example.org/ignore': 'true', 'phoenixnap.com/waiting': 'x' } },
    { ...wait, remember: ['203.0.113.2', '2001:db8::5'] },
    { annotations: { 'phoenixnap.com/assigned-ips': '203.0.113.2,2001:db8::5' } },
  ],
  [
    'waits for any, and the one that it had does not read as a request from now on',
    SERVED,
    { ...wait, forget: ['203.0.113.2'] },
    {
      annotations: {
        ...CLEARED,
        'example.org/ignore': 'true',
        'phoenixnap.com/waiting': '2026-03-01T12:00:00Z',
      },
      ingress: [],
    },
  ],
  [
    'has waited',
    {
      finalizers: [OURS],
      annotations: { 'example.org/ignore': 'true', 'phoenixnap.com/waiting': 'x' },
      status: ['203.0.113.2'],
    },
    serve,
    { annotations: { 'example.org/ignore': null, 'phoenixnap.com/waiting': null, ...SERVED.annotations } },
  ],
  ['deleted', { ...SERVED, finalizers: [THEIRS, OURS] }, clear('deleted'), { finalizers: [] }],
  [
    'deleted, and kept by others: it has no address any more, and its announcer still knows what to take away',
    { ...SERVED, finalizers: ['a', THEIRS, OURS] },
    clear('deleted'),
    { finalizers: ['a'], annotations: { 'phoenixnap.com/assigned-ips': null } },
  ],
  [
    'deleted, and gone on',
    { annotations: { 'example.org/ips': '203.0.113.2' }, finalizers: ['a'] },
    clear('deleted'),
    undefined,
  ],
  [
    'deleted, kept by others and held back',
    { ...SERVED, finalizers: ['a', OURS] },
    clear('deleted', () => ({ 'example.org/ips': '203.0.113.3' })),
    {
      finalizers: ['a'],
      annotations: { 'example.org/ips': '203.0.113.3', 'phoenixnap.com/assigned-ips': null },
    },
  ],
  [
    'of another class, and held back: what clearing takes away is looked at without it',
    { ...SERVED, finalizers: [OURS] },
    clear('classChanged', ({ metadata }) => ({ 'example.org/ignore': JSON.stringify(metadata.annotations) })),
    {
      finalizers: [],
      annotations: {
        ...CLEARED,
        'example.org/ignore': '{"phoenixnap.com/assigned-ips":"203.0.113.2"}',
      },
      ingress: [],
    },
  ],
  [
    'of another type',
    { ...SERVED, finalizers: [THEIRS, OURS] },
    clear('typeChanged'),
    { finalizers: [], annotations: CLEARED, ingress: [] },
  ],
  [
    'of another class',
    { ...SERVED, finalizers: [THEIRS, OURS] },
    clear('classChanged'),
    { finalizers: [THEIRS], annotations: CLEARED, ingress: [] },
  ],
  [
    'given to somebody else',
    { ...SERVED, finalizers: [THEIRS, OURS] },
    clear('handedOver'),
    { finalizers: [THEIRS], annotations: CLEARED, ingress: [] },
  ],
  ['nothing left to clear', {}, clear('typeChanged'), undefined],
  [
    'no finalizer for one that is being deleted',
    { ...SERVED, finalizers: [], meta: { deletionTimestamp: 'x' } },
    serve,
    undefined,
  ],
]
for (const [name, sketch, state, fields] of CASES)
  t.test(name, async t => {
    t.strictSame(toServiceFields(makeService(sketch), state, fakeAnnouncer), fields)
  })

t.test('leaves the status to an announcer that writes it', async t => {
  const fields = toServiceFields(makeService(), serve, { ...fakeAnnouncer, statusIsOurs: false })
  t.notOk(fields?.ingress)
})

t.test('what is forgotten takes the mark of an earlier wait with it, and is marked again', async t => {
  const waiting = {
    'kube-vip.io/ignore': 'true',
    'phoenixnap.com/kube-vip-ignore': 'true',
    'phoenixnap.com/waiting': 'x',
  }
  const had = { 'kube-vip.io/loadbalancerIPs': '203.0.113.2', 'phoenixnap.com/assigned-ips': '203.0.113.2' }
  const forget: ServiceState = { ...wait, forget: ['203.0.113.2'] }
  const service = makeService({ finalizers: [OURS], annotations: { ...waiting, ...had } })
  t.strictSame(toServiceFields(service, forget, kubeVip), {
    annotations: { 'kube-vip.io/loadbalancerIPs': null, 'phoenixnap.com/assigned-ips': null },
  })
  const others = makeService({ finalizers: [OURS], annotations: { ...had, 'kube-vip.io/ignore': 'true' } })
  t.strictSame(toServiceFields(others, forget, kubeVip), {
    annotations: {
      'kube-vip.io/loadbalancerIPs': null,
      'phoenixnap.com/assigned-ips': null,
      'phoenixnap.com/waiting': '2026-03-01T12:00:00Z',
    },
  })
})

t.test('the mark of waiting is put on what clearing leaves', async t => {
  const seen: unknown[] = []
  const announcer: Announcer = {
    ...fakeAnnouncer,
    toWaiting({ metadata }) {
      seen.push(metadata)
      return {}
    },
  }
  const service = makeService({ annotations: { 'example.org/ips': '203.0.113.2', a: 'b' } })
  toServiceFields(service, { ...wait, forget: ['203.0.113.2'] }, announcer)
  t.strictSame(seen, [{ ...service.metadata, annotations: { a: 'b' } }])
})

t.test('a status is the same in whatever order its fields are written', async t => {
  const announcer: Announcer = {
    ...fakeAnnouncer,
    toServing: () => ({ ingress: [{ ip: '203.0.113.2', hostname: 'a' }, { ip: '2001:db8::5' }] }),
  }
  const show = (ingress: readonly LoadBalancerIngress[] | undefined) => {
    const service = makeService({ finalizers: [OURS], annotations: SERVED.annotations })
    const loadBalancer = ingress && { ingress }
    return toServiceFields(
      { ...service, status: { ...(loadBalancer && { loadBalancer }) } },
      serve,
      announcer,
    )
  }
  const written = { ingress: [{ ip: '203.0.113.2', hostname: 'a' }, { ip: '2001:db8::5' }] }
  t.strictSame(show([{ hostname: 'a', ip: '203.0.113.2' }, { ip: '2001:db8::5' }]), undefined)
  t.strictSame(show([{ ip: '2001:db8::5' }, { hostname: 'a', ip: '203.0.113.2' }]), written)
  t.strictSame(show([{ hostname: 'b', ip: '203.0.113.2' }, { ip: '2001:db8::5' }]), written)
  t.strictSame(show(undefined), written)
})
