import t from 'tap'
import type { Fields } from '../../../../shared/simulator/kubernetes/json.ts'
import { applyStrategicMerge } from '../../../../shared/simulator/kubernetes/patch/strategic-merge.ts'
import { node } from '../../../../shared/simulator/kubernetes/schema/core.ts'
import { rootSchema } from '../../../../shared/simulator/kubernetes/schema/schema.ts'

const SCHEMA = rootSchema('Node', node)
const address = (type: string, value: string): Fields => ({ type, address: value })
const merge = (document: Fields, patch: Fields): Fields => applyStrategicMerge(SCHEMA, document, patch)
const withAddresses = (...addresses: Fields[]): Fields => ({ status: { addresses } })

const [FIRST, SECOND, NAME] = [
  address('InternalIP', '1'),
  address('InternalIP', '2'),
  address('Hostname', 'n'),
]

const CASES: readonly (readonly [name: string, document: Fields, patch: Fields, result: Fields])[] = [
  [
    'replaces the first item of a key; others come after the patch unless they stood before its items',
    withAddresses(FIRST, SECOND, NAME),
    withAddresses(address('InternalIP', '9'), address('ExternalIP', 'e')),
    withAddresses(address('InternalIP', '9'), SECOND, address('ExternalIP', 'e'), NAME),
  ],
  [
    'keeps an item before the one that it preceded',
    withAddresses(NAME, FIRST),
    withAddresses(address('InternalIP', '9')),
    withAddresses(NAME, address('InternalIP', '9')),
  ],
  [
    'deletes by key',
    withAddresses(FIRST, NAME),
    withAddresses({ $patch: 'delete', type: 'InternalIP' }),
    withAddresses(NAME),
  ],
  [
    'replaces a list on demand',
    withAddresses(FIRST),
    withAddresses({ $patch: 'replace' }, NAME),
    withAddresses(NAME),
  ],
  [
    'orders by $setElementOrder',
    withAddresses(FIRST, NAME),
    { status: { '$setElementOrder/addresses': [{ type: 'Hostname' }, { type: 'InternalIP' }] } },
    withAddresses(NAME, FIRST),
  ],
  [
    'replaces lists without a key',
    { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
    { spec: { taints: [{ key: 'b', effect: 'NoSchedule' }] } },
    { spec: { taints: [{ key: 'b', effect: 'NoSchedule' }] } },
  ],
  [
    'adds to a set and takes out of it',
    { metadata: { finalizers: ['a/a', 'b/b'] } },
    { metadata: { finalizers: ['c/c'], '$deleteFromPrimitiveList/finalizers': ['a/a'] } },
    { metadata: { finalizers: ['c/c', 'b/b'] } },
  ],
  [
    'removes with null',
    { metadata: { labels: { a: 'b' } } },
    { metadata: { labels: { a: null } } },
    { metadata: { labels: {} } },
  ],
  [
    'replaces a map on demand',
    { metadata: { labels: { a: 'b' } } },
    { metadata: { labels: { $patch: 'replace', c: 'd' } } },
    { metadata: { labels: { c: 'd' } } },
  ],
  [
    'empties a map on demand',
    { metadata: { labels: { a: 'b' } } },
    { metadata: { labels: { $patch: 'delete' } } },
    { metadata: { labels: {} } },
  ],
  [
    'keeps only the keys that are retained',
    { spec: { providerID: 'x', podCIDR: 'y' } },
    { spec: { $retainKeys: ['podCIDR'], podCIDR: 'z' } },
    { spec: { podCIDR: 'z' } },
  ],
]

for (const [name, document, patch, result] of CASES)
  t.test(name, async t => {
    t.same(merge(document, patch), result)
  })

const FAILS: readonly (readonly [name: string, patch: Fields])[] = [
  ['a list that is none', { spec: { taints: 'x' } }],
  ['an item without its key', withAddresses({ address: '1' })],
  ['an item that is no object', { status: { addresses: ['x'] } }],
  ['an unknown directive', { spec: { $patch: 'swap' } }],
]

for (const [name, patch] of FAILS)
  t.test(`refuses ${name}`, async t => {
    t.throws(() => merge({ spec: {}, status: { addresses: [] } }, patch), { name: 'StrategicMergeError' })
  })
