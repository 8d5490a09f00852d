import t from 'tap'
import type { KubeObject } from '../../../../shared/simulator/kubernetes/objects.ts'
import { columnsOf } from '../../../../shared/simulator/kubernetes/print/columns.ts'
import { createResourceTable } from '../../../../shared/simulator/kubernetes/resources.ts'

const table = createResourceTable()
const NOW = Date.UTC(2026, 0, 1)
const HOUR_AGO = '2025-12-31T23:00:00Z'
const make = (fields: Record<string, unknown>): KubeObject => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'a', creationTimestamp: HOUR_AGO },
  ...fields,
})

const CASES: readonly (readonly [resource: string, object: KubeObject, cells: unknown[]])[] = [
  [
    'nodes',
    make({
      metadata: {
        name: 'a',
        creationTimestamp: HOUR_AGO,
        labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'infra' },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [
          { type: 'InternalIP', address: '10.0.0.1' },
          { type: 'ExternalIP', address: '203.0.113.1' },
        ],
        nodeInfo: {
          kubeletVersion: 'v1.36.1',
          osImage: 'Ubuntu',
          kernelVersion: '6.8.0',
          architecture: 'amd64',
        },
      },
    }),
    [
      'a',
      'Ready,SchedulingDisabled',
      'infra,worker',
      '60m',
      'v1.36.1',
      '10.0.0.1',
      '203.0.113.1',
      'Ubuntu',
      '6.8.0 (amd64)',
      '<unknown>',
    ],
  ],
  [
    'nodes',
    make({ status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }),
    ['a', 'NotReady', '<none>', '60m', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>'],
  ],
  [
    'nodes',
    make({}),
    ['a', 'Unknown', '<none>', '60m', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>'],
  ],
  [
    'services',
    make({
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.9',
        ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }],
        selector: { b: '1', a: '2' },
      },
    }),
    ['a', 'LoadBalancer', '10.96.0.9', '<pending>', '80:30080/TCP', '60m', 'a=2,b=1'],
  ],
  [
    'services',
    make({
      spec: { type: 'LoadBalancer', clusterIP: '10.96.0.9' },
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }, { hostname: 'x.y' }] } },
    }),
    ['a', 'LoadBalancer', '10.96.0.9', '203.0.113.9,x.y', '<none>', '60m', '<none>'],
  ],
  [
    'services',
    make({ spec: { type: 'ExternalName', externalName: 'a.b' } }),
    ['a', 'ExternalName', '<none>', 'a.b', '<none>', '60m', '<none>'],
  ],
  [
    'events',
    make({
      involvedObject: { kind: 'Node', name: 'n' },
      reason: 'R',
      message: 'M\n',
      type: 'Normal',
      source: { component: 'c', host: 'h' },
      lastTimestamp: HOUR_AGO,
      count: 2,
    }),
    ['60m', 'Normal', 'R', 'node/n', '', 'c, h', 'M', '<unknown>', 2, 'a'],
  ],
  [
    'ipaddresses',
    make({ spec: { parentRef: { resource: 'services', namespace: 'ns', name: 'web' } } }),
    ['a', 'services/ns/web'],
  ],
  ['leases', make({ spec: { holderIdentity: 'me' } }), ['a', 'me', '60m']],
  ['configmaps', make({ data: { a: '', b: '' }, binaryData: { c: '' } }), ['a', 3, '60m']],
  ['clusterroles', make({}), ['a', HOUR_AGO]],
  [
    'clusterrolebindings',
    make({
      roleRef: { kind: 'ClusterRole', name: 'r' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', namespace: 'ns', name: 's' },
      ],
    }),
    ['a', 'ClusterRole/r', '60m', 'u', '', 'ns/s'],
  ],
  [
    'endpointslices',
    make({ addressType: 'IPv4', endpoints: [{ addresses: ['1', '2', '3', '4'] }], ports: null }),
    ['a', 'IPv4', '<unset>', '1,2,3 + 1 more...', '60m'],
  ],
  ['mutatingwebhookconfigurations', make({ webhooks: [{}, {}] }), ['a', 2, '60m']],
  ['serviceaccounts', make({}), ['a', '60m']],
]

for (const [resource, object, cells] of CASES)
  t.test(`${resource}: ${cells.slice(0, 4).join(' ')}`, async t => {
    t.same(
      columnsOf(table.named(resource)).map(({ cell }) => cell(object, NOW)),
      cells,
    )
  })
