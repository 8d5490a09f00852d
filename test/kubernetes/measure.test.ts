import t from 'tap'
import { createTally } from '../metrics/_tally.ts'
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
