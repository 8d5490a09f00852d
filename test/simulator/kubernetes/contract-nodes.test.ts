import t from 'tap'
import { createFakeNode } from '../../support/fake-kubelet.ts'
import {
  as,
  type Cases,
  create,
  patch,
  read,
  refused,
  remove,
  replace,
  runCases,
  type Step,
  testContract,
  versionOf,
} from './contract.ts'

const NODES = '/api/v1/nodes'
const UNINITIALIZED = {
  key: 'node.cloudprovider.kubernetes.io/uninitialized',
  value: 'true',
  effect: 'NoSchedule',
}
const node = (name: string, spec: object = {}, status: object = {}): object => ({
  metadata: { name },
  spec,
  status,
})
const kubelet = (name: string, step: Step): Step => as(`system:node:${name}`, step)
const labelled = (name: string, labels: Record<string, string>): object => createFakeNode(name, { labels })

const CREATE: Cases = {
  'a node of admin gets the not-ready taint, and keeps its status': [
    create(NODES, node('plain')),
    create(
      NODES,
      node('tainted', { taints: [UNINITIALIZED], providerID: 'phoenixnap://1', podCIDR: '10.1.0.0/24' }),
    ),
    create(
      NODES,
      node(
        'status',
        {},
        { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }], capacity: { cpu: '2' } },
      ),
    ),
    create(NODES, {
      metadata: { name: 'ready' },
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'x', message: 'y' }] },
    }),
  ],
  'a kubelet registers its own node, as a whole': [
    kubelet(
      'own',
      create(NODES, createFakeNode('own', { nodeIP: '10.0.0.1', systemUUID: 'a', machineID: 'b' })),
    ),
    kubelet('own', refused(create(NODES, createFakeNode('own')), 409, 'AlreadyExists')),
    kubelet('own', read(`${NODES}/own`)),
    kubelet('own', refused(create(NODES, createFakeNode('other')), 403, 'Forbidden')),
    kubelet('own', refused(remove(`${NODES}/own`), 403, 'Forbidden')),
  ],
  'labels that a kubelet may set': [
    kubelet(
      'allowed',
      create(
        NODES,
        labelled('allowed', {
          'topology.kubernetes.io/zone': 'a',
          'topology.kubernetes.io/region': 'a',
          'failure-domain.beta.kubernetes.io/zone': 'a',
          'failure-domain.beta.kubernetes.io/region': 'a',
          'node.kubernetes.io/instance-type': 'a',
          'beta.kubernetes.io/instance-type': 'a',
          'node.kubernetes.io/anything': 'a',
          'x.kubelet.kubernetes.io/anything': 'a',
          'phoenixnap.com/anything': 'a',
        }),
      ),
    ),
  ],
  'labels that a kubelet must not set': [
    kubelet(
      'role',
      refused(create(NODES, labelled('role', { 'node-role.kubernetes.io/x': '' })), 403, 'Forbidden'),
    ),
    kubelet('k8s', refused(create(NODES, labelled('k8s', { 'foo.k8s.io/x': '' })), 403, 'Forbidden')),
    kubelet('kube', refused(create(NODES, labelled('kube', { 'kubernetes.io/x': '' })), 403, 'Forbidden')),
    kubelet(
      'isolated',
      refused(
        create(NODES, labelled('isolated', { 'node-restriction.kubernetes.io/x': '' })),
        403,
        'Forbidden',
      ),
    ),
  ],
  'nodes that are invalid': [
    refused(create(NODES, node('Upper')), 422, 'Invalid'),
    refused(
      create(NODES, { metadata: { name: 'bad-label', labels: { os: 'ubuntu/jammy' } } }),
      422,
      'Invalid',
    ),
    refused(
      create(NODES, { metadata: { name: 'long-label', labels: { os: 'x'.repeat(64) } } }),
      422,
      'Invalid',
    ),
    refused(create(NODES, node('taint', { taints: [{ key: 'a', effect: 'Never' }] })), 422, 'Invalid'),
    refused(create(NODES, node('taint', { taints: [{ key: 'a' }] })), 422, 'Invalid'),
    refused(create(NODES, node('taint', { taints: [{ key: 'a b', effect: 'NoSchedule' }] })), 422, 'Invalid'),
    refused(
      create(
        NODES,
        node('taint', {
          taints: [
            { key: 'a', value: '1', effect: 'NoSchedule' },
            { key: 'a', value: '2', effect: 'NoSchedule' },
          ],
        }),
      ),
      422,
      'Invalid',
    ),
  ],
}

const TWICE = [
  { type: 'InternalIP', address: '10.0.0.1' },
  { type: 'InternalIP', address: '10.0.0.1' },
]

const UPDATE: Cases = {
  'an address may stand twice in a new node, and not in an update': [
    create(NODES, node('address', {}, { addresses: TWICE })),
    create(NODES, node('address-later')),
    refused(
      patch('merge', `${NODES}/address-later/status`, { status: { addresses: TWICE } }),
      422,
      'Invalid',
    ),
  ],
  'providerID is set once': [
    create(NODES, node('provider')),
    patch('merge', `${NODES}/provider`, { spec: { providerID: 'phoenixnap://1' } }),
    patch('merge', `${NODES}/provider`, { spec: { providerID: 'phoenixnap://1' } }),
    refused(patch('merge', `${NODES}/provider`, { spec: { providerID: 'phoenixnap://2' } }), 422, 'Invalid'),
    refused(patch('merge', `${NODES}/provider`, { spec: { providerID: null } }), 422, 'Invalid'),
    replace(`${NODES}/provider`, node('provider', { providerID: 'phoenixnap://1' })),
    refused(replace(`${NODES}/provider`, node('provider', {})), 422, 'Invalid'),
  ],
  'the spec does not change through /status, nor the status without it': [
    create(NODES, node('sub')),
    patch('merge', `${NODES}/sub`, { status: { addresses: [{ type: 'Hostname', address: 'x' }] } }),
    patch('merge', `${NODES}/sub/status`, {
      metadata: { labels: { a: 'b' }, annotations: { 'example.com/a': 'b' } },
      spec: { unschedulable: true, taints: [] },
      status: { addresses: [{ type: 'Hostname', address: 'x' }] },
    }),
    patch('json', `${NODES}/sub/status`, [
      { op: 'replace', path: '/status/addresses', value: [{ type: 'InternalIP', address: '10.0.0.1' }] },
    ]),
    replace(`${NODES}/sub`, node('sub', { unschedulable: true }, { addresses: [] })),
    replace(`${NODES}/sub/status`, node('sub', {}, { phase: 'Running' })),
    read(`${NODES}/sub/status`),
    refused(patch('merge', `${NODES}/absent/status`, {}), 404, 'NotFound'),
  ],
  'a conflict of the status': [
    create(NODES, node('sub-conflict')),
    patch('merge', `${NODES}/sub-conflict`, { metadata: { labels: { a: 'b' } } }),
    answers =>
      refused(
        patch('merge', `${NODES}/sub-conflict/status`, {
          metadata: { resourceVersion: versionOf(answers, 0) },
          status: { addresses: [] },
        }),
        409,
        'Conflict',
      ),
  ],
  'taints by an admin': [
    create(NODES, node('taints', { taints: [UNINITIALIZED] })),
    patch('json', `${NODES}/taints`, [{ op: 'replace', path: '/spec/taints', value: [] }]),
    patch('merge', `${NODES}/taints`, {
      spec: { taints: [{ key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' }] },
    }),
    patch('merge', `${NODES}/taints`, { spec: { taints: null } }),
    refused(
      patch('merge', `${NODES}/taints`, { spec: { taints: [{ effect: 'NoSchedule' }] } }),
      422,
      'Invalid',
    ),
  ],
  'what a kubelet may change afterwards': [
    kubelet('later', create(NODES, createFakeNode('later'))),
    kubelet(
      'later',
      patch('strategic', `${NODES}/later/status`, {
        status: { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }] },
      }),
    ),
    kubelet(
      'later',
      patch('strategic', `${NODES}/later`, {
        metadata: { labels: { 'topology.kubernetes.io/region': 'PHX' } },
      }),
    ),
    kubelet(
      'later',
      patch('strategic', `${NODES}/later`, { metadata: { annotations: { 'example.com/a': 'b' } } }),
    ),
    kubelet('later', refused(patch('merge', `${NODES}/later`, { spec: { taints: [] } }), 403, 'Forbidden')),
    kubelet(
      'later',
      refused(
        patch('merge', `${NODES}/later`, { metadata: { labels: { 'kubernetes.io/x': 'y' } } }),
        403,
        'Forbidden',
      ),
    ),
    kubelet('later', patch('merge', `${NODES}/later`, { spec: { providerID: 'phoenixnap://later' } })),
    kubelet(
      'later',
      refused(patch('merge', `${NODES}/plain`, { metadata: { labels: { a: 'b' } } }), 403, 'Forbidden'),
    ),
    kubelet('later', refused(patch('merge', `${NODES}/plain/status`, { status: {} }), 403, 'Forbidden')),
  ],
  'what a kubelet may read': [
    kubelet('reader', create(NODES, createFakeNode('reader'))),
    kubelet('reader', read(`${NODES}/reader`)),
    kubelet('reader', refused(read(`${NODES}/plain`), 403, 'Forbidden')),
    kubelet('reader', read(`${NODES}?fieldSelector=metadata.name%3Dreader`)),
    kubelet('reader', refused(read(NODES), 403, 'Forbidden')),
    kubelet('reader', read('/api/v1/services?labelSelector=none')),
  ],
  'the lease of a kubelet': [
    kubelet(
      'leased',
      create('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', {
        metadata: { name: 'leased' },
        spec: {
          holderIdentity: 'leased',
          leaseDurationSeconds: 40,
          renewTime: '2026-01-01T00:00:00.000000Z',
        },
      }),
    ),
    kubelet(
      'leased',
      refused(
        create('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', {
          metadata: { name: 'foreign' },
          spec: { holderIdentity: 'foreign' },
        }),
        403,
        'Forbidden',
      ),
    ),
  ],
}

testContract(t, 'nodes', {}, async (t, contract) => {
  for (const cases of [CREATE, UPDATE]) await runCases(t, contract, cases)
})
