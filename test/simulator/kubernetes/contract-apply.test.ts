import t from 'tap'
import {
  type Cases,
  create,
  patch,
  read,
  refused,
  runCases,
  type Step,
  testContract,
  versionOf,
} from './contract.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
const HOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** Applies as one manager, `first` by default. */
const apply = (path: string, body: unknown, query = 'fieldManager=first&force=true'): Step =>
  patch('apply', `${path}?${query}`, body)
const created = (step: Step): Step => ({ ...step, status: 201 })
const map = (name: string, data: object, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data,
})
const role = (rules: readonly object[]): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'applied', labels: { a: 'b' } },
  rules,
})
const hooks = (webhooks: readonly object[]): object => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'applied' },
  webhooks,
})
const hook = (name: string, url: string): object => ({
  name,
  clientConfig: { url },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nodes'] }],
  objectSelector: { matchLabels: { nobody: 'has-this' } },
})
const BIND = { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] }

const APPLY: Cases = {
  'what is absent is created, what is there is changed, what is the same is kept': [
    created(apply(`${MAPS}/applied`, map('applied', { a: '1', b: '2' }))),
    apply(`${MAPS}/applied`, map('applied', { a: '1', b: '2' })),
    apply(`${MAPS}/applied`, map('applied', { a: '3', b: '2' })),
    read(`${MAPS}/applied`),
  ],
  'a field that is no longer applied goes, one of somebody else stays': [
    created(apply(`${MAPS}/dropped`, map('dropped', { a: '1', b: '2' }, { labels: { mine: 'yes' } }))),
    patch('merge', `${MAPS}/dropped`, { data: { other: '9' }, metadata: { labels: { theirs: 'yes' } } }),
    apply(`${MAPS}/dropped`, map('dropped', { a: '1' })),
  ],
  'a field of somebody else is a conflict, unless forced': [
    created(apply(`${MAPS}/forced`, map('forced', { a: '1' }))),
    refused(apply(`${MAPS}/forced`, map('forced', { a: '2' }), 'fieldManager=second'), 409, 'Conflict'),
    apply(`${MAPS}/forced`, map('forced', { a: '2' }), 'fieldManager=second&force=true'),
    apply(`${MAPS}/forced`, map('forced', { a: '2' }), 'fieldManager=first'),
  ],
  'a dry run stores nothing': [
    created(apply(`${MAPS}/dry`, map('dry', { a: '1' }), 'fieldManager=first&force=true&dryRun=All')),
    refused(read(`${MAPS}/dry`), 404, 'NotFound'),
  ],
  'a manager is required, and the name must be that of the path': [
    refused(apply(`${MAPS}/nobody`, map('nobody', {}), 'force=true'), 422, 'Invalid'),
    refused(apply(`${MAPS}/nobody`, map('somebody', {})), 400, 'BadRequest'),
    refused(apply(`${MAPS}/nobody`, { metadata: { name: 'nobody' } }), 400, 'BadRequest'),
  ],
  'an old version conflicts': [
    create(MAPS, map('version', { a: '1' })),
    answers =>
      patch('merge', `${MAPS}/version`, {
        metadata: { resourceVersion: versionOf(answers, 0) },
        data: { a: '2' },
      }),
    answers =>
      refused(
        apply(`${MAPS}/version`, map('version', { a: '3' }, { resourceVersion: versionOf(answers, 0) })),
        409,
        'Conflict',
      ),
  ],
  'rules of a role are one list': [
    created(
      apply(`${ROLES}/applied`, role([BIND, { apiGroups: [''], resources: ['services'], verbs: ['get'] }])),
    ),
    apply(`${ROLES}/applied`, role([BIND])),
  ],
  'webhooks of a configuration are told apart by name': [
    created(apply(`${HOOKS}/applied`, hooks([hook('a.example.com', 'https://127.0.0.1:1/a')]))),
    apply(
      `${HOOKS}/applied`,
      hooks([hook('a.example.com', 'https://127.0.0.1:1/b'), hook('b.example.com', 'https://127.0.0.1:1/c')]),
    ),
    apply(`${HOOKS}/applied`, hooks([hook('b.example.com', 'https://127.0.0.1:1/c')])),
  ],
  'a service account': [
    created(
      apply(`${ACCOUNTS}/applied`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'applied' },
      }),
    ),
    apply(`${ACCOUNTS}/applied`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'applied' } }),
  ],
}

testContract(t, 'apply', {}, async (t, contract) => {
  await runCases(t, contract, APPLY)
})
