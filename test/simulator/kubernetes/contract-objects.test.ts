import t from 'tap'
import { type Cases, runCases, testContract, uidOf, versionOf } from './contract.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const map = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data: { a: '1' },
})

const CREATE_AND_READ: Cases = {
  'an object is created, read and deleted': [
    { call: `POST ${MAPS}`, body: map('crud'), status: 201 },
    { call: `GET ${MAPS}/crud`, status: 200 },
    { call: `DELETE ${MAPS}/crud`, status: 200 },
    { call: `GET ${MAPS}/crud`, status: 404, reason: 'NotFound' },
    { call: `DELETE ${MAPS}/crud`, status: 404, reason: 'NotFound' },
  ],
  'a name is taken once': [
    { call: `POST ${MAPS}`, body: map('twice'), status: 201 },
    { call: `POST ${MAPS}`, body: map('twice'), status: 409, reason: 'AlreadyExists' },
  ],
  'a body may leave out kind and namespace, but neither may differ': [
    { call: `POST ${MAPS}`, body: { metadata: { name: 'bare' } }, status: 201 },
    { call: `POST ${MAPS}`, body: { ...map('kind'), kind: 'Secret' }, status: 400, reason: 'BadRequest' },
    {
      call: `POST ${MAPS}`,
      body: map('ns', { namespace: 'kube-system' }),
      status: 400,
      reason: 'BadRequest',
    },
    { call: `PUT ${MAPS}/bare`, body: map('other'), status: 400, reason: 'BadRequest' },
    { call: `POST ${MAPS}`, body: 'no json', status: 400, reason: 'BadRequest' },
  ],
  'a name is needed and must be a DNS name': [
    { call: `POST ${MAPS}`, body: { data: {} }, status: 422, reason: 'Invalid' },
    { call: `POST ${MAPS}`, body: map('Upper_Case'), status: 422, reason: 'Invalid' },
    {
      call: `POST ${MAPS}`,
      body: map('labels', { labels: { a: 'ubuntu/jammy' } }),
      status: 422,
      reason: 'Invalid',
    },
    { call: `POST ${MAPS}`, body: map('keys', { labels: { 'a b': 'c' } }), status: 422, reason: 'Invalid' },
    {
      call: `POST ${MAPS}`,
      body: map('notes', { annotations: { 'a b': 'c' } }),
      status: 422,
      reason: 'Invalid',
    },
    {
      call: `POST ${MAPS}`,
      body: map('final', { finalizers: ['nodomain'] }),
      status: 422,
      reason: 'Invalid',
    },
  ],
  'a namespace must exist': [
    { call: 'POST /api/v1/namespaces/nowhere/configmaps', body: map('x'), status: 404, reason: 'NotFound' },
    { call: 'GET /api/v1/namespaces/nowhere/configmaps', status: 200 },
    { call: 'GET /api/v1/namespaces/kube-system', status: 200 },
  ],
  'system fields of the caller are not kept': [
    {
      call: `POST ${MAPS}`,
      body: map('system', {
        uid: '11111111-1111-1111-1111-111111111111',
        creationTimestamp: '2020-01-01T00:00:00Z',
        generation: 5,
        selfLink: '/x',
      }),
      status: 201,
    },
  ],
  'a resourceVersion on create is refused': [
    {
      call: `POST ${MAPS}`,
      body: map('versioned', { resourceVersion: '5' }),
      status: 500,
      reason: undefined,
    },
  ],
}

const UPDATES: Cases = {
  'a PUT without resourceVersion overwrites': [
    { call: `POST ${MAPS}`, body: map('put', { labels: { a: 'b' } }), status: 201 },
    { call: `PUT ${MAPS}/put`, body: map('put'), status: 200 },
  ],
  'a PUT with an old resourceVersion conflicts': [
    { call: `POST ${MAPS}`, body: map('conflict'), status: 201 },
    answers => ({
      call: `PUT ${MAPS}/conflict`,
      body: { ...map('conflict', { resourceVersion: versionOf(answers, 0) }), data: { a: '2' } },
      status: 200,
    }),
    answers => ({
      call: `PUT ${MAPS}/conflict`,
      body: { ...map('conflict', { resourceVersion: versionOf(answers, 0) }), data: { a: '3' } },
      status: 409,
      reason: 'Conflict',
    }),
    { call: `GET ${MAPS}/conflict`, status: 200 },
  ],
  'a PUT of another uid conflicts': [
    { call: `POST ${MAPS}`, body: map('uid'), status: 201 },
    {
      call: `PUT ${MAPS}/uid`,
      body: map('uid', { uid: '11111111-1111-1111-1111-111111111111' }),
      status: 409,
      reason: 'Conflict',
    },
  ],
  'a PUT that changes nothing keeps the resourceVersion': [
    { call: `POST ${MAPS}`, body: map('same'), status: 201 },
    { call: `PUT ${MAPS}/same`, body: map('same'), status: 200 },
  ],
  'a PUT of a new name is refused': [
    { call: `PUT ${MAPS}/absent`, body: map('absent'), status: 404, reason: 'NotFound' },
    {
      call: 'PUT /api/v1/nodes/absent',
      body: { metadata: { name: 'absent' } },
      status: 404,
      reason: 'NotFound',
    },
  ],
}

const DELETES: Cases = {
  'preconditions of a DELETE': [
    { call: `POST ${MAPS}`, body: map('pre'), status: 201 },
    {
      call: `DELETE ${MAPS}/pre`,
      body: { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } },
      status: 409,
      reason: 'Conflict',
    },
    {
      call: `DELETE ${MAPS}/pre`,
      body: { preconditions: { resourceVersion: '1' } },
      status: 409,
      reason: 'Conflict',
    },
    answers => ({
      call: `DELETE ${MAPS}/pre`,
      body: { preconditions: { uid: uidOf(answers, 0), resourceVersion: versionOf(answers, 0) } },
      status: 200,
    }),
  ],
  'preconditions of a DELETE of a node and of a lease': [
    { call: 'POST /api/v1/nodes', body: { metadata: { name: 'pre' } }, status: 201 },
    {
      call: 'DELETE /api/v1/nodes/pre',
      body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'other' } },
      status: 409,
      reason: 'Conflict',
    },
    answers => ({
      call: 'DELETE /api/v1/nodes/pre',
      body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: uidOf(answers, 0) } },
      status: 200,
    }),
    { call: 'GET /api/v1/nodes/pre', status: 404, reason: 'NotFound' },
  ],
  'a finalizer holds the object back': [
    { call: `POST ${MAPS}`, body: map('held', { finalizers: ['phoenixnap.com/test'] }), status: 201 },
    { call: `DELETE ${MAPS}/held`, status: 200 },
    { call: `DELETE ${MAPS}/held`, status: 200 },
    { call: `POST ${MAPS}`, body: map('held'), status: 409, reason: 'AlreadyExists' },
    {
      call: `PATCH ${MAPS}/held`,
      patch: 'merge',
      body: { metadata: { finalizers: ['phoenixnap.com/test', 'phoenixnap.com/more'] } },
      status: 422,
      reason: 'Invalid',
    },
    { call: `PATCH ${MAPS}/held`, patch: 'merge', body: { data: { a: '2' } }, status: 200 },
    { call: `PATCH ${MAPS}/held`, patch: 'merge', body: { metadata: { finalizers: null } }, status: 200 },
    { call: `GET ${MAPS}/held`, status: 404, reason: 'NotFound' },
  ],
  'a PUT that removes the last finalizer of a deleted object removes it': [
    { call: `POST ${MAPS}`, body: map('held-put', { finalizers: ['phoenixnap.com/test'] }), status: 201 },
    { call: `DELETE ${MAPS}/held-put`, status: 200 },
    { call: `PUT ${MAPS}/held-put`, body: map('held-put'), status: 200 },
    { call: `GET ${MAPS}/held-put`, status: 404, reason: 'NotFound' },
  ],
  'a deleted collection': [
    { call: `POST ${MAPS}`, body: map('coll-1', { labels: { coll: 'yes' } }), status: 201 },
    { call: `POST ${MAPS}`, body: map('coll-2', { labels: { coll: 'yes' } }), status: 201 },
    { call: `DELETE ${MAPS}?labelSelector=coll%3Dyes`, status: 200 },
    { call: `GET ${MAPS}?labelSelector=coll%3Dyes`, status: 200 },
  ],
}

const DRY_RUN: Cases = {
  'a dry run stores nothing': [
    { call: `POST ${MAPS}?dryRun=All`, body: map('dry'), status: 201 },
    { call: `GET ${MAPS}/dry`, status: 404, reason: 'NotFound' },
    { call: `POST ${MAPS}`, body: map('dry'), status: 201 },
    { call: `PATCH ${MAPS}/dry?dryRun=All`, patch: 'merge', body: { data: { a: '2' } }, status: 200 },
    { call: `DELETE ${MAPS}/dry?dryRun=All`, status: 200 },
    { call: `GET ${MAPS}/dry`, status: 200 },
    { call: `POST ${MAPS}?dryRun=Some`, body: map('dry-2'), status: 422, reason: 'Invalid' },
  ],
}

const REFUSALS: Cases = {
  'paths that do not exist': [
    { call: 'GET /api/v1/somethings', status: 404, reason: 'NotFound' },
    { call: 'GET /apis/example.com/v1/things', status: 404 },
    { call: 'PUT /api/v1/nodes', body: {}, status: 405, reason: 'MethodNotAllowed' },
  ],
  'users without rights': [
    { user: 'somebody', call: 'GET /api/v1/nodes', status: 403, reason: 'Forbidden' },
    { user: 'somebody', call: `GET ${MAPS}/x`, status: 403, reason: 'Forbidden' },
    { user: 'somebody', call: `POST ${MAPS}`, body: map('x'), status: 403, reason: 'Forbidden' },
    {
      user: 'somebody',
      call: 'PATCH /api/v1/nodes/x/status',
      patch: 'merge',
      body: {},
      status: 403,
      reason: 'Forbidden',
    },
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
