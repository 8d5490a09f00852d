import t from 'tap'
import {
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
  uidOf,
  versionOf,
} from './contract.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const FINALIZER = 'phoenixnap.com/load-balancer'
const OTHER = 'service.kubernetes.io/load-balancer-cleanup'
const service = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { ports: [{ port: 80 }], ...spec },
})
const balancer = (name: string, spec: object = {}, metadata: object = {}): object =>
  service(name, { type: 'LoadBalancer', ...spec }, metadata)
const change = (name: string, spec: object): Step => patch('merge', `${SERVICES}/${name}`, { spec })
const mark = (name: string, metadata: object): Step => patch('merge', `${SERVICES}/${name}`, { metadata })
const serve = (name: string, ...ingress: readonly object[]): Step =>
  patch('merge', `${SERVICES}/${name}/status`, { status: { loadBalancer: { ingress } } })

const CLASSES: Cases = {
  'a class goes with the type, and another one may come back': [
    create(SERVICES, balancer('class', { loadBalancerClass: 'example.com/a' })),
    refused(change('class', { loadBalancerClass: 'example.com/b' }), 422, 'Invalid'),
    refused(change('class', { loadBalancerClass: null }), 422, 'Invalid'),
    refused(replace(`${SERVICES}/class`, balancer('class')), 422, 'Invalid'),
    change('class', { type: 'ClusterIP' }),
    change('class', { type: 'LoadBalancer', loadBalancerClass: 'example.com/b' }),
    change('class', { type: 'NodePort' }),
    change('class', { type: 'LoadBalancer' }),
    refused(change('class', { loadBalancerClass: 'example.com/b' }), 422, 'Invalid'),
    refused(change('class', { type: 'ClusterIP', loadBalancerClass: 'example.com/c' }), 422, 'Invalid'),
  ],
  'classes that are none': [
    refused(create(SERVICES, balancer('none', { loadBalancerClass: 'a b' })), 422, 'Invalid'),
    refused(create(SERVICES, balancer('none', { loadBalancerClass: '' })), 422, 'Invalid'),
    refused(create(SERVICES, service('none', { type: 'NodePort', loadBalancerClass: 'a' })), 422, 'Invalid'),
    create(SERVICES, balancer('short', { loadBalancerClass: 'internal' })),
  ],
}

const FIELDS: Cases = {
  'node ports go and come with the type': [
    create(SERVICES, balancer('ports')),
    change('ports', { type: 'ClusterIP' }),
    change('ports', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }),
    change('ports', { allocateLoadBalancerNodePorts: true }),
    change('ports', { allocateLoadBalancerNodePorts: false }),
    change('ports', {
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    }),
    change('ports', { type: 'NodePort' }),
  ],
  'a PUT keeps node ports by the name of the port': [
    create(
      SERVICES,
      balancer('named', {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
      }),
    ),
    replace(
      `${SERVICES}/named`,
      balancer('named', {
        ports: [
          { name: 'b', port: 82 },
          { name: 'c', port: 80 },
        ],
      }),
    ),
  ],
  'a health check port goes with its policy': [
    create(SERVICES, balancer('local', { externalTrafficPolicy: 'Local' })),
    replace(`${SERVICES}/local`, balancer('local', { externalTrafficPolicy: 'Local' })),
    change('local', { externalTrafficPolicy: 'Cluster' }),
    change('local', { externalTrafficPolicy: 'Local' }),
    change('local', { type: 'ClusterIP' }),
  ],
  'an address may be asked for at any time, of any type': [
    create(SERVICES, balancer('address', { loadBalancerIP: '203.0.113.9' })),
    change('address', { loadBalancerIP: '203.0.113.10' }),
    change('address', { loadBalancerIP: null }),
    change('address', { loadBalancerIP: 'nonsense' }),
    change('address', { type: 'ClusterIP' }),
    change('address', { loadBalancerIP: '2001:db8::5' }),
  ],
  'a change of the spec leaves the status, a change of the type wipes it': [
    create(SERVICES, balancer('wiped', {}, { finalizers: [FINALIZER], annotations: { a: 'b' } })),
    serve('wiped', { ip: '203.0.113.9' }),
    change('wiped', { ports: [{ port: 81 }] }),
    replace(`${SERVICES}/wiped`, balancer('wiped', {}, { finalizers: [FINALIZER] })),
    change('wiped', { type: 'ClusterIP' }),
    refused(serve('wiped', { ip: '203.0.113.9' }), 422, 'Invalid'),
    change('wiped', { type: 'LoadBalancer' }),
  ],
}

const STATUS: Cases = {
  'what the status may say': [
    create(SERVICES, balancer('says', { ipFamilyPolicy: 'PreferDualStack' })),
    serve('says', { ip: '203.0.113.9' }, { ip: '2001:db8::5' }),
    serve('says', { hostname: 'lb.example.com' }),
    serve('says', { ip: '203.0.113.9', ipMode: 'Proxy' }),
    serve('says', { ip: '203.0.113.9', hostname: 'lb.example.com', ipMode: 'VIP' }),
    serve('says', {
      ip: '203.0.113.9',
      ports: [{ port: 80, protocol: 'TCP', error: 'example.com/in-use' }],
    }),
    serve('says', { ip: '203.0.113.9' }, { ip: '203.0.113.9' }),
    refused(serve('says', { ip: '203.0.113.9', ipMode: 'Other' }), 422, 'Invalid'),
    refused(serve('says', { hostname: 'lb.example.com', ipMode: 'VIP' }), 422, 'Invalid'),
    refused(serve('says', { hostname: '203.0.113.9' }), 422, 'Invalid'),
    refused(serve('says', { hostname: 'a b' }), 422, 'Invalid'),
    serve('says'),
    patch('json', `${SERVICES}/says/status`, [
      { op: 'add', path: '/status/loadBalancer/ingress', value: [{ ip: '203.0.113.9' }] },
    ]),
    patch('strategic', `${SERVICES}/says/status`, { status: { loadBalancer: { ingress: [] } } }),
  ],
  'it holds for one version': [
    create(SERVICES, balancer('versioned')),
    serve('versioned', { ip: '203.0.113.9' }),
    answers =>
      refused(
        patch('merge', `${SERVICES}/versioned/status`, {
          metadata: { resourceVersion: versionOf(answers, 0) },
          status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } },
        }),
        409,
        'Conflict',
      ),
    answers =>
      replace(`${SERVICES}/versioned/status`, {
        ...balancer('versioned', {}, { resourceVersion: versionOf(answers, 1) }),
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.11' }] } },
      }),
  ],
}

const ENDINGS: Cases = {
  'while a service ends, finalizers only go': [
    create(SERVICES, balancer('ends', {}, { finalizers: [FINALIZER, OTHER] })),
    serve('ends', { ip: '203.0.113.9' }),
    remove(`${SERVICES}/ends`),
    remove(`${SERVICES}/ends`),
    refused(create(SERVICES, balancer('ends')), 409, 'AlreadyExists'),
    refused(mark('ends', { finalizers: [FINALIZER, OTHER, 'example.com/late'] }), 422, 'Invalid'),
    mark('ends', { annotations: { a: 'b' } }),
    change('ends', { ports: [{ port: 81 }] }),
    serve('ends'),
    change('ends', { type: 'ClusterIP' }),
    mark('ends', { finalizers: [OTHER] }),
    refused(mark('ends', { finalizers: [FINALIZER, OTHER] }), 422, 'Invalid'),
    replace(`${SERVICES}/ends`, service('ends')),
    refused(read(`${SERVICES}/ends`), 404, 'NotFound'),
    refused(mark('ends', { finalizers: null }), 404, 'NotFound'),
    create(SERVICES, balancer('ends')),
  ],
  'a DELETE holds for one object and one version': [
    create(SERVICES, balancer('exact', {}, { finalizers: [FINALIZER] })),
    mark('exact', { annotations: { a: 'b' } }),
    answers =>
      refused(
        remove(`${SERVICES}/exact`, { preconditions: { resourceVersion: versionOf(answers, 0) } }),
        409,
        'Conflict',
      ),
    remove(`${SERVICES}/exact`, { dryRun: ['All'] }),
    read(`${SERVICES}/exact`),
    answers =>
      remove(`${SERVICES}/exact`, {
        propagationPolicy: 'Background',
        preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 1) },
      }),
    answers =>
      patch('merge', `${SERVICES}/exact`, {
        metadata: { resourceVersion: versionOf(answers, -1), finalizers: [] },
      }),
    refused(read(`${SERVICES}/exact`), 404, 'NotFound'),
  ],
  'a finalizer is added and taken by versions': [
    create(SERVICES, balancer('taken')),
    answers =>
      mark('taken', {
        resourceVersion: versionOf(answers, 0),
        finalizers: [FINALIZER],
        annotations: { a: 'b' },
      }),
    answers =>
      refused(mark('taken', { resourceVersion: versionOf(answers, 0), finalizers: null }), 409, 'Conflict'),
    refused(mark('taken', { finalizers: ['unqualified'] }), 422, 'Invalid'),
    patch('strategic', `${SERVICES}/taken`, { metadata: { finalizers: [OTHER] } }),
    patch('strategic', `${SERVICES}/taken`, {
      metadata: { '$deleteFromPrimitiveList/finalizers': [OTHER] },
    }),
    replace(`${SERVICES}/taken`, balancer('taken')),
    remove(`${SERVICES}/taken`),
  ],
}

testContract(t, 'balancers', {}, async (t, contract) => {
  for (const cases of [CLASSES, FIELDS, STATUS, ENDINGS]) await runCases(t, contract, cases)
})
