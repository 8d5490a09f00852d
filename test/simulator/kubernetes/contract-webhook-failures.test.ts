import t from 'tap'
import { startWebhookServer } from '../../support/webhook-server.ts'
import { as, create, patch, read, refused, remove, type Step, testContract } from './contract.ts'
import { allow, type Hook, type HookAnswer, type HookCase, patchWith, runHookCase } from './hooks.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
/** Nobody listens on it: ports below 1024 are not given to tests. */
const NOBODY = { url: 'https://127.0.0.1:1/' }

const map = (slug: string, name = slug, more: object = {}): object => ({
  metadata: { name, labels: { hook: slug }, ...more },
  data: { a: '1' },
})
const label = (name: string, value: string): object => ({
  op: 'add',
  path: `/metadata/labels/${name}`,
  value,
})

/** What can go wrong with a call; failurePolicy decides about each. */
const FAILURES: Record<string, Hook> = {
  unreachable: { clientConfig: NOBODY, answer: allow },
  'error-500': { answer: () => ({ status: 500, text: 'broken' }) },
  'not-found': { answer: () => ({ status: 404, text: 'nothing here' }) },
  'no-json': { answer: () => ({ status: 200, text: 'hello' }) },
  'no-review': { answer: () => ({ json: { kind: 'Other' } }) },
  'no-response': { answer: () => ({ json: { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' } }) },
  'other-version': {
    answer: ({ uid }) => ({
      json: {
        apiVersion: 'admission.k8s.io/v1beta1',
        kind: 'AdmissionReview',
        response: { uid, allowed: true },
      },
    }),
  },
  'other-uid': { answer: () => ({ response: { uid: 'other', allowed: true } }) },
  'patch-no-list': {
    answer: () => ({ response: { allowed: true, patchType: 'JSONPatch', patch: 'eyJhIjoxfQ==' } }),
  },
  slow: { config: { timeoutSeconds: 1 }, answer: () => 'hang' },
  'condition-error': {
    config: { matchConditions: [{ name: 'broken', expression: "object.metadata.labels['none'] == 'x'" }] },
    answer: allow,
  },
}

/** Failures that are the webhook's fault, whatever its failurePolicy. */
const ALWAYS: Record<string, HookAnswer> = {
  'patch-to-nowhere': patchWith([{ op: 'add', path: '/spec/none/x', value: 1 }]),
  'patch-remove-absent': patchWith([{ op: 'remove', path: '/metadata/annotations' }]),
  'patch-test': patchWith([{ op: 'test', path: '/data/a', value: 'other' }]),
  'patch-wrong-type': patchWith([{ op: 'add', path: '/data', value: 'text' }]),
  denied: () => ({ response: { allowed: false, status: { code: 400, message: 'not like this' } } }),
  'denied-plainly': () => ({ response: { allowed: false } }),
  'denied-with-reason': () => ({
    response: { allowed: false, status: { code: 409, reason: 'Conflict', message: 'taken' } },
  }),
}

/** A condition that cannot be evaluated is no failed call. */
const refusedBy = (slug: string): Step =>
  slug.startsWith('condition-')
    ? refused(create(MAPS, map(slug)), 403, 'Forbidden')
    : refused(create(MAPS, map(slug)), 500, 'InternalError')

const failing = (slug: string, hook: Hook, failurePolicy: string, isStored: boolean): HookCase => ({
  slug,
  isCounting: true,
  hooks: [{ ...hook, config: { ...hook.config, failurePolicy } }],
  steps: [isStored ? create(MAPS, map(slug)) : refusedBy(slug)],
})

const REFUSALS: Record<string, { status: number; reason?: string }> = {
  'patch-to-nowhere': { status: 500, reason: 'InternalError' },
  'patch-remove-absent': { status: 500, reason: 'InternalError' },
  'patch-test': { status: 500, reason: 'InternalError' },
  'patch-wrong-type': { status: 500, reason: 'InternalError' },
  denied: { status: 400 },
  'denied-plainly': { status: 400 },
  'denied-with-reason': { status: 409, reason: 'Conflict' },
}

const MORE: Record<string, HookCase> = {
  'a patch that makes the object invalid': {
    slug: 'made-invalid',
    hooks: [{ answer: patchWith([label('os', 'ubuntu/jammy')]) }],
    steps: [refused(create(MAPS, map('made-invalid')), 422, 'Invalid')],
  },
  'a replace of what is not there adds it': {
    slug: 'replacing',
    hooks: [{ answer: patchWith([{ op: 'replace', path: '/metadata/annotations', value: { a: 'b' } }]) }],
    steps: [create(MAPS, map('replacing'))],
  },
  'warnings arrive at the client': {
    slug: 'warning',
    hooks: [
      {
        answer: () => ({
          response: { allowed: true, warnings: ['look "here"', 'and there', 'x'.repeat(300)] },
        }),
      },
      {
        answer: () => ({
          response: { allowed: false, warnings: ['before the end'], status: { message: 'no' } },
        }),
      },
    ],
    steps: [refused(create(MAPS, map('warning')), 400)],
  },
  'one webhook sees what those before it did, and is asked again when the object changed after it': {
    slug: 'again',
    hooks: [
      { config: { reinvocationPolicy: 'IfNeeded' }, answer: patchWith([label('first', 'yes')]) },
      { answer: patchWith([label('second', 'yes')]) },
      { config: { reinvocationPolicy: 'IfNeeded' }, answer: allow },
    ],
    steps: [create(MAPS, map('again'))],
  },
  'a patch that changes nothing counts as a change, and none does not': {
    slug: 'once',
    isCounting: true,
    hooks: [
      { config: { reinvocationPolicy: 'IfNeeded' }, answer: allow },
      {
        config: { reinvocationPolicy: 'IfNeeded' },
        answer: patchWith([{ op: 'replace', path: '/data/a', value: '1' }]),
      },
    ],
    steps: [create(MAPS, map('once'))],
  },
  'nobody is asked again when nobody patches': {
    slug: 'never',
    isCounting: true,
    hooks: [
      { config: { reinvocationPolicy: 'IfNeeded' }, answer: allow },
      { config: { reinvocationPolicy: 'IfNeeded' }, answer: allow },
    ],
    steps: [create(MAPS, map('never'))],
  },
  'conditions choose by object, old object, request and user': {
    slug: 'conditions',
    hooks: [
      { config: when("request.userInfo.username != 'friend'"), answer: patchWith([label('user', 'other')]) },
      { config: when("request.operation == 'UPDATE'"), answer: patchWith([label('operation', 'update')]) },
      { config: when("has(object.data) && object.data.a == '2'"), answer: patchWith([label('data', 'two')]) },
      {
        config: when('oldObject != null && oldObject.data.a != object.data.a'),
        answer: patchWith([label('changed', 'yes')]),
      },
      {
        config: when("'system:masters' in request.userInfo.groups"),
        answer: patchWith([label('group', 'masters')]),
      },
      {
        config: when(
          "!(has(object.metadata.finalizers) && object.metadata.finalizers.exists(f, f == 'example.com/a'))",
        ),
        answer: patchWith([label('unheld', 'yes')]),
      },
    ],
    steps: [
      create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: 'friend' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'User', name: 'friend' }],
      }),
      create(MAPS, map('conditions', 'by-admin')),
      patch('merge', `${MAPS}/by-admin`, { data: { a: '2' } }),
      as('friend', create(MAPS, map('conditions', 'by-friend', { finalizers: ['example.com/a'] }))),
    ],
  },
  'rules choose by operation and resource, and not by subresource': {
    slug: 'rules',
    hooks: [
      { config: rules(['CREATE'], ['nodes']), answer: allow },
      { config: rules(['UPDATE'], ['nodes']), answer: allow },
      { config: rules(['UPDATE'], ['nodes/status']), answer: allow },
      { config: rules(['DELETE'], ['nodes']), answer: allow },
      { config: rules(['*'], ['*/*']), answer: allow },
    ],
    steps: [
      create('/api/v1/nodes', { metadata: { name: 'rules', labels: { hook: 'rules' } } }),
      patch('merge', '/api/v1/nodes/rules', { metadata: { annotations: { a: 'b' } } }),
      patch('merge', '/api/v1/nodes/rules/status', { status: { phase: 'Running' } }),
      remove('/api/v1/nodes/rules'),
    ],
  },
  'a deleted collection is reviewed item by item': {
    slug: 'collection',
    hooks: [{ config: rules(['DELETE'], ['configmaps']), answer: allow }],
    steps: [
      create(MAPS, map('collection', 'collection-1')),
      create(MAPS, map('collection', 'collection-2')),
      remove(`${MAPS}?labelSelector=hook%3Dcollection`),
    ],
  },
  'a namespace is chosen by its labels': {
    slug: 'namespace',
    hooks: [
      {
        config: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
        answer: patchWith([label('by', 'hook')]),
      },
    ],
    steps: [
      create(MAPS, map('namespace')),
      create('/api/v1/namespaces/kube-system/configmaps', map('namespace')),
    ],
  },
}

function when(expression: string): object {
  return { matchConditions: [{ name: 'when', expression }] }
}
function rules(operations: string[], resources: string[]): object {
  return { rules: [{ apiGroups: [''], apiVersions: ['v1'], operations, resources }] }
}

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const webhook = (more: object): object => ({
  metadata: { name: 'invalid' },
  webhooks: [
    {
      name: 'a.example.com',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nodes'] }],
      ...more,
    },
  ],
})

const INVALID = {
  'http, not https': { clientConfig: { url: 'http://127.0.0.1:1/' } },
  'a query in the URL': { clientConfig: { url: 'https://127.0.0.1:1/?a=b' } },
  'user info in the URL': { clientConfig: { url: 'https://a:b@127.0.0.1:1/' } },
  'side effects': { sideEffects: 'Some' },
  'no side effects said': { sideEffects: undefined },
  'no review version': { admissionReviewVersions: [] },
  'an unknown review version': { admissionReviewVersions: ['v9'] },
  'a name without dots': { name: 'short' },
  'a timeout of a minute': { timeoutSeconds: 60 },
  'a condition that is no CEL': { matchConditions: [{ name: 'x', expression: 'object.' }] },
  'a condition that is no yes or no': { matchConditions: [{ name: 'x', expression: "'text'" }] },
  'two conditions of one name': {
    matchConditions: [
      { name: 'x', expression: 'true' },
      { name: 'x', expression: 'true' },
    ],
  },
}

const server = await startWebhookServer(t)
testContract(t, 'webhook-failures', {}, async (t, contract) => {
  const run = (name: string, each: HookCase): Promise<unknown> =>
    t.test(name, t => runHookCase(t, contract, server, name, each))
  for (const [name, hook] of Object.entries(FAILURES)) {
    await run(`${name}, ignored`, failing(`${name}-ignored`, hook, 'Ignore', true))
    await run(`${name}, not ignored`, failing(`${name}-failed`, hook, 'Fail', false))
  }
  for (const [slug, answer] of Object.entries(ALWAYS)) {
    const { status, reason } = REFUSALS[slug] ?? { status: 500 }
    const steps = [
      refused(create(MAPS, map(slug)), status, reason),
      refused(read(`${MAPS}/${slug}`), 404, 'NotFound'),
    ]
    await run(slug, {
      slug,
      isCounting: true,
      hooks: [{ config: { failurePolicy: 'Ignore' }, answer }],
      steps,
    })
  }
  for (const [name, each] of Object.entries(MORE)) await run(name, each)
  for (const [name, more] of Object.entries(INVALID))
    await t.test(`a configuration with ${name} is refused`, async t => {
      const answer = await contract.api().call({ method: 'POST', path: CONFIGURATIONS, body: webhook(more) })
      t.match(answer, { status: 422, body: { reason: 'Invalid' } })
    })
  await t.test('defaults of a configuration', async t => {
    const answer = await contract.api().call({ method: 'POST', path: CONFIGURATIONS, body: webhook({}) })
    contract.recording.check(t, 'defaults of a configuration', (answer.body['webhooks'] as unknown[])[0])
  })
})
