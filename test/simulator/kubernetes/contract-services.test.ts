import t from 'tap'
import {
  answerOf,
  type Cases,
  create,
  patch,
  read,
  refused,
  remove,
  replace,
  runCases,
  testContract,
} from './contract.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const PORTS = [{ port: 80 }]
const service = (name: string, spec: object = {}, metadata: object = {}): object => ({
  metadata: { name, ...metadata },
  spec: { ports: PORTS, ...spec },
})
const balancer = (name: string, spec: object = {}, metadata: object = {}): object =>
  service(name, { type: 'LoadBalancer', ...spec }, metadata)

const CREATE: Cases = {
  'defaults of each type': [
    create(SERVICES, service('cluster-ip', { selector: { app: 'a' } })),
    create(SERVICES, service('headless', { clusterIP: 'None' })),
    create(
      SERVICES,
      service('node-port', {
        type: 'NodePort',
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'b', protocol: 'UDP' },
        ],
      }),
    ),
    create(SERVICES, balancer('balancer')),
    create(SERVICES, {
      metadata: { name: 'external' },
      spec: { type: 'ExternalName', externalName: 'example.com' },
    }),
    create(
      SERVICES,
      balancer('local', { externalTrafficPolicy: 'Local', allocateLoadBalancerNodePorts: false }),
    ),
  ],
  'a name may start with a digit': [create(SERVICES, service('9lives'))],
  'status at creation is dropped, the rest of the metadata stays': [
    create(SERVICES, {
      ...balancer(
        'status',
        { loadBalancerIP: '203.0.113.9', loadBalancerClass: 'example.com/x' },
        {
          finalizers: ['phoenixnap.com/load-balancer'],
          annotations: { 'phoenixnap.com/assigned-ips': '203.0.113.9' },
        },
      ),
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
    }),
  ],
  'services that are invalid': [
    refused(create(SERVICES, service('Upper')), 422, 'Invalid'),
    refused(
      create(SERVICES, { metadata: { name: 'no-ports' }, spec: { type: 'LoadBalancer' } }),
      422,
      'Invalid',
    ),
    refused(create(SERVICES, service('kind', { type: 'Other' })), 422, 'Invalid'),
    refused(create(SERVICES, service('names', { ports: [{ port: 80 }, { port: 81 }] })), 422, 'Invalid'),
    refused(create(SERVICES, service('port', { ports: [{ port: 70000 }] })), 422, 'Invalid'),
    refused(create(SERVICES, service('class', { loadBalancerClass: 'example.com/x' })), 422, 'Invalid'),
    refused(create(SERVICES, service('ip', { clusterIP: '192.0.2.1' })), 422, 'Invalid'),
    refused(create(SERVICES, service('v6', { ipFamilies: ['IPv6'] })), 422, 'Invalid'),
    refused(create(SERVICES, balancer('dual', { ipFamilyPolicy: 'RequireDualStack' })), 422, 'Invalid'),
    refused(create(SERVICES, balancer('lb-ip', { loadBalancerSourceRanges: ['nonsense'] })), 422, 'Invalid'),
  ],
  'prefer dual stack in a single-stack cluster': [
    create(SERVICES, balancer('prefer', { ipFamilyPolicy: 'PreferDualStack' })),
  ],
}

const CHANGE: Cases = {
  'the type changes back and forth': [
    create(SERVICES, service('types')),
    patch('merge', `${SERVICES}/types`, { spec: { type: 'LoadBalancer' } }),
    patch('merge', `${SERVICES}/types/status`, {
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
    }),
    patch('merge', `${SERVICES}/types`, { spec: { type: 'NodePort' } }),
    patch('merge', `${SERVICES}/types`, { spec: { type: 'ClusterIP' } }),
    patch('strategic', `${SERVICES}/types`, { spec: { type: 'LoadBalancer' } }),
  ],
  'a class is given at creation or with the type, and stays': [
    create(SERVICES, service('class')),
    patch('merge', `${SERVICES}/class`, {
      spec: { type: 'LoadBalancer', loadBalancerClass: 'example.com/x' },
    }),
    refused(
      patch('merge', `${SERVICES}/class`, { spec: { loadBalancerClass: 'example.com/y' } }),
      422,
      'Invalid',
    ),
    refused(patch('merge', `${SERVICES}/class`, { spec: { loadBalancerClass: null } }), 422, 'Invalid'),
    patch('merge', `${SERVICES}/class`, { spec: { type: 'ClusterIP', loadBalancerClass: null } }),
  ],
  'the status has a door of its own': [
    create(SERVICES, balancer('door')),
    patch('merge', `${SERVICES}/door`, { status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } } }),
    patch('merge', `${SERVICES}/door/status`, {
      spec: { loadBalancerIP: '203.0.113.1' },
      metadata: { annotations: { 'example.com/a': 'b' } },
      status: {
        loadBalancer: {
          ingress: [{ ip: '203.0.113.9', ipMode: 'VIP', ports: [{ port: 80, protocol: 'TCP' }] }],
        },
      },
    }),
    patch('merge', `${SERVICES}/door/status`, {
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
    }),
    refused(
      patch('merge', `${SERVICES}/door/status`, { status: { loadBalancer: { ingress: [{ ip: 'x' }] } } }),
      422,
      'Invalid',
    ),
    patch('merge', `${SERVICES}/door/status`, {
      status: {
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'A',
            message: '',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      },
    }),
    patch('merge', `${SERVICES}/door/status`, { status: { loadBalancer: null } }),
  ],
  'a PUT drops what it does not name, but keeps what the cluster gave': [
    create(
      SERVICES,
      balancer('put', {}, { finalizers: ['phoenixnap.com/load-balancer'], annotations: { a: 'b' } }),
    ),
    replace(`${SERVICES}/put`, balancer('put')),
    answers =>
      refused(
        replace(
          `${SERVICES}/put`,
          balancer('put', { clusterIP: '10.96.200.200' }, { uid: answerOf(answers, 0).body.metadata?.uid }),
        ),
        422,
        'Invalid',
      ),
  ],
  'a service with a finalizer waits for it': [
    create(SERVICES, balancer('held', {}, { finalizers: ['phoenixnap.com/load-balancer'] })),
    remove(`${SERVICES}/held`),
    patch('json', `${SERVICES}/held`, [{ op: 'replace', path: '/metadata/finalizers', value: [] }]),
    refused(read(`${SERVICES}/held`), 404, 'NotFound'),
  ],
  'a service without one goes at once': [create(SERVICES, balancer('free')), remove(`${SERVICES}/free`)],
}

testContract(t, 'services', {}, async (t, contract) => {
  for (const cases of [CREATE, CHANGE]) await runCases(t, contract, cases)

  await t.test('the cluster has a service of its own, which tells its families', async t => {
    const { body } = await contract.api().call({ method: 'GET', path: `${SERVICES}/kubernetes` })
    t.match(body, {
      metadata: { labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'] },
    })
  })
})
