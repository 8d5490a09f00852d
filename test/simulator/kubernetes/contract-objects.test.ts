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

const MAPS = '/api/v1/namespaces/default/configmaps'
const map = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data: { a: '1' },
})

const CREATE_AND_READ: Cases = {
  'an object is created, read and deleted': [
    create(MAPS, map('crud')),
    read(`${MAPS}/crud`),
    remove(`${MAPS}/crud`),
    refused(read(`${MAPS}/crud`), 404, 'NotFound'),
    refused(remove(`${MAPS}/crud`), 404, 'NotFound'),
  ],
  'a name is taken once': [
    create(MAPS, map('twice')),
    refused(create(MAPS, map('twice')), 409, 'AlreadyExists'),
  ],
  'a body may leave out kind and namespace, but neither may differ': [
    create(MAPS, { metadata: { name: 'bare' } }),
    refused(create(MAPS, { ...map('kind'), kind: 'Secret' }), 400, 'BadRequest'),
    refused(create(MAPS, map('ns', { namespace: 'kube-system' })), 400, 'BadRequest'),
    refused(replace(`${MAPS}/bare`, map('other')), 400, 'BadRequest'),
    refused(create(MAPS, 'no json'), 400, 'BadRequest'),
  ],
  'a name is needed and must be a DNS name': [
    refused(create(MAPS, { data: {} }), 422, 'Invalid'),
    refused(create(MAPS, map('Upper_Case')), 422, 'Invalid'),
    refused(create(MAPS, map('labels', { labels: { a: 'ubuntu/jammy' } })), 422, 'Invalid'),
    refused(create(MAPS, map('keys', { labels: { 'a b': 'c' } })), 422, 'Invalid'),
    refused(create(MAPS, map('notes', { annotations: { 'a b': 'c' } })), 422, 'Invalid'),
    refused(create(MAPS, map('final', { finalizers: ['nodomain'] })), 422, 'Invalid'),
  ],
  'a namespace must exist': [
    refused(create('/api/v1/namespaces/nowhere/configmaps', map('x')), 404, 'NotFound'),
    read('/api/v1/namespaces/nowhere/configmaps'),
    read('/api/v1/namespaces/kube-system'),
  ],
  'system fields of the caller are not kept': [
    create(
      MAPS,
      map('system', {
        uid: '11111111-1111-1111-1111-111111111111',
        creationTimestamp: '2020-01-01T00:00:00Z',
        generation: 5,
        selfLink: '/x',
      }),
    ),
  ],
  'a resourceVersion on create is refused': [
    refused(create(MAPS, map('versioned', { resourceVersion: '5' })), 500),
  ],
}

const UPDATES: Cases = {
  'a PUT without resourceVersion overwrites': [
    create(MAPS, map('put', { labels: { a: 'b' } })),
    replace(`${MAPS}/put`, map('put')),
  ],
  'a PUT with an old resourceVersion conflicts': [
    create(MAPS, map('conflict')),
    answers =>
      replace(`${MAPS}/conflict`, {
        ...map('conflict', { resourceVersion: versionOf(answers, 0) }),
        data: { a: '2' },
      }),
    answers =>
      refused(
        replace(`${MAPS}/conflict`, {
          ...map('conflict', { resourceVersion: versionOf(answers, 0) }),
          data: { a: '3' },
        }),
        409,
        'Conflict',
      ),
    read(`${MAPS}/conflict`),
  ],
  'a PUT of another uid conflicts': [
    create(MAPS, map('uid')),
    refused(
      replace(`${MAPS}/uid`, map('uid', { uid: '11111111-1111-1111-1111-111111111111' })),
      409,
      'Conflict',
    ),
  ],
  'a PUT that changes nothing keeps the resourceVersion': [
    create(MAPS, map('same')),
    replace(`${MAPS}/same`, map('same')),
  ],
  'a PUT of a new name is refused': [
    refused(replace(`${MAPS}/absent`, map('absent')), 404, 'NotFound'),
    refused(replace('/api/v1/nodes/absent', { metadata: { name: 'absent' } }), 404, 'NotFound'),
  ],
}

const DELETES: Cases = {
  'preconditions of a DELETE': [
    create(MAPS, map('pre')),
    refused(
      remove(`${MAPS}/pre`, { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } }),
      409,
      'Conflict',
    ),
    refused(remove(`${MAPS}/pre`, { preconditions: { resourceVersion: '1' } }), 409, 'Conflict'),
    answers =>
      remove(`${MAPS}/pre`, {
        preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 0) },
      }),
  ],
  'preconditions of a DELETE of a node and of a lease': [
    create('/api/v1/nodes', { metadata: { name: 'pre' } }),
    refused(
      remove('/api/v1/nodes/pre', {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid: 'other' },
      }),
      409,
      'Conflict',
    ),
    answers =>
      remove('/api/v1/nodes/pre', {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid: uidOf(answers, 0) },
      }),
    refused(read('/api/v1/nodes/pre'), 404, 'NotFound'),
  ],
  'a finalizer holds the object back': [
    create(MAPS, map('held', { finalizers: ['phoenixnap.com/test'] })),
    remove(`${MAPS}/held`),
    remove(`${MAPS}/held`),
    refused(create(MAPS, map('held')), 409, 'AlreadyExists'),
    refused(
      patch('merge', `${MAPS}/held`, {
        metadata: { finalizers: ['phoenixnap.com/test', 'phoenixnap.com/more'] },
      }),
      422,
      'Invalid',
    ),
    patch('merge', `${MAPS}/held`, { data: { a: '2' } }),
    patch('merge', `${MAPS}/held`, { metadata: { finalizers: null } }),
    refused(read(`${MAPS}/held`), 404, 'NotFound'),
  ],
  'a PUT that removes the last finalizer of a deleted object removes it': [
    create(MAPS, map('held-put', { finalizers: ['phoenixnap.com/test'] })),
    remove(`${MAPS}/held-put`),
    replace(`${MAPS}/held-put`, map('held-put')),
    refused(read(`${MAPS}/held-put`), 404, 'NotFound'),
  ],
  'a deleted collection': [
    create(MAPS, map('coll-1', { labels: { coll: 'yes' } })),
    create(MAPS, map('coll-2', { labels: { coll: 'yes' } })),
    remove(`${MAPS}?labelSelector=coll%3Dyes`),
    read(`${MAPS}?labelSelector=coll%3Dyes`),
  ],
}

const DRY_RUN: Cases = {
  'a dry run stores nothing': [
    create(`${MAPS}?dryRun=All`, map('dry')),
    refused(read(`${MAPS}/dry`), 404, 'NotFound'),
    create(MAPS, map('dry')),
    patch('merge', `${MAPS}/dry?dryRun=All`, { data: { a: '2' } }),
    remove(`${MAPS}/dry?dryRun=All`),
    read(`${MAPS}/dry`),
    refused(create(`${MAPS}?dryRun=Some`, map('dry-2')), 422, 'Invalid'),
  ],
}

const REFUSALS: Cases = {
  'paths that do not exist': [
    refused(read('/api/v1/somethings'), 404, 'NotFound'),
    refused(read('/apis/example.com/v1/things'), 404),
    refused(replace('/api/v1/nodes', {}), 405, 'MethodNotAllowed'),
  ],
  'users without rights': [
    as('somebody', refused(read('/api/v1/nodes'), 403, 'Forbidden')),
    as('somebody', refused(read(`${MAPS}/x`), 403, 'Forbidden')),
    as('somebody', refused(create(MAPS, map('x')), 403, 'Forbidden')),
    as('somebody', refused(patch('merge', '/api/v1/nodes/x/status', {}), 403, 'Forbidden')),
  ],
  'no token, and a wrong one': [
    {
      call: 'GET /api/v1/nodes',
      headers: { authorization: 'Bearer wrong' },
      status: 401,
      reason: 'Unauthorized',
    },
  ],
  'a content type that nobody knows': [
    {
      call: `POST ${MAPS}`,
      headers: { 'content-type': 'text/plain' },
      body: map('type'),
      status: 415,
      reason: 'UnsupportedMediaType',
    },
  ],
}

testContract(t, 'objects', {}, async (t, contract) => {
  for (const cases of [CREATE_AND_READ, UPDATES, DELETES, DRY_RUN, REFUSALS])
    await runCases(t, contract, cases)

  await t.test('generateName makes a name', async t => {
    const body = { metadata: { generateName: 'made-' }, data: {} }
    const answer = await contract.api().call({ method: 'POST', path: MAPS, body })
    t.equal(answer.status, 201)
    t.match(answer.body.metadata, { generateName: 'made-', name: /^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/ })
  })
  await t.test('answers carry the time', async t => {
    const { headers } = await contract.api().call({ method: 'GET', path: `${MAPS}/none` })
    t.ok(Math.abs(Date.parse(String(headers['date'])) - Date.now()) < 60_000)
    t.match(headers['content-type'], 'application/json')
  })
})
