import t from 'tap'
import {
  INVENTORY_REF,
  KEYS,
  readBook,
  toBookEntry,
  toDurationText,
} from '../../../shared/controllers/address/book.ts'
import type { IPAddress } from '../../../shared/kubernetes/types.ts'
import { toDurationMs } from '../../../shared/setting-parsers.ts'
import { createFakeKube } from '../../kubernetes/_fake-kube.ts'

const SINCE = '2026-01-02T03:04:05.000Z'
const CREATED = '2026-01-01T00:00:00Z'
const SERVICE = { group: '', resource: 'services', namespace: 'default', name: 'web' }
const ANNOTATIONS = {
  [KEYS.state]: 'active',
  [KEYS.since]: SINCE,
  [KEYS.blockId]: 'b1',
  [KEYS.serviceUid]: 'u1',
}
const GATE = { [KEYS.state]: 'open', [KEYS.since]: SINCE, [KEYS.blockId]: 'b1' }

function make(
  annotations: Readonly<Record<string, string | undefined>>,
  parentRef: IPAddress['spec']['parentRef'] = SERVICE,
  name = '203.0.113.2',
): IPAddress {
  const given = Object.entries(annotations).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  const metadata = { name, uid: 'uid', resourceVersion: '7', creationTimestamp: CREATED }
  return { metadata: { ...metadata, annotations: Object.fromEntries(given) }, spec: { parentRef } }
}

t.test('a claim', async t => {
  t.strictSame(
    toBookEntry(
      make({ ...ANNOTATIONS, [KEYS.state]: 'released', [KEYS.rest]: '10m0s', [KEYS.why]: 'deleted' }),
    ),
    {
      kind: 'claim',
      claim: {
        address: '203.0.113.2',
        family: 'IPv4',
        service: { namespace: 'default', name: 'web' },
        state: 'released',
        since: Date.parse(SINCE),
        serviceUid: 'u1',
        blockId: 'b1',
        restMs: 600_000,
        why: 'deleted',
        uid: 'uid',
        resourceVersion: '7',
      },
    },
  )
  t.match(toBookEntry(make(ANNOTATIONS, SERVICE, '2001:db8::2')), { claim: { family: 'IPv6' } })
})

t.test('a gate', async t => {
  t.strictSame(toBookEntry(make({ ...GATE, [KEYS.unusedSince]: SINCE }, INVENTORY_REF, '203.0.113.0')), {
    kind: 'gate',
    gate: {
      address: '203.0.113.0',
      blockId: 'b1',
      state: 'open',
      since: Date.parse(SINCE),
      unusedSince: Date.parse(SINCE),
      uid: 'uid',
      resourceVersion: '7',
    },
  })
  for (const state of ['closing', 'closed'])
    t.match(toBookEntry(make({ ...GATE, [KEYS.state]: state }, INVENTORY_REF)), {
      gate: { state, unusedSince: undefined },
    })
})

/** What somebody did to the object by hand → what it is read as. */
const EDITED: readonly [name: string, object: IPAddress, kind: string, more?: object][] = [
  [
    'a claim in an unknown state',
    make({ ...ANNOTATIONS, [KEYS.state]: 'mine' }),
    'claim',
    { state: 'active' },
  ],
  ['a claim in a gate’s state', make({ ...ANNOTATIONS, [KEYS.state]: 'open' }), 'claim', { state: 'active' }],
  [
    'a claim without a state',
    make({ ...ANNOTATIONS, [KEYS.state]: undefined }),
    'claim',
    { state: 'active' },
  ],
  ['a claim without a block', make({ ...ANNOTATIONS, [KEYS.blockId]: undefined }), 'unreadable'],
  [
    'an active one without a time',
    make({ ...ANNOTATIONS, [KEYS.since]: undefined }),
    'claim',
    { since: Date.parse(CREATED) },
  ],
  [
    'a released one without a time',
    make({ ...ANNOTATIONS, [KEYS.state]: 'released', [KEYS.since]: 'x' }),
    'unreadable',
  ],
  [
    'one that rests for a while',
    make({ ...ANNOTATIONS, [KEYS.state]: 'released', [KEYS.rest]: 'a while' }),
    'unreadable',
  ],
  [
    'an active one with a broken rest',
    make({ ...ANNOTATIONS, [KEYS.rest]: 'a while' }),
    'claim',
    { restMs: undefined },
  ],
  ['no annotations at all', make({}), 'unreadable'],
  ['a gate in a claim’s state', make({ ...GATE, [KEYS.state]: 'active' }, INVENTORY_REF), 'unreadable'],
  ['a gate without a block', make({ ...GATE, [KEYS.blockId]: '' }, INVENTORY_REF), 'unreadable'],
  ['a gate of another ConfigMap', make(GATE, { ...INVENTORY_REF, name: 'other' }), 'unreadable'],
  ['a gate of another namespace', make(GATE, { ...INVENTORY_REF, namespace: 'default' }), 'unreadable'],
  [
    'services of another group',
    make(ANNOTATIONS, { ...SERVICE, group: 'serving.knative.dev' }),
    'unreadable',
  ],
  ['a parent of another kind', make(ANNOTATIONS, { ...SERVICE, resource: 'pods' }), 'unreadable'],
  ['a Service without a namespace', make(ANNOTATIONS, { resource: 'services', name: 'web' }), 'unreadable'],
]
for (const [name, object, kind, more] of EDITED)
  t.test(`reads as ${kind}: ${name}`, async t => {
    const entry = toBookEntry(object)
    t.equal(entry.kind, kind)
    if (more) t.match(entry, { claim: more })
  })

t.test('a book is everything, sorted by what it is, with the time of the API server', async t => {
  const items = [
    make(ANNOTATIONS),
    make(GATE, INVENTORY_REF, '203.0.113.0'),
    make({}, SERVICE, '203.0.113.5'),
  ]
  const kube = createFakeKube(
    () => ({ items }),
    () => 4711,
  )
  const { claims, gates, unreadable, now } = await readBook(kube)
  t.strictSame(
    [claims.map(({ address }) => address), gates.map(({ address }) => address), unreadable, now],
    [['203.0.113.2'], ['203.0.113.0'], ['203.0.113.5'], 4711],
  )
})

t.test('durations are written as settings are read', async t => {
  for (const ms of [0, 1, 1500, 600_000, 86_400_000]) t.equal(toDurationMs(toDurationText(ms)), ms)
  t.equal(toDurationText(600_000), '600s')
})
