import t from 'tap'
import { createTally } from '../metrics/_tally.ts'
import { collectLog, type Line } from '../support/collect-log.ts'
import { connect, json, reset, startApiServer } from './_api-server.ts'

const NODE = '/api/v1/nodes/a'
const NOT_FOUND = json(
  { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
  404,
)

t.test('each attempt is counted by method and status, and timed', async t => {
  const tally = createTally()
  const server = await startApiServer(t, json({}), NOT_FOUND, reset, json({}))
  const kube = await connect(t, server, { measure: tally.measure })
  await kube.request({ path: NODE })
  await t.rejects(kube.request({ path: NODE, method: 'DELETE' }), { code: 'KUBE_NOT_FOUND' })
  await kube.request({ path: NODE })
  t.strictSame(tally.counts(), {
    'rest_client_requests_total method=GET code=200': 2,
    'rest_client_requests_total method=DELETE code=404': 1,
    'rest_client_requests_total method=GET code=<error>': 1,
    'rest_client_request_duration_seconds verb=GET': 3,
    'rest_client_request_duration_seconds verb=DELETE': 1,
  })
})

t.test('each attempt is one line, without what may be secret', async t => {
  const lines: Line[] = []
  const server = await startApiServer(t, json({}), reset, json({}), NOT_FOUND)
  const kube = await connect(t, server, { log: collectLog(lines) })
  await kube.request({ path: NODE, query: { continue: 'hidden' } })
  await kube.request({ path: NODE })
  await t.rejects(kube.request({ path: NODE, method: 'PUT', body: { data: 'hidden' } }))
  const seen = lines.map(({ level, message, fields }) => ({ level, message, ...fields, durationMs: 0 }))
  const line = { level: 'trace', message: 'Kubernetes request', method: 'GET', path: NODE, durationMs: 0 }
  t.strictSame(seen, [
    { ...line, status: 200, attempt: 1 },
    { ...line, status: undefined, attempt: 1 },
    { ...line, status: 200, attempt: 2 },
    { ...line, method: 'PUT', status: 404, attempt: 1 },
  ])
  t.notMatch(JSON.stringify(lines), /hidden/)
})
