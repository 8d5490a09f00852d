import t from 'tap'
import { direct } from '../../../shared/announcers/direct.ts'
import { toKnowledge } from '../../../shared/controllers/service/decide.ts'
import { findWaiters, isBurstGrowing, type Waiter } from '../../../shared/controllers/service/waiting.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { A, B, FAILED, full, theirs } from '../address/_allocations.ts'
import { makeClaim, makeView, NOW, type ViewSketch, WEB } from '../address/_view.ts'
import { makeService, type ServiceSketch } from './_service.ts'

const OURS = 'phoenixnap.com/load-balancer'
const WAITING = 'phoenixnap.com/waiting'
const ASSIGNED = { 'phoenixnap.com/assigned-ips': '203.0.113.2' }
const CREATED = { creationTimestamp: '2026-03-01T11:59:00Z' }
const DECIDER = { settings: SERVICE_SETTINGS, announcer: direct }

function find(services: readonly KubeService[], view: ViewSketch): Waiter[] {
  const knowledge = toKnowledge({ ...makeView(view), families: ['IPv4'] }, DECIDER)
  return findWaiters(DECIDER, services, knowledge)
}

/** Of one Service. */
function findOne(sketch: ServiceSketch, view: ViewSketch): Partial<Waiter> | undefined {
  const [waiter] = find([makeService({ finalizers: [OURS], ...sketch })], view)
  if (!waiter) return undefined
  const { object: _object, service: _service, ...rest } = waiter
  return rest
}

/** One that a new IPv4 block would help, made a minute ago. */
const lacking: Partial<Waiter> = {
  lacking: ['IPv4'],
  mode: 'packed',
  pinned: [],
  since: NOW - 60_000,
  isEmptyHanded: true,
}
const DUAL = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' }
const CASES: readonly [
  name: string,
  sketch: ServiceSketch,
  view: ViewSketch,
  expected: Partial<Waiter> | undefined,
][] = [
  ['one for which nothing is free', {}, { blocks: [A], claims: full }, lacking],
  [
    'one for which an address is free still lacks it',
    {},
    { blocks: [A] },
    { ...lacking, isEmptyHanded: false },
  ],
  [
    'one that wants a block of its own, whatever is free in others',
    { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } },
    { blocks: [A] },
    { ...lacking, mode: 'dedicated' },
  ],
  [
    'one whose block has failed for now: it needs no other one',
    { annotations: ASSIGNED },
    { claims: [makeClaim('203.0.113.2', 'a')], known: [FAILED] },
    { ...lacking, lacking: [], pinned: ['203.0.113.2'], isEmptyHanded: false },
  ],
  [
    'one that had an address in a block that is closing: it gets it back without a new one',
    { annotations: ASSIGNED },
    { blocks: [A], gates: { a: 'closing' } },
    { ...lacking, lacking: [], pinned: ['203.0.113.2'] },
  ],
  [
    'one that asks for an address in a block on its way',
    { spec: { loadBalancerIP: '203.0.113.10' }, status: ['203.0.113.2'] },
    { blocks: [A], known: [A, B] },
    { ...lacking, lacking: [], pinned: ['203.0.113.10', '203.0.113.2'] },
  ],
  [
    'one that is told something as well: that is to be done',
    { annotations: ASSIGNED },
    { blocks: [A], claims: [theirs('203.0.113.2'), ...full.slice(1)] },
    { ...lacking, pinned: ['203.0.113.2'], isEmptyHanded: false },
  ],
  [
    'one that is served and would like a second family',
    { spec: DUAL, annotations: ASSIGNED },
    { blocks: [A], claims: [makeClaim('203.0.113.2', 'a')] },
    { ...lacking, lacking: ['IPv6'], pinned: ['203.0.113.2'], isEmptyHanded: false },
  ],
  ['not one that has its address', {}, { blocks: [A], claims: [makeClaim('203.0.113.2', 'a')] }, undefined],
  ['not one that asks for what cannot be had', { spec: { loadBalancerIP: '192.0.2.1' } }, {}, undefined],
  ['not one of another type', { spec: { type: 'ClusterIP' } }, {}, undefined],
  ['not one of somebody else', { finalizers: [], status: ['192.0.2.1'] }, { blocks: [A] }, undefined],
]
for (const [name, sketch, view, expected] of CASES)
  t.test(`waits: ${name}`, async t => {
    t.strictSame(findOne({ meta: CREATED, ...sketch }, view), expected)
  })

t.test('each one that waits is told with its object, in the order given', async t => {
  const web = makeService()
  const api = makeService({ meta: { name: 'api', namespace: 'other' } })
  const served = makeService({ meta: { name: 'served' } })
  const claims = [...full, makeClaim('203.0.113.2', 'a', { service: { ...WEB, name: 'served' } })]
  const found = find([api, served, web], { blocks: [A], claims })
  t.strictSame(
    found.map(({ service, object }) => ({ service, object })),
    [
      { service: { namespace: 'other', name: 'api' }, object: api },
      { service: WEB, object: web },
    ],
  )
})

const MARKED = { [WAITING]: '2026-03-01T11:00:00Z' }
const SINCES: readonly [name: string, sketch: ServiceSketch, since: number][] = [
  ['the mark', { meta: CREATED, annotations: MARKED }, NOW - 3_600_000],
  ['its creation while it has no mark', { meta: CREATED }, NOW - 60_000],
  [
    'its creation where somebody wrote the mark',
    { meta: CREATED, annotations: { [WAITING]: 'x' } },
    NOW - 60_000,
  ],
  ['as long as can be where nothing tells', {}, 0],
]
for (const [name, sketch, since] of SINCES)
  t.test(`since when it waits: ${name}`, async t => {
    t.equal(findOne(sketch, {})?.since, since)
  })

const BURSTS: readonly [name: string, ages: readonly number[], isGrowing: boolean][] = [
  ['nobody', [], false],
  ['one that has just come', [0], true],
  ['one that came just within the time of a burst', [1999], true],
  ['one that has waited so long that others would have come', [2000], false],
  ['the last one has just come', [9999, 100], true],
  ['the first one has waited long enough', [10_000, 100], false],
  ['all have waited', [9000, 2500], false],
]
for (const [name, ages, isGrowing] of BURSTS)
  t.test(`a burst grows, ${name}: ${isGrowing}`, async t => {
    const [waiter] = find([makeService()], {})
    if (!waiter) throw new Error('it waits')
    const waiters = ages.map(age => ({ ...waiter, since: NOW - age }))
    t.equal(isBurstGrowing(waiters, NOW), isGrowing)
  })
