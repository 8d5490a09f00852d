import t from 'tap'
import {
  answerOf,
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

const KEPT = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const definition = (
  group: string,
  version: string,
  kind: string,
  scope: string,
  more: object = {},
): object => {
  const plural = `${kind.toLowerCase()}s`
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: KEPT, status: KEPT } } },
          ...more,
        },
      ],
    },
  }
}

const CRDS = [
  definition('example.com', 'v1beta1', 'Pool', 'Namespaced'),
  definition('example.com', 'v1beta1', 'Range', 'Cluster', { subresources: { status: {} } }),
]
const POOLS = '/apis/example.com/v1beta1/namespaces/default/pools'
const RANGES = '/apis/example.com/v1beta1/ranges'
const pool = (
  name: string,
  addresses: readonly string[] = ['203.0.113.9/32'],
  metadata: object = {},
): object => ({
  apiVersion: 'example.com/v1beta1',
  kind: 'Pool',
  metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'us' }, ...metadata },
  spec: { addresses, autoAssign: false },
})
const range = (name: string, more: object = {}): object => ({
  apiVersion: 'example.com/v1beta1',
  kind: 'Range',
  metadata: { name },
  spec: { blocks: [{ cidr: '203.0.113.9/32' }] },
  ...more,
})
const version = (resourceVersion: string): object => ({ resourceVersion })

const OBJECTS: Cases = {
  'an object is made, read, listed and removed': [
    create(POOLS, pool('made')),
    refused(create(POOLS, pool('made')), 409, 'AlreadyExists'),
    read(`${POOLS}/made`),
    read(`${POOLS}?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dus`),
    read(`${POOLS}?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dthem`),
    read('/apis/example.com/v1beta1/pools?fieldSelector=metadata.name%3Dmade'),
    remove(`${POOLS}/made`),
    refused(read(`${POOLS}/made`), 404, 'NotFound'),
    refused(remove(`${POOLS}/made`), 404, 'NotFound'),
  ],
  'what is not served': [
    refused(read('/apis/example.com/v1beta1/namespaces/default/others'), 404),
    refused(read('/apis/example.com/v1/namespaces/default/pools'), 404),
    refused(read('/apis/none.example.com/v1/namespaces/default/pools'), 404),
    refused(create('/apis/none.example.com/v1/namespaces/default/pools', pool('x')), 404),
    refused(read(`${POOLS}/none`), 404, 'NotFound'),
    refused(create('/apis/example.com/v1beta1/namespaces/none/pools', pool('x')), 404, 'NotFound'),
  ],
  'a PUT needs the version': [
    create(POOLS, pool('put')),
    refused(replace(`${POOLS}/put`, pool('put', ['203.0.113.10/32'])), 422, 'Invalid'),
    answers => replace(`${POOLS}/put`, pool('put', ['203.0.113.10/32'], version(versionOf(answers, 0)))),
    answers =>
      refused(
        replace(`${POOLS}/put`, pool('put', ['203.0.113.11/32'], version(versionOf(answers, 0)))),
        409,
        'Conflict',
      ),
    answers => replace(`${POOLS}/put`, pool('put', ['203.0.113.10/32'], version(versionOf(answers, 2)))),
    answers =>
      refused(replace(`${POOLS}/none`, pool('none', [], version(versionOf(answers, 0)))), 404, 'NotFound'),
  ],
  'a merge patch may name the version': [
    create(POOLS, pool('merge')),
    patch('merge', `${POOLS}/merge`, { spec: { addresses: ['203.0.113.10/32', '2001:db8::5/128'] } }),
    answers =>
      refused(
        patch('merge', `${POOLS}/merge`, {
          metadata: version(versionOf(answers, 0)),
          spec: { addresses: [] },
        }),
        409,
        'Conflict',
      ),
    answers =>
      patch('merge', `${POOLS}/merge`, {
        metadata: version(versionOf(answers, 1)),
        spec: { addresses: null, empty: [], nested: { a: {}, b: '' }, zero: 0, no: false },
      }),
    patch('merge', `${POOLS}/merge`, { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } }),
    refused(patch('merge', `${POOLS}/none`, { spec: {} }), 404, 'NotFound'),
  ],
  'other patches': [
    create(POOLS, pool('patched')),
    patch('json', `${POOLS}/patched`, [{ op: 'add', path: '/spec/addresses/-', value: '203.0.113.10/32' }]),
    refused(patch('strategic', `${POOLS}/patched`, { spec: {} }), 415, 'UnsupportedMediaType'),
    patch('apply', `${POOLS}/patched?fieldManager=us&force=true`, pool('patched', ['203.0.113.11/32'])),
    {
      ...patch('apply', `${POOLS}/applied?fieldManager=us&force=true`, pool('applied')),
      status: 201,
    },
    patch('apply', `${POOLS}/applied?fieldManager=us&force=true`, pool('applied', ['203.0.113.12/32'])),
  ],
  'a DELETE may name uid and version': [
    create(POOLS, pool('deleted')),
    patch('merge', `${POOLS}/deleted`, { spec: { addresses: ['203.0.113.10/32'] } }),
    answers =>
      refused(
        remove(`${POOLS}/deleted`, {
          preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 0) },
        }),
        409,
        'Conflict',
      ),
    answers =>
      remove(`${POOLS}/deleted`, {
        preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 1) },
      }),
  ],
  'a finalizer holds': [
    create(POOLS, pool('held', [], { finalizers: ['example.com/held'] })),
    remove(`${POOLS}/held`),
    patch('merge', `${POOLS}/held`, { metadata: { finalizers: [] } }),
    refused(read(`${POOLS}/held`), 404, 'NotFound'),
  ],
  'objects that are refused': [
    refused(create(POOLS, { metadata: { name: 'kindless' }, spec: {} }), 400, 'BadRequest'),
    refused(create(POOLS, { ...pool('other'), kind: 'Other' }), 422, 'Invalid'),
    refused(create(POOLS, { ...pool('other'), apiVersion: 'example.com/v2' }), 400, 'BadRequest'),
    refused(create(POOLS, pool('Upper')), 422, 'Invalid'),
    refused(create(POOLS, pool('labels', [], { labels: { 'a b': 'c' } })), 422, 'Invalid'),
    create(POOLS, { ...pool('unknown'), other: 1 }),
    refused(create(`${POOLS}?fieldValidation=Strict`, { ...pool('strict'), other: 1 }), 400, 'BadRequest'),
  ],
  'a collection is removed': [
    create(POOLS, pool('all-a', [], { labels: { set: 'all' } })),
    create(POOLS, pool('all-b', [], { labels: { set: 'all' } })),
    remove(`${POOLS}?labelSelector=set%3Dall`),
    read(`${POOLS}?labelSelector=set%3Dall`),
  ],
  'a list in pages': [
    create(POOLS, pool('page-a', [], { labels: { set: 'page' } })),
    create(POOLS, pool('page-b', [], { labels: { set: 'page' } })),
    read(`${POOLS}?labelSelector=set%3Dpage&limit=1`),
    answers =>
      read(
        `${POOLS}?labelSelector=set%3Dpage&limit=1&continue=${encodeURIComponent(answerOf(answers, -1).body.metadata?.continue ?? '')}`,
      ),
  ],
  'a dry run changes nothing': [
    create(`${POOLS}?dryRun=All`, pool('dry')),
    refused(read(`${POOLS}/dry`), 404, 'NotFound'),
  ],
}

const CLUSTER_WIDE: Cases = {
  'the status has a door of its own where there is one': [
    create(RANGES, range('status', { status: { used: 1 } })),
    patch('merge', `${RANGES}/status`, { status: { used: 2 }, spec: { disabled: true } }),
    patch('merge', `${RANGES}/status/status`, {
      status: { used: 3 },
      spec: { disabled: false },
      metadata: { labels: { a: 'b' } },
    }),
    read(`${RANGES}/status/status`),
    answers =>
      replace(
        `${RANGES}/status`,
        range('status', { metadata: { name: 'status', ...version(versionOf(answers, 2)) } }),
      ),
    create(POOLS, { ...pool('no-door'), status: { used: 1 } }),
    refused(patch('merge', `${POOLS}/no-door/status`, { status: { used: 2 } }), 404, 'NotFound'),
    patch('merge', `${POOLS}/no-door`, { status: { used: 2 } }),
  ],
  'a namespace in the URL is none of its business': [
    refused(create('/apis/example.com/v1beta1/namespaces/default/ranges', range('placed')), 404),
    refused(create('/apis/example.com/v1beta1/pools', pool('placed')), 404),
  ],
}

const RIGHTS: Cases = {
  'custom resources need rights': [
    as('pooler', refused(read(POOLS), 403, 'Forbidden')),
    create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
      metadata: { name: 'pooler' },
      rules: [{ apiGroups: ['example.com'], resources: ['pools'], verbs: ['get', 'create'] }],
    }),
    create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      metadata: { name: 'pooler' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'pooler' },
      subjects: [{ kind: 'User', name: 'pooler' }],
    }),
    as('pooler', create(POOLS, pool('allowed'))),
    as('pooler', refused(read(POOLS), 403, 'Forbidden')),
    as('pooler', refused(remove(`${POOLS}/allowed`), 403, 'Forbidden')),
    as('pooler', refused(read('/apis/none.example.com/v1/pools'), 403, 'Forbidden')),
  ],
}

testContract(t, 'custom', { crds: CRDS }, async (t, contract) => {
  for (const cases of [OBJECTS, CLUSTER_WIDE, RIGHTS]) await runCases(t, contract, cases)
})
