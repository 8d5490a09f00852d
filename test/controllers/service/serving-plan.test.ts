import t from 'tap'
import { direct } from '../../../shared/announcers/direct.ts'
import type { Taken } from '../../../shared/controllers/address/allocation.ts'
import { decideService, toKnowledge } from '../../../shared/controllers/service/decide.ts'
import {
  planServing,
  type ServingPlan,
  toPlannedChanges,
} from '../../../shared/controllers/service/serving-plan.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { A, B, FAILED, full } from '../address/_allocations.ts'
import { makeClaim, makeView, NOW, type ViewSketch, WEB } from '../address/_view.ts'
import { makeService } from './_service.ts'

const OURS = 'phoenixnap.com/load-balancer'
const ASSIGNED = 'phoenixnap.com/assigned-ips'
const CONTEXT = { settings: SERVICE_SETTINGS, announcer: direct }
const TAKEN: Taken = {
  IPv4: { address: '203.0.113.4', family: 'IPv4', blockId: 'a', gateAddress: '203.0.113.0' },
}

/** What a Service is planned to be, given what could be claimed for it. */
function plan(service: KubeService, sketch: ViewSketch, taken: Taken = {}): ServingPlan {
  const view = makeView({ blocks: [A], ...sketch })
  const knowledge = toKnowledge({ ...view, families: ['IPv4'] }, CONTEXT)
  const decision = decideService(CONTEXT, WEB, service, knowledge)
  if (decision.kind !== 'serve') throw new Error(`it is not served: ${decision.kind}`)
  return planServing({ context: CONTEXT, knowledge, book: view.book }, service, decision, taken)
}

const served = (address: string): KubeService =>
  makeService({ finalizers: [OURS], annotations: { [ASSIGNED]: address }, status: [address] })
const fieldsFor = (address: string) => ({
  finalizers: [OURS],
  annotations: { [ASSIGNED]: address },
  ingress: [{ ip: address }],
})
const ready = (...addresses: string[]) => ({
  kind: 'serve',
  addresses,
  claims: [],
  surplus: [],
  lacking: [],
  why: 'it has its addresses',
})

t.test('a new Service is served with what was claimed for it', async t => {
  const found = plan(makeService(), {}, TAKEN)
  t.strictSame(found, {
    settlement: ready('203.0.113.4'),
    state: { kind: 'serve', addresses: ['203.0.113.4'] },
    fields: fieldsFor('203.0.113.4'),
    confirm: [],
    others: [],
  })
  t.strictSame(toPlannedChanges(WEB, TAKEN, found), [
    {
      kind: 'IPAddress',
      name: '203.0.113.4',
      action: 'claim',
      detail: { service: 'default/web' },
      why: 'the Service needs an address',
    },
    {
      kind: 'Service',
      name: 'default/web',
      action: 'serve',
      detail: fieldsFor('203.0.113.4'),
      why: 'it has its addresses',
    },
  ])
})

t.test('a Service for which nothing could be claimed waits', async t => {
  const found = plan(makeService(), { claims: full })
  const fields = { finalizers: [OURS], annotations: { 'phoenixnap.com/waiting': '2026-03-01T12:00:00.000Z' } }
  t.strictSame(found, {
    settlement: {
      kind: 'wait',
      addresses: [],
      claims: [],
      surplus: [],
      lacking: ['IPv4'],
      why: 'IPv4: no address is free',
    },
    state: { kind: 'wait', since: '2026-03-01T12:00:00.000Z', forget: [] },
    fields,
    confirm: [],
    others: [],
  })
  t.strictSame(toPlannedChanges(WEB, {}, found), [
    { kind: 'Service', name: 'default/web', action: 'wait', detail: fields, why: 'IPv4: no address is free' },
  ])
})

t.test('a Service that is as it should be is left alone', async t => {
  const claim = makeClaim('203.0.113.4', 'a')
  const found = plan(served('203.0.113.4'), { claims: [claim] })
  t.strictSame(found, {
    settlement: { ...ready('203.0.113.4'), claims: [claim] },
    state: { kind: 'serve', addresses: ['203.0.113.4'] },
    fields: undefined,
    confirm: [],
    others: [],
  })
  t.strictSame(toPlannedChanges(WEB, {}, found), [])
})

t.test('what a review claimed for it is confirmed, and a claim of a former Service of that name', async t => {
  for (const fields of [{ state: 'unconfirmed' }, { serviceUid: 'uid-of-a-former-web' }] as const) {
    const claim = makeClaim('203.0.113.4', 'a', fields)
    const found = plan(served('203.0.113.4'), { claims: [claim] })
    t.strictSame([found.confirm, found.others], [[claim], []])
    t.strictSame(toPlannedChanges(WEB, {}, found), [
      {
        kind: 'IPAddress',
        name: '203.0.113.4',
        action: 'confirm',
        detail: { service: 'default/web' },
        why: 'its Service uses it',
      },
    ])
  }
})

t.test('an address that it exchanged for another is released, once the Service says so', async t => {
  const former = makeClaim('203.0.113.5', 'a')
  const asking = served('203.0.113.5')
  const service = { ...asking, spec: { ...asking.spec, loadBalancerIP: '203.0.113.4' } }
  const found = plan(service, { claims: [former] }, TAKEN)
  const { releaseQuarantineMs: restMs } = SERVICE_SETTINGS
  t.strictSame(found.others, [
    { claim: former, decision: { do: 'release', restMs, why: 'its Service does not use it any more' } },
  ])
  t.strictSame(
    toPlannedChanges(WEB, TAKEN, found).map(({ kind, name, action }) => [kind, name, action]),
    [
      ['IPAddress', '203.0.113.4', 'claim'],
      ['Service', 'default/web', 'serve'],
      ['IPAddress', '203.0.113.5', 'release'],
    ],
  )
})

const own = (address: string, fields: Parameters<typeof makeClaim>[2], block = 'a') =>
  makeClaim(address, block, fields)
const USED = makeClaim('203.0.113.4', 'a')
const HOUR = 3_600_000
const OTHERS: readonly [name: string, claim: typeof USED, view: ViewSketch, decision: object | undefined][] =
  [
    [
      'one of a review that it does not use',
      own('203.0.113.5', { state: 'unconfirmed', since: NOW - HOUR }),
      {},
      { do: 'free', why: 'the Service default/web does not use it' },
    ],
    ['one of a review that may go on', own('203.0.113.5', { state: 'unconfirmed' }), {}, undefined],
    [
      'one that has rested',
      own('203.0.113.5', { state: 'released', since: NOW - HOUR, serviceUid: undefined }),
      {},
      { do: 'free', why: 'its rest is over' },
    ],
    ['one that rests', own('203.0.113.5', { state: 'released', serviceUid: undefined }), {}, undefined],
    ['one that is retained', own('203.0.113.5', { state: 'retained', since: NOW - HOUR }), {}, undefined],
    [
      'one in use whose block has failed for now',
      own('203.0.113.10', {}, 'b'),
      { known: [A, failed()] },
      undefined,
    ],
    [
      'one in use whose block has gone',
      own('203.0.113.10', {}, 'b'),
      { known: [A] },
      { do: 'free', why: 'its block does not belong to the cluster any more' },
    ],
  ]
function failed() {
  return { ...B, state: 'failed', status: FAILED.status } as const
}
for (const [name, claim, view, decision] of OTHERS)
  t.test(`of its other claims, ${name} is ${decision ? 'freed' : 'left as it is'}`, async t => {
    const found = plan(served('203.0.113.4'), { ...view, claims: [USED, claim] })
    t.strictSame(found.others, decision ? [{ claim, decision }] : [])
    t.strictSame(found.settlement.addresses, ['203.0.113.4'])
    t.equal(found.fields, undefined, 'the Service stays as it is')
  })

t.test('what was claimed just now is not freed, whatever an older reading says of it', async t => {
  const claim = own('203.0.113.4', { state: 'released', since: NOW - HOUR })
  const { others } = plan(makeService(), { claims: [claim] }, TAKEN)
  t.strictSame(others, [
    { claim, decision: { do: 'reactivate', serviceUid: 'uid-of-web', why: 'its Service uses it again' } },
  ])
})

for (const [since, now] of [
  ['2026-03-01T11:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  ['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00.001Z'],
] as const)
  t.test(`one that waits since ${since} is written anew before its claim is taken away`, async t => {
    const annotations = { 'phoenixnap.com/waiting': since }
    const claim = own('203.0.113.10', {}, 'b')
    const waiting = makeService({ finalizers: [OURS], annotations })
    const { fields, others } = plan(waiting, { known: [A], claims: [...full, claim] })
    t.strictSame(fields, { annotations: { 'phoenixnap.com/waiting': now } })
    t.strictSame(others, [
      { claim, decision: { do: 'free', why: 'its block does not belong to the cluster any more' } },
    ])
    const rested = own('203.0.113.11', { state: 'released', since: NOW - HOUR, serviceUid: undefined }, 'b')
    const both = plan(waiting, { known: [A], claims: [...full, rested, claim] })
    t.equal(both.others.length, 2)
    t.strictSame(both.fields, fields, 'whatever else is freed')
    for (const state of ['unconfirmed', 'released'] as const) {
      const unused = { ...claim, state }
      t.equal(
        plan(waiting, { known: [A], claims: [...full, unused] }).fields,
        undefined,
        `${state}: nobody uses it`,
      )
    }
  })

t.test('one that waits for another address is not written anew for one that only comes to rest', async t => {
  const claim = own('203.0.113.5', {})
  const asked = makeService({
    finalizers: [OURS],
    annotations: { 'phoenixnap.com/waiting': '2026-03-01T11:00:00.000Z' },
    spec: { loadBalancerIP: '203.0.113.3' },
  })
  const taken = makeClaim('203.0.113.3', 'a', { service: { namespace: 'default', name: 'api' } })
  const { settlement, fields, others } = plan(asked, { claims: [taken, claim] })
  t.equal(settlement.kind, 'wait')
  t.match(others, [{ claim, decision: { do: 'release' } }])
  t.equal(fields, undefined)
})
