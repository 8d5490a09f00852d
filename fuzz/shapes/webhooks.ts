import * as fc from 'fast-check'
import { oddText, type Tree } from '../hostile.ts'
import { lists, name, node, record, service } from './kubernetes.ts'

/** Bodies of the webhooks and payloads of functions. */

const review = (resource: string, object: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
  record({
    apiVersion: fc.constant('admission.k8s.io/v1'),
    kind: fc.constant('AdmissionReview'),
    request: fc.record(
      {
        uid: fc.uuid(),
        resource: fc.constant({ group: '', version: 'v1', resource }),
        operation: fc.constantFrom('CREATE', 'CREATE', 'UPDATE', 'DELETE'),
        namespace: name,
        name: fc.oneof(name, fc.constant(''), oddText),
        dryRun: fc.boolean(),
        object,
        oldObject: object,
      },
      { requiredKeys: ['uid', 'resource', 'operation', 'object', 'namespace'] },
    ),
  })

export const nodeReview = review('nodes', node)
export const serviceReview = review('services', service)

const event = record({
  level: fc.constant('Metadata'),
  stage: fc.constantFrom('ResponseComplete', 'ResponseComplete', 'Panic', 'RequestReceived'),
  verb: fc.constantFrom('create', 'update', 'patch', 'delete', 'deletecollection', 'get'),
  user: record({
    username: fc.constantFrom('alice', 'system:serviceaccount:kube-system:cloud-provider-phoenixnap'),
  }),
  objectRef: fc.record(
    {
      resource: fc.constantFrom('nodes', 'services', 'pods'),
      namespace: fc.oneof(name, oddText),
      name: fc.oneof(name, oddText),
      apiGroup: fc.constantFrom('', 'apps'),
      subresource: fc.constantFrom('', 'status'),
    },
    { requiredKeys: ['resource'] },
  ),
  responseStatus: record({ code: fc.constantFrom(200, 201, 404, 409) }),
})

export const batch = record({
  kind: fc.constant('EventList'),
  apiVersion: fc.constant('audit.k8s.io/v1'),
  metadata: fc.constant({}),
  items: lists(event, 6),
})

export const payload = record({
  keys: lists(
    fc.record(
      {
        kind: fc.constantFrom('Node', 'Service'),
        namespace: fc.oneof(name, oddText),
        name: fc.oneof(name, oddText),
        seen: fc.oneof(fc.constantFrom('', '123'), oddText),
      },
      { requiredKeys: ['kind'] },
    ),
    5,
  ),
})

export const gatewayEvent = record({
  version: fc.constant('2.0'),
  rawPath: fc.constantFrom(
    ...Array.from({ length: 12 }, () => '/audit'),
    '/admission',
    '/',
    '/admission/secret',
    '/admission/%2e%2e',
    '//audit',
  ),
  rawQueryString: fc.constantFrom(
    '',
    'timeout=10s',
    'timeout=0s',
    'timeout=-5s',
    'timeout=9e99s',
    `timeout=${'9'.repeat(400)}h`,
    'timeout=1s&timeout=2s',
    '__proto__[polluted]=1&__proto__=2',
    '%zz=%zz',
  ),
  headers: fc.record(
    {
      authorization: fc.constantFrom(
        ...Array.from({ length: 8 }, () => 'Bearer token-of-the-fuzzing'),
        'Bearer wrong-token',
        'Basic abc',
        'Bearer ',
        `Bearer ${'x'.repeat(5000)}`,
      ),
      Authorization: fc.constantFrom('Bearer token-of-the-fuzzing'),
      'content-type': fc.constant('application/json'),
      __proto__: fc.constant('x'),
    },
    { requiredKeys: [] },
  ),
  requestContext: record({
    http: record({
      method: fc.constantFrom('POST', 'POST', 'POST', 'POST', 'POST', 'GET', 'CONNECT', 'post'),
    }),
    timeEpoch: fc.constantFrom(1_800_000_000_000, 1_799_999_999_000, 9e15),
  }),
  isBase64Encoded: fc.boolean(),
})
