import t from 'tap'
import { CcmError } from '../../shared/errors.ts'
import { bearer, createFunctions, LABEL_PATCH, onEveryHost, review, TOKEN, until } from './_hosts.ts'

const ALLOWED = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: 'review-1', allowed: true },
}
const admission = { path: '/admission', headers: bearer(TOKEN) }

onEveryHost(t, 'a node is patched', async (t, { call, backstage }) => {
  const { status, headers, body } = await call({ ...admission, query: 'timeout=10s', body: review() })
  t.equal(status, 200)
  t.match(headers['content-type'], 'application/json')
  const { response } = body as { response: { patchType: string; patch: string } }
  t.equal(response.patchType, 'JSONPatch')
  t.strictSame(JSON.parse(Buffer.from(response.patch, 'base64').toString()), LABEL_PATCH)
  t.match(body, ALLOWED)
  t.equal(backstage.admitted[0]?.node.metadata.name, 'node-a')
  t.match(backstage.lines.at(-1), { msg: 'node reviewed', node: 'node-a', why: 'found by hostname' })
})

onEveryHost(t, 'nothing to patch means no patch', async (t, { call, backstage }) => {
  for (const patch of [undefined, []]) {
    backstage.admit = async () => ({ patch, why: 'nothing to do', warnings: [] })
    t.strictSame((await call({ ...admission, body: review() })).body, ALLOWED)
  }
})

onEveryHost(t, 'a dry run gets the same patch', async (t, { call }) => {
  const wet = await call({ ...admission, body: review() })
  t.strictSame((await call({ ...admission, body: review({ dryRun: true }) })).body, wet.body)
})

onEveryHost(t, 'warnings arrive whole and in one line', async (t, { call, backstage }) => {
  const warnings = ['a\nb', 'x'.repeat(300), ' ']
  backstage.admit = async () => ({ patch: undefined, why: 'unsure', warnings })
  const { body } = await call({ ...admission, body: review() })
  t.strictSame((body as typeof ALLOWED & { response: { warnings: string[] } }).response.warnings, [
    'a b',
    'x'.repeat(256),
  ])
})

const SERVICES = {
  resource: { group: '', version: 'v1', resource: 'services' },
  namespace: 'shop',
  name: 'web',
}
const NOT_OURS: Record<string, Record<string, unknown>> = {
  'another kind': { resource: { group: '', version: 'v1', resource: 'pods' } },
  'another group': { resource: { group: 'metrics.k8s.io', version: 'v1', resource: 'nodes' } },
  'a subresource': { subResource: 'status' },
  'an update': { operation: 'UPDATE' },
  'a deletion': { operation: 'DELETE', object: null },
  'a connection to a Service': { ...SERVICES, operation: 'CONNECT' },
  'the status of a Service': { ...SERVICES, subResource: 'status' },
  'a Service of another group': { resource: { group: 'serving.knative.dev', resource: 'services' } },
  'a Service that is no object': { ...SERVICES, object: 'web' },
  'a changed Service without its old self': { ...SERVICES, operation: 'UPDATE', oldObject: null },
  'a deleted Service without its old self': { ...SERVICES, operation: 'DELETE', object: null },
  'no object': { object: 'node' },
  'an object without metadata': { object: { metadata: null } },
}
for (const [name, request] of Object.entries(NOT_OURS)) {
  onEveryHost(t, `${name} is let through`, async (t, { call, backstage }) => {
    const { status, body } = await call({ ...admission, body: review(request) })
    t.equal(status, 200)
    t.strictSame(body, ALLOWED)
    t.equal(backstage.admitted.length, 0)
    t.equal(backstage.lines.length, 1)
    t.match(backstage.lines[0], { level: 'warn' })
  })
}

onEveryHost(t, 'an exception lets the node through', async (t, { call, backstage }) => {
  for (const [error, code] of [
    [new TypeError('x is undefined'), 'CCM_INTERNAL'],
    [new CcmError('KUBE_UNREACHABLE', 'no answer'), 'KUBE_UNREACHABLE'],
  ] as const) {
    backstage.lines.length = 0
    backstage.admit = () => Promise.reject(error)
    t.strictSame((await call({ ...admission, body: review() })).body, ALLOWED)
    t.strictSame(
      backstage.lines.map(line => line['code']),
      [code],
      'logged once',
    )
  }
})

onEveryHost(t, 'controllers that cannot be had let the node through', async (t, { call, backstage }) => {
  backstage.broken = new CcmError('KUBE_CONFIG_INVALID', 'no kubeconfig')
  t.strictSame((await call({ ...admission, body: review() })).body, ALLOWED)
  backstage.broken = undefined
  t.match((await call({ ...admission, body: review() })).body, { response: { patchType: 'JSONPatch' } })
})

const DEADLINES: readonly [query: string, expectedMs: number][] = [
  ['timeout=5s', 4000],
  ['timeout=30s', 24_000],
  ['timeout=500ms', 400],
  ['', 8000],
  ['timeout=soon', 8000],
  ['timeout=0s', 8000],
  ['timeout=9999h', 24_000],
  [`timeout=${'9'.repeat(99)}h`, 8000],
]
for (const [query, expectedMs] of DEADLINES) {
  onEveryHost(t, `'${query}' leaves ${expectedMs} ms`, async (t, { call, backstage }) => {
    const now = backstage.clock.now()
    await call({ ...admission, query, body: review() })
    t.equal((backstage.admitted[0]?.call.deadline ?? 0) - now, expectedMs)
  })
}

t.test('a function closes its idle sockets before it answers', async t => {
  const { call, backstage } = createFunctions()
  for (const closed of [1, 2]) {
    await call({ ...admission, body: review() })
    t.equal(backstage.closed, closed)
  }
})

onEveryHost(t, 'a node is let through before the API server gives up', async (t, { call, backstage }) => {
  let signal: AbortSignal | undefined
  backstage.admit = (_node, call) => {
    signal = call.signal
    return new Promise(() => {})
  }
  let answered = false
  const answer = call({ ...admission, query: 'timeout=5s', body: review() }).finally(() => {
    answered = true
  })
  await until(() => signal !== undefined)
  await backstage.clock.turn(3999)
  t.equal(signal?.aborted, false)
  t.equal(answered, false)
  await backstage.clock.turn(500)
  t.strictSame((await answer).body, ALLOWED)
  t.equal(signal?.aborted, true)
  t.strictSame(
    backstage.lines.map(line => line['code']),
    ['CCM_DEADLINE'],
  )
})

const UID = '705ab4f5-6393-11e8-b7cc-42010a800002'

onEveryHost(t, 'a review is known by its uid in every line', async (t, { call, backstage }) => {
  await call({ ...admission, body: review({ uid: UID }) })
  t.match(backstage.lines, [{ msg: 'node reviewed', correlationId: UID }])
  backstage.admit = async () => {
    throw new CcmError('KUBE_TIMEOUT', 'no answer')
  }
  await call({ ...admission, body: review({ uid: UID }) })
  t.match(backstage.lines.at(-1), { msg: 'node let through untouched', correlationId: UID })
})

onEveryHost(t, 'a uid that is none is answered, and stands in no line', async (t, { call, backstage }) => {
  for (const uid of ['u","level":"error","msg":"forged', 'forged\n', `forged${'x'.repeat(100_000)}`]) {
    const body = review({ uid })
    const { status } = await call({ ...admission, body })
    t.equal(status, body.length > 65_536 ? 413 : 200)
  }
  t.notMatch(JSON.stringify(backstage.lines), /forged/)
  for (const line of backstage.lines) if (line['node']) t.match(line, { correlationId: /^[\da-f-]{36}$/ })
})
