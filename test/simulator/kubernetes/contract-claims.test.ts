import t from 'tap'
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
  testContract,
  uidOf,
  versionOf,
} from './contract.ts'

const ADDRESSES = '/apis/networking.k8s.io/v1/ipaddresses'
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
const EVENTS = '/api/v1/namespaces/default/events'
const NEW_EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events'
const PARENT = { group: '', resource: 'services', namespace: 'default', name: 'web' }
const claim = (name: string, spec: object = { parentRef: PARENT }): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IPAddress',
  metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': 'phoenixnap.com' } },
  spec,
})

const CLAIMS: Cases = {
  'a claim is made once': [
    create(ADDRESSES, claim('203.0.113.1')),
    refused(create(ADDRESSES, claim('203.0.113.1')), 409, 'AlreadyExists'),
    read(`${ADDRESSES}/203.0.113.1`),
    read(`${ADDRESSES}?labelSelector=ipaddress.kubernetes.io%2Fmanaged-by%3Dphoenixnap.com`),
  ],
  'its name is a canonical address of either family': [
    create(ADDRESSES, claim('2001:db8::5')),
    read(`${ADDRESSES}/2001:db8::5`),
    refused(create(ADDRESSES, claim('2001:DB8::6')), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('2001:db8:0::7')), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('203.0.113.01')), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('203.0.113.0/24')), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('web')), 422, 'Invalid'),
  ],
  'its parent is required and stays': [
    refused(create(ADDRESSES, claim('203.0.113.2', {})), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('203.0.113.2', { parentRef: { resource: 'services' } })), 422, 'Invalid'),
    refused(create(ADDRESSES, claim('203.0.113.2', { parentRef: { name: 'web' } })), 422, 'Invalid'),
    create(ADDRESSES, claim('203.0.113.3')),
    refused(
      patch('merge', `${ADDRESSES}/203.0.113.3`, { spec: { parentRef: { name: 'other' } } }),
      422,
      'Invalid',
    ),
    create(
      ADDRESSES,
      claim('203.0.113.4', { parentRef: { resource: 'configmaps', namespace: 'kube-system', name: 'x' } }),
    ),
  ],
  'its annotations change under a precondition': [
    create(ADDRESSES, claim('203.0.113.5')),
    answers =>
      patch('merge', `${ADDRESSES}/203.0.113.5`, {
        metadata: {
          resourceVersion: versionOf(answers, 0),
          annotations: { 'phoenixnap.com/state': 'active' },
        },
      }),
    answers =>
      refused(
        patch('merge', `${ADDRESSES}/203.0.113.5`, {
          metadata: {
            resourceVersion: versionOf(answers, 0),
            annotations: { 'phoenixnap.com/state': 'released' },
          },
        }),
        409,
        'Conflict',
      ),
    answers =>
      refused(
        remove(`${ADDRESSES}/203.0.113.5`, {
          preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 0) },
        }),
        409,
        'Conflict',
      ),
    answers =>
      remove(`${ADDRESSES}/203.0.113.5`, {
        preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 1) },
      }),
    refused(read(`${ADDRESSES}/203.0.113.5`), 404, 'NotFound'),
  ],
  'a cluster has service ranges': [
    read('/apis/networking.k8s.io/v1/servicecidrs/kubernetes'),
    read('/api/v1/namespaces/kube-system'),
  ],
}

const ACCOUNT = 'system:serviceaccount:kube-system:ccm'
const TIME = '2026-01-01T00:00:00.000000Z'

const LEASES_CASES: Cases = {
  'a lease is taken, renewed and lost': [
    create(LEASES, {
      metadata: { name: 'taken' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 60, acquireTime: TIME, renewTime: TIME },
    }),
    answers =>
      replace(`${LEASES}/taken`, {
        metadata: {
          name: 'taken',
          resourceVersion: versionOf(answers, 0),
          annotations: { 'phoenixnap.com/generation': '1' },
        },
        spec: {
          holderIdentity: 'b',
          leaseDurationSeconds: 60,
          acquireTime: TIME,
          renewTime: TIME,
          leaseTransitions: 1,
        },
      }),
    answers =>
      refused(
        replace(`${LEASES}/taken`, {
          metadata: { name: 'taken', resourceVersion: versionOf(answers, 0) },
          spec: { holderIdentity: 'c' },
        }),
        409,
        'Conflict',
      ),
    patch('merge', `${LEASES}/taken`, { spec: { holderIdentity: '', renewTime: null } }),
  ],
  'leases that are invalid': [
    refused(
      create(LEASES, { metadata: { name: 'zero' }, spec: { leaseDurationSeconds: 0 } }),
      422,
      'Invalid',
    ),
    refused(
      create(LEASES, { metadata: { name: 'negative' }, spec: { leaseTransitions: -1 } }),
      422,
      'Invalid',
    ),
    refused(
      create(LEASES, { metadata: { name: 'time' }, spec: { renewTime: 'yesterday' } }),
      400,
      'BadRequest',
    ),
  ],
  'times have six digits behind the point, no more and no fewer': [
    refused(
      create(LEASES, { metadata: { name: 'p-0' }, spec: { renewTime: '2026-01-01T00:00:00Z' } }),
      400,
      'BadRequest',
    ),
    refused(
      create(LEASES, { metadata: { name: 'p-3' }, spec: { renewTime: '2026-01-01T00:00:00.123Z' } }),
      400,
      'BadRequest',
    ),
    create(LEASES, { metadata: { name: 'p-6' }, spec: { renewTime: '2026-01-01T00:00:00.123456Z' } }),
  ],
}

const event = (name: string, more: object = {}): object => ({
  metadata: { name },
  involvedObject: { kind: 'Node', name: 'a', uid: 'a' },
  reason: 'Synced',
  message: 'Node synced successfully',
  source: { component: 'cloud-node-controller' },
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:00:00Z',
  type: 'Normal',
  count: 1,
  ...more,
})

const EVENT_CASES: Cases = {
  'an event of a node lies in the namespace default': [
    create(EVENTS, event('node-event')),
    refused(create('/api/v1/namespaces/kube-system/events', event('elsewhere')), 422, 'Invalid'),
    read(`${EVENTS}/node-event`),
    patch('strategic', `${EVENTS}/node-event`, { count: 2, lastTimestamp: '2026-01-01T00:01:00Z' }),
    read(`${NEW_EVENTS}/node-event`),
  ],
  'an event of a service lies in its namespace': [
    create(
      '/api/v1/namespaces/kube-system/events',
      event('service-event', { involvedObject: { kind: 'Service', name: 'a', namespace: 'kube-system' } }),
    ),
    refused(
      create(
        EVENTS,
        event('wrong', { involvedObject: { kind: 'Service', name: 'a', namespace: 'kube-system' } }),
      ),
      422,
      'Invalid',
    ),
  ],
  'an event with the fields of events.k8s.io': [
    create(
      EVENTS,
      event('both', {
        eventTime: TIME,
        reportingComponent: 'phoenixnap',
        reportingInstance: 'one',
        action: 'Sync',
      }),
    ),
    refused(create(EVENTS, event('half', { eventTime: TIME })), 422, 'Invalid'),
  ],
}

const RIGHTS: Cases = {
  'somebody without a role may ask who they are': [
    as('somebody', create('/apis/authentication.k8s.io/v1/selfsubjectreviews', {})),
    as(
      'somebody',
      create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        spec: { resourceAttributes: { verb: 'patch', resource: 'nodes' } },
      }),
    ),
    create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: { resourceAttributes: { verb: 'patch', resource: 'nodes' } },
    }),
  ],
  'a role gives rights at once': [
    as('reader', refused(read('/api/v1/nodes/none'), 403, 'Forbidden')),
    create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'reader' },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] }],
    }),
    create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ kind: 'User', name: 'reader' }],
    }),
    as('reader', refused(read('/api/v1/nodes/none'), 404, 'NotFound')),
    as('reader', refused(patch('merge', '/api/v1/nodes/none', {}), 404, 'NotFound')),
    as('reader', refused(patch('merge', '/api/v1/nodes/none/status', {}), 403, 'Forbidden')),
    as('reader', refused(read('/api/v1/nodes'), 403, 'Forbidden')),
    as('reader', refused(remove('/api/v1/nodes/none'), 403, 'Forbidden')),
  ],
  'a role of a namespace, by names, for a service account': [
    create('/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles', {
      metadata: { name: 'inventory' },
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: ['inventory'],
          verbs: ['get', 'update'],
        },
        { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
      ],
    }),
    create('/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings', {
      metadata: { name: 'inventory' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'inventory' },
      subjects: [{ kind: 'ServiceAccount', name: 'ccm', namespace: 'kube-system' }],
    }),
    as(ACCOUNT, create('/api/v1/namespaces/kube-system/configmaps', { metadata: { name: 'inventory' } })),
    as(ACCOUNT, read('/api/v1/namespaces/kube-system/configmaps/inventory')),
    as(ACCOUNT, refused(read('/api/v1/namespaces/kube-system/configmaps/other'), 403, 'Forbidden')),
    as(ACCOUNT, refused(remove('/api/v1/namespaces/kube-system/configmaps/inventory'), 403, 'Forbidden')),
    as(
      ACCOUNT,
      refused(
        create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'inventory' } }),
        403,
        'Forbidden',
      ),
    ),
  ],
}

testContract(t, 'claims', {}, async (t, contract) => {
  for (const cases of [CLAIMS, LEASES_CASES, EVENT_CASES, RIGHTS]) await runCases(t, contract, cases)
})
