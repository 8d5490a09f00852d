import t from 'tap'
import {
  type Cases,
  create,
  patch,
  read,
  refused,
  runCases,
  testContract,
  uidOf,
  versionOf,
} from './contract.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const NODES = '/api/v1/nodes'
const SERVICES = '/api/v1/namespaces/default/services'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
const UNINITIALIZED = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
}
const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

const map = (name: string, more: object = {}): object => ({
  metadata: { name, ...more },
  data: { a: '1', b: '2' },
})
const node = (name: string, spec: object = {}, status: object = {}): object => ({
  metadata: { name },
  spec,
  status,
})

const MERGE: Cases = {
  'merge: null removes, objects merge, lists are replaced': [
    create(MAPS, map('merge', { finalizers: ['example.com/a', 'example.com/b'] })),
    patch('merge', `${MAPS}/merge`, { data: { a: null, c: '3' } }),
    patch('merge', `${MAPS}/merge`, { metadata: { finalizers: ['example.com/b'] } }),
    patch('merge', `${MAPS}/merge`, { data: null }),
    patch('merge', `${MAPS}/merge`, { metadata: { finalizers: null } }),
  ],
  'merge: a patch that changes nothing keeps the resourceVersion': [
    create(MAPS, map('merge-same')),
    patch('merge', `${MAPS}/merge-same`, { data: { a: '1' } }),
    patch('merge', `${MAPS}/merge-same`, {}),
    patch('merge', `${MAPS}/merge-same`, { metadata: { labels: { gone: null } } }),
  ],
  'merge: a resourceVersion or uid in the patch is a precondition': [
    create(MAPS, map('merge-pre')),
    refused(
      patch('merge', `${MAPS}/merge-pre`, { metadata: { resourceVersion: '1' }, data: { a: '2' } }),
      409,
      'Conflict',
    ),
    refused(
      patch('merge', `${MAPS}/merge-pre`, {
        metadata: { uid: '11111111-1111-1111-1111-111111111111' },
        data: { a: '2' },
      }),
      422,
      'Invalid',
    ),
    answers =>
      patch('merge', `${MAPS}/merge-pre`, {
        metadata: { resourceVersion: versionOf(answers, 0), uid: uidOf(answers, 0) },
        data: { a: '2' },
      }),
  ],
  'merge: of nothing, and of something broken': [
    refused(patch('merge', `${MAPS}/absent`, { data: { a: '2' } }), 404, 'NotFound'),
    create(MAPS, map('merge-broken')),
    refused(patch('merge', `${MAPS}/merge-broken`, '{"data":'), 400, 'BadRequest'),
    refused(patch('merge', `${MAPS}/merge-broken`, { data: 'text' }), 422, 'Invalid'),
    refused(patch('merge', `${MAPS}/merge-broken`, { metadata: { name: 'x' } }), 400, 'BadRequest'),
    refused(patch('merge', `${MAPS}/merge-broken`, { metadata: { labels: { a: 'b/c' } } }), 422, 'Invalid'),
  ],
  'merge: binaryData and data must not share a key': [
    create(MAPS, { metadata: { name: 'binary' }, binaryData: { z: 'AAEC' } }),
    refused(patch('merge', `${MAPS}/binary`, { data: { z: 'x' } }), 422, 'Invalid'),
    refused(patch('merge', `${MAPS}/binary`, { binaryData: { y: 'no base64!' } }), 422, 'Invalid'),
    refused(patch('merge', `${MAPS}/binary`, { data: { 'a b': 'x' } }), 422, 'Invalid'),
  ],
}

const JSON_PATCH: Cases = {
  'json: add, replace, remove, move, copy, test': [
    create(MAPS, map('json', { annotations: { 'a/b.c': 'x' } })),
    patch('json', `${MAPS}/json`, [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'add', path: '/data/c', value: '3' },
      { op: 'replace', path: '/data/a', value: '4' },
      { op: 'remove', path: '/data/b' },
      { op: 'copy', from: '/data/c', path: '/data/d' },
      { op: 'move', from: '/data/c', path: '/data/e' },
      { op: 'replace', path: '/metadata/annotations/a~1b.c', value: 'y' },
      { op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] },
      { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/b' },
      { op: 'add', path: '/metadata/finalizers/0', value: 'example.com/c' },
      { op: 'remove', path: '/metadata/finalizers/1' },
    ]),
    patch('json', `${MAPS}/json`, []),
  ],
  'json: operations that cannot be done change nothing': [
    create(MAPS, map('json-fail')),
    refused(
      patch('json', `${MAPS}/json-fail`, [
        { op: 'replace', path: '/data/a', value: '9' },
        { op: 'test', path: '/data/b', value: 'other' },
      ]),
      422,
      'Invalid',
    ),
    refused(patch('json', `${MAPS}/json-fail`, [{ op: 'remove', path: '/data/zzz' }]), 422, 'Invalid'),
    refused(patch('json', `${MAPS}/json-fail`, [{ op: 'add', path: '/none/x', value: '1' }]), 422, 'Invalid'),
    refused(patch('json', `${MAPS}/json-fail`, { op: 'add' }), 400, 'BadRequest'),
    read(`${MAPS}/json-fail`),
  ],
  'json: a replace adds what is not there, against RFC 6902': [
    create(MAPS, map('json-replace')),
    patch('json', `${MAPS}/json-replace`, [{ op: 'replace', path: '/data/zzz', value: '1' }]),
    refused(
      patch('json', `${MAPS}/json-replace`, [{ op: 'replace', path: '/no/z', value: '1' }]),
      422,
      'Invalid',
    ),
  ],
  'json: a test of the resourceVersion is a precondition': [
    create(MAPS, map('json-pre')),
    refused(
      patch('json', `${MAPS}/json-pre`, [
        { op: 'test', path: '/metadata/resourceVersion', value: '1' },
        { op: 'add', path: '/data/c', value: '3' },
      ]),
      422,
      'Invalid',
    ),
    answers =>
      patch('json', `${MAPS}/json-pre`, [
        { op: 'test', path: '/metadata/resourceVersion', value: versionOf(answers, 0) },
        { op: 'add', path: '/data/c', value: '3' },
      ]),
  ],
}

const STRATEGIC: Cases = {
  'strategic: taints are replaced as a whole, for they have no key': [
    create(NODES, node('st-taints', { taints: [UNINITIALIZED] })),
    patch('strategic', `${NODES}/st-taints`, { spec: { taints: [NOT_READY] } }),
    patch('strategic', `${NODES}/st-taints`, { spec: { taints: null } }),
  ],
  'strategic: addresses are merged by type, which loses the second of a type': [
    create(NODES, node('st-addresses')),
    patch('merge', `${NODES}/st-addresses/status`, {
      status: {
        addresses: [
          { type: 'InternalIP', address: '10.0.0.1' },
          { type: 'InternalIP', address: '10.0.0.2' },
          { type: 'Hostname', address: 'st-addresses' },
        ],
      },
    }),
    patch('strategic', `${NODES}/st-addresses/status`, {
      status: {
        addresses: [
          { type: 'InternalIP', address: '10.0.0.9' },
          { type: 'ExternalIP', address: '203.0.113.9' },
        ],
      },
    }),
    patch('strategic', `${NODES}/st-addresses/status`, {
      status: { addresses: [{ $patch: 'replace' }, { type: 'Hostname', address: 'only' }] },
    }),
  ],
  'strategic: conditions are merged by type': [
    create(NODES, node('st-conditions')),
    patch('strategic', `${NODES}/st-conditions/status`, {
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] },
    }),
    patch('strategic', `${NODES}/st-conditions/status`, {
      status: {
        conditions: [
          { type: 'MemoryPressure', status: 'False' },
          { type: 'Ready', status: 'False' },
        ],
      },
    }),
    patch('strategic', `${NODES}/st-conditions/status`, {
      status: { conditions: [{ type: 'MemoryPressure', $patch: 'delete' }] },
    }),
    patch('strategic', `${NODES}/st-conditions/status`, {
      status: {
        '$setElementOrder/conditions': [{ type: 'Disk' }, { type: 'Ready' }],
        conditions: [{ type: 'Disk', status: 'False' }],
      },
    }),
  ],
  'strategic: finalizers are merged as a set, and one is taken out by $deleteFromPrimitiveList': [
    create(SERVICES, {
      metadata: { name: 'st-final', finalizers: ['example.com/a'] },
      spec: { ports: [{ port: 80 }] },
    }),
    patch('strategic', `${SERVICES}/st-final`, { metadata: { finalizers: ['example.com/b'] } }),
    patch('strategic', `${SERVICES}/st-final`, {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] },
    }),
  ],
  'strategic: ports of a service are merged by port': [
    create(SERVICES, { metadata: { name: 'st-ports' }, spec: { ports: [{ port: 80, name: 'http' }] } }),
    patch('strategic', `${SERVICES}/st-ports`, { spec: { ports: [{ port: 443, name: 'https' }] } }),
    patch('strategic', `${SERVICES}/st-ports`, { spec: { ports: [{ port: 80, targetPort: 8080 }] } }),
    patch('strategic', `${SERVICES}/st-ports`, { spec: { selector: { app: 'a' } } }),
    patch('strategic', `${SERVICES}/st-ports`, { spec: { selector: { app: null, tier: 'b' } } }),
  ],
  'strategic: maps of a config map': [
    create(MAPS, map('st-map')),
    patch('strategic', `${MAPS}/st-map`, { data: { a: null, c: '3' } }),
    patch('strategic', `${MAPS}/st-map`, { data: { $patch: 'replace', z: '1' } }),
    refused(patch('strategic', `${MAPS}/st-map`, { metadata: { resourceVersion: '1' } }), 409, 'Conflict'),
  ],
  'strategic: a lease': [
    create(LEASES, {
      metadata: { name: 'st-lease' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 60 },
    }),
    patch('strategic', `${LEASES}/st-lease`, {
      spec: { holderIdentity: 'b', renewTime: '2026-01-01T00:00:00.000000Z' },
    }),
  ],
}

testContract(t, 'patches', {}, async (t, contract) => {
  for (const cases of [MERGE, JSON_PATCH, STRATEGIC]) await runCases(t, contract, cases)
})
