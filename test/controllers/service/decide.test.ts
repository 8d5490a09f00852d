import t from 'tap'
import type { AddressRequest, Announcer } from '../../../shared/announcers/contract.ts'
import { direct } from '../../../shared/announcers/direct.ts'
import type { ServiceSettings } from '../../../shared/controllers/service/context.ts'
import {
  type Decider,
  decideService,
  type KnowledgeSources,
  toKnowledge,
} from '../../../shared/controllers/service/decide.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'
import { parseReserved } from '../../../shared/reserved-addresses.ts'
import { SERVICE_SETTINGS } from '../_settings.ts'
import { A, B, FREE } from '../address/_allocations.ts'
import { first, makeClaim, makeView, NO_WISH, type ViewSketch, WEB } from '../address/_view.ts'
import { makeService } from './_service.ts'

const OURS = 'phoenixnap.com/load-balancer'
const ASSIGNED = 'phoenixnap.com/assigned-ips'
const NOBODY = { names: [], prefixes: [] }

interface Sketch extends ViewSketch {
  readonly service?: KubeService
  /** Undefined: load balancers are disabled. */
  readonly announcer?: Announcer | undefined
  readonly settings?: Partial<ServiceSettings>
  readonly review?: { readonly old: KubeService | undefined }
  readonly sources?: Partial<KnowledgeSources>
}

/** The decision, its candidates written out. */
function decide({ service = makeService(), review, sources, ...sketch }: Sketch = {}) {
  const settings = { ...SERVICE_SETTINGS, ...sketch.settings }
  const announcer = 'announcer' in sketch ? sketch.announcer : direct
  const view = makeView({ blocks: [A], ...sketch })
  const knowledge = toKnowledge({ ...view, families: ['IPv4'], ...sources }, { settings })
  const decision = decideService({ settings, announcer } satisfies Decider, WEB, service, knowledge, review)
  if (decision.kind !== 'serve') return decision
  const { families, ...rest } = decision.allocation
  const rows = families.map(row => ({ ...row, candidates: first(row.candidates).toSorted() }))
  return { ...decision, allocation: { ...rest, families: rows } }
}

/** Of a Service that is served: its addresses, and the codes of what it is told. */
function show(sketch: Sketch) {
  const found = decide(sketch)
  if (found.kind !== 'serve') return found
  return {
    families: found.allocation.families.map(({ keep, candidates }) => keep?.address ?? candidates),
    codes: found.allocation.problems.map(({ code }) => code),
  }
}

t.test('while nobody knows which blocks there are, none is known to be free', async t => {
  const { book } = makeView({ claims: [makeClaim('203.0.113.2', 'a')] })
  const reserved = parseReserved(['203.0.113.3']).ranges
  const { index, ...rest } = toKnowledge(
    { book, source: undefined },
    { settings: { ...SERVICE_SETTINGS, reserved } },
  )
  t.strictSame(rest, { isSourceKnown: false, families: [] })
  const source = { blocks: [], location: '', memberAddresses: [] }
  t.strictSame(index.view, { source, book, reserved, known: undefined, judged: undefined })
})

t.test('what was read is what is decided on', async t => {
  const { source, book, known, judged } = makeView({ blocks: [A], known: [A, B], members: ['203.0.113.6'] })
  const sources = { source, book, known, judged, families: ['IPv6', 'IPv4'] }
  const { index, ...rest } = toKnowledge(sources, { settings: SERVICE_SETTINGS })
  t.strictSame(rest, { isSourceKnown: true, families: ['IPv6', 'IPv4'] })
  t.strictSame(index.view, { source, book, known, judged, reserved: [] })
})

t.test('a new Service gets any free address', async t => {
  t.strictSame(decide(), {
    kind: 'serve',
    allocation: {
      families: [{ family: 'IPv4', required: true, keep: undefined, candidates: FREE, otherwise: 'full' }],
      own: [],
      broken: [],
      problems: [],
      live: [],
    },
    history: { assigned: [], live: [], isServed: false, held: [] },
    wish: NO_WISH,
  })
})

t.test('a Service goes on with what it was given', async t => {
  const claim = makeClaim('203.0.113.4', 'a', { state: 'released' })
  const service = makeService({ finalizers: [OURS], annotations: { [ASSIGNED]: '203.0.113.4' } })
  const found = decide({ service, claims: [claim] })
  const held = ['203.0.113.4']
  t.match(found, { history: { assigned: held, live: held, isServed: true, held } })
  t.match(found, { allocation: { families: [{ keep: claim, candidates: [] }], own: [claim], live: held } })
})

t.test('what `kubectl replace` drops is still its own', async t => {
  const old = makeService({ finalizers: [OURS], annotations: { [ASSIGNED]: '203.0.113.4' } })
  const outside = makeService({ spec: { loadBalancerIP: '192.0.2.1' } })
  const claims = [makeClaim('203.0.113.4', 'a')]
  t.strictSame(show({ service: makeService(), review: { old }, claims }), {
    families: ['203.0.113.4'],
    codes: [],
  })
  const held = ['203.0.113.4']
  t.match(decide({ service: makeService(), review: { old }, claims }), {
    history: { assigned: held, live: held, isServed: true, held },
  })
  t.strictSame(show({ service: outside, review: { old }, claims }), {
    families: ['203.0.113.4'],
    codes: ['CCM_ADDRESS_OUTSIDE'],
  })
  t.match(show({ service: outside, review: { old: undefined } }), { kind: 'handsOff' })
})

t.test('in a review the status is that of the stored Service', async t => {
  const outside = makeService({ status: ['192.0.2.1'] })
  t.match(show({ service: outside }), { kind: 'handsOff' })
  t.match(decide({ service: outside, review: { old: undefined } }), { kind: 'serve' })
  t.match(decide({ service: outside, review: { old: makeService() } }), { kind: 'serve' })
  t.match(show({ service: makeService(), review: { old: outside } }), { kind: 'handsOff' })
})

t.test(
  'in a review a Service is being deleted where the stored one is, whatever its manifest says',
  async t => {
    const meta = { deletionTimestamp: '2026-03-01T12:00:00Z' }
    t.match(decide({ review: { old: makeService({ meta }) } }), { kind: 'ignore', why: /is being deleted/ })
    const old = makeService({ meta, finalizers: [OURS] })
    t.match(decide({ review: { old } }), { kind: 'cleanUp', cause: 'deleted' })
  },
)

t.test('while load balancers are disabled, only what is deleted is cleaned up', async t => {
  const announcer = undefined
  const why = 'load balancers are disabled'
  t.strictSame(decide({ announcer }), { kind: 'ignore', why })
  t.strictSame(decide({ announcer, service: makeService({ finalizers: [OURS] }) }), { kind: 'ignore', why })
  const deleted = makeService({ finalizers: [OURS], meta: { deletionTimestamp: '2026-03-01T12:00:00Z' } })
  t.strictSame(decide({ announcer, service: deleted }), { kind: 'cleanUp', cause: 'deleted' })
})

t.test('a class of its own is served where the operator names it', async t => {
  const service = makeService({ spec: { loadBalancerClass: 'ours' } })
  t.match(decide({ service }), { kind: 'ignore' })
  t.match(decide({ service, settings: { classes: ['ours'] } }), { kind: 'serve' })
})

t.test('whose an address is, all blocks of the cluster tell where they are known', async t => {
  const service = makeService({ status: ['203.0.113.10'] })
  t.match(decide({ service }), { kind: 'handsOff' })
  t.match(decide({ service, blocks: [A, B] }), { kind: 'serve' })
  t.match(decide({ service, known: [A, B] }), { kind: 'serve' })
  t.match(decide({ service, blocks: [A, B], known: [A] }), { kind: 'handsOff' })
  t.strictSame(decide({ service, blocks: [A, B], sources: { source: undefined } }), {
    kind: 'ignore',
    why: 'it is not known yet which addresses are ours',
  })
})

t.test('a location elsewhere than the network blocks it, unless the network is unknown', async t => {
  const settings = { location: 'ASH' }
  t.strictSame(show({ settings }), { families: [[]], codes: ['CCM_LOCATION_CONFLICT'] })
  const { source } = makeView({ blocks: [A] })
  const unknown = { source: { ...source, location: '' } }
  t.strictSame(show({ settings, sources: unknown }), { families: [FREE], codes: [] })
})

t.test('families that cannot be told are none', async t => {
  const service = makeService({ spec: { ipFamilies: [] } })
  t.strictSame(show({ service }), { families: [], codes: [] })
  const review = { old: undefined }
  t.strictSame(
    show({ service, review }),
    { families: [FREE], codes: [] },
    "in a review the cluster's are taken",
  )
})

t.test('a block of its own is what the operator lets it have', async t => {
  const service = makeService({ annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } })
  t.strictSame(show({ service }), { families: [[]], codes: [] })
  t.match(decide({ service }), { wish: { mode: 'dedicated' } })
  const settings = { tenants: { ...SERVICE_SETTINGS.tenants, dedicated: NOBODY } }
  t.strictSame(show({ service, settings }), { families: [FREE], codes: ['CCM_DEDICATED_DENIED'] })
  t.strictSame(show({ settings: { ...settings, ipAllocation: 'dedicated' } }), { families: [[]], codes: [] })
})

t.test('what we chose is no request', async t => {
  const asked: (readonly string[])[] = []
  const announcer: Announcer = {
    ...direct,
    readRequest(_, assigned): AddressRequest | undefined {
      asked.push(assigned)
      return undefined
    },
  }
  decide({
    announcer,
    service: makeService({ finalizers: [OURS], annotations: { [ASSIGNED]: '203.0.113.4' } }),
  })
  t.strictSame(asked, [['203.0.113.4']])
})

t.test('who may not choose an address is given the one that the API server knows it by', async t => {
  const settings = { tenants: { ...SERVICE_SETTINGS.tenants, addressRequests: NOBODY } }
  const spec = { loadBalancerIP: '203.0.113.4' }
  const plain = makeService({ spec })
  const served = makeService({ spec, status: ['203.0.113.4'] })
  const denied = { families: [[]], codes: ['CCM_ADDRESS_REQUEST_DENIED'] }
  const granted = { families: [['203.0.113.4']], codes: [] }
  t.strictSame(show({ settings, service: plain }), denied)
  t.strictSame(show({ settings, service: served }), granted)
  t.strictSame(show({ settings, service: served, review: { old: undefined } }), denied, 'a user wrote it')
  t.strictSame(show({ settings, service: served, review: { old: plain } }), denied, 'a user wrote it')
  t.strictSame(show({ settings, service: plain, review: { old: served } }), granted)
})
