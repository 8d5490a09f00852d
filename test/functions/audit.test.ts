import t from 'tap'
import { bearer, createFunctions, onEveryHost, TOKEN, until } from './_hosts.ts'

const event = (name: string | undefined, changes: Record<string, unknown> = {}) => ({
  level: 'Metadata',
  auditID: 'audit-1',
  stage: 'ResponseComplete',
  verb: 'patch',
  user: { username: 'kubernetes-admin' },
  objectRef: { resource: 'nodes', apiVersion: 'v1', ...(name === undefined ? {} : { name }) },
  responseStatus: { code: 200 },
  ...changes,
})
const batch = (...items: unknown[]): string =>
  JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items })
const audit = { path: '/audit', headers: bearer(TOKEN), query: 'timeout=30s' }

onEveryHost(t, 'distinct keys are handed over once', async (t, { call, backstage }) => {
  const body = batch(event('node-a'), event('node-b'), event('node-a', { verb: 'create' }), 'no event')
  const answer = await call({ ...audit, body })
  t.equal(answer.status, 200)
  t.strictSame(answer.body, { events: 4, keys: 2, skipped: 0, malformed: 1 })
  t.strictSame(backstage.invoked, [
    [
      { kind: 'Node', name: 'node-a' },
      { kind: 'Node', name: 'node-b' },
    ],
  ])
})

onEveryHost(t, 'Services ring with their namespace', async (t, { call, backstage }) => {
  const objectRef = { resource: 'services', apiVersion: 'v1', namespace: 'shop', name: 'web' }
  await call({ ...audit, body: batch(event('node-a'), event('', { objectRef })) })
  t.strictSame(backstage.invoked, [
    [
      { kind: 'Node', name: 'node-a' },
      { kind: 'Service', namespace: 'shop', name: 'web' },
    ],
  ])
})

onEveryHost(t, 'what needs no work invokes nothing', async (t, { call, backstage }) => {
  for (const items of [[], [event('node-a', { verb: 'get' })]]) {
    t.equal((await call({ ...audit, body: batch(...items) })).status, 200)
  }
  t.equal(backstage.invoked.length, 0)
})

onEveryHost(t, 'a failed invocation makes the API server deliver again', async (t, { call, backstage }) => {
  const failures = [() => Promise.reject(new Error('AccessDenied')), async () => 500]
  for (const invoke of failures) {
    backstage.invoke = invoke
    const answer = await call({ ...audit, body: batch(event('node-a')) })
    t.equal(answer.status, 500)
    t.match(answer.body, { error: { code: 'INVOKE_FAILED' } })
    t.match(backstage.lines.at(-1), { code: 'INVOKE_FAILED' })
  }
  backstage.invoke = async () => 202
  t.equal((await call({ ...audit, body: batch(event('node-a')) })).status, 200)
})

onEveryHost(t, 'an invocation that hangs is given up', async (t, { call, backstage }) => {
  let invoked = false
  backstage.invoke = () => {
    invoked = true
    return new Promise(() => {})
  }
  const answer = call({ ...audit, body: batch(event('node-a')), query: 'timeout=10s' })
  await until(() => invoked)
  await backstage.clock.turn(8200)
  t.equal((await answer).status, 500)
  t.match((await answer).body, { error: { code: 'CCM_DEADLINE' } })
})

t.test(
  'a function without settings says so, to anybody who calls its code alone, the rest in its log',
  async t => {
    const { call, backstage } = createFunctions({ PNAP_WEBHOOK_TOKEN: TOKEN })
    const answer = await call({ ...audit, body: batch(event('node-a')) })
    t.equal(answer.status, 500)
    t.match(answer.body, { error: { code: 'CCM_CONFIG_INVALID' } })
    t.notMatch(JSON.stringify(answer.body), /PNAP_|missing/)
    t.match(backstage.lines, [{ level: 'error', code: 'CCM_CONFIG_INVALID' }])
    t.match(JSON.stringify(backstage.lines), /PNAP_RECONCILE_FUNCTION is missing/)
  },
)

onEveryHost(t, 'a batch is known by the first event that rings, in log and payload', async (t, host) => {
  const payloads: unknown[] = []
  host.backstage.invoke = async payload => {
    payloads.push(JSON.parse(payload))
    return 202
  }
  const read = event('node-x', { verb: 'get', auditID: 'read-1' })
  await host.call({ ...audit, body: batch(read, event('node-a', { auditID: 'write-1' }), event('node-b')) })
  t.match(payloads, [{ correlationIds: ['write-1'] }])
  t.match(host.backstage.lines.at(-1), { msg: 'audit batch taken', correlationId: 'write-1' })
})

onEveryHost(t, 'an id that a client made up stands nowhere', async (t, { call, backstage }) => {
  const forged = 'x","level":"error","msg":"forged'
  for (const auditID of [forged, 'y'.repeat(500), 7, undefined]) {
    t.equal((await call({ ...audit, body: batch(event('node-a', { auditID })) })).status, 200)
    t.match(backstage.lines.at(-1), { msg: 'audit batch taken', correlationId: /^[\da-f-]{36}$/ })
  }
  t.notMatch(JSON.stringify(backstage.lines), /forged|yyyy/)
})

onEveryHost(
  t,
  'a batch that cannot be handed over is refused under its id',
  async (t, { call, backstage }) => {
    backstage.invoke = async () => 500
    await call({ ...audit, body: batch(event('node-a', { auditID: 'write-1' })) })
    t.match(backstage.lines.at(-1), { code: 'INVOKE_FAILED', correlationId: 'write-1' })
  },
)
