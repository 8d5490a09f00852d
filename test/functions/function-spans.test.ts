import t, { type Test } from 'tap'
import { createAdmissionHandler } from '../../functions/admission.ts'
import { createAuditHandler } from '../../functions/audit.ts'
import { createFunctionHost } from '../../functions/function-host.ts'
import { createReconcileHandler } from '../../functions/reconcile.ts'
import { createResyncHandler } from '../../functions/resync.ts'
import { type Collector, startCollector } from '../support/collector.ts'
import { bearer, createBackstage, review, TOKEN, toControllers } from './_hosts.ts'

const CONTEXT = { getRemainingTimeInMillis: () => 30_000 }
const FROM_APISERVER = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const BATCH = JSON.stringify({
  kind: 'EventList',
  apiVersion: 'audit.k8s.io/v1',
  items: [
    {
      auditID: 'an-audit-id',
      stage: 'ResponseComplete',
      verb: 'update',
      objectRef: { resource: 'services', namespace: 'default', name: 'web', apiVersion: 'v1' },
      responseStatus: { code: 200 },
    },
  ],
})

/** The functions in one process, and where their spans go. */
async function createBench(t: Test, environment: (collector: Collector) => Record<string, string>) {
  const collector = await startCollector(t)
  const backstage = createBackstage()
  const payloads: string[] = []
  const lines: string[] = []
  const host = createFunctionHost({
    clock: backstage.clock,
    readSources: async () => ({
      env: {
        PNAP_CLIENT_ID: 'planted-id',
        PNAP_CLIENT_SECRET: 'planted-secret',
        PNAP_WEBHOOK_TOKEN: TOKEN,
        PNAP_RECONCILE_FUNCTION: 'reconcile',
        ...environment(collector),
      },
    }),
    createApp: async () => ({
      controllers: {
        ...toControllers(backstage),
        reconcile: async keys => keys.map(key => ({ key, result: 'changed', why: '' })),
      },
      closeIdle: () => {},
    }),
    createSend: () => async payload => {
      payloads.push(payload)
      return 202
    },
    write: line => void lines.push(line),
    writeMetrics: () => {},
  })
  const event = (path: string, body: string, headers = {}) => ({
    rawPath: path,
    headers: { ...bearer(TOKEN), ...headers },
    body,
    requestContext: { http: { method: 'POST' }, timeEpoch: backstage.clock.now() },
  })
  return { collector, host, event, payloads, lines }
}

const toJson = (collector: Collector): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
})

t.test('spans are sent before a function answers, and go on across the invocation', async t => {
  const { collector, host, event, payloads } = await createBench(t, toJson)
  await createAuditHandler(host)(event('/audit', BATCH, { traceparent: FROM_APISERVER }), CONTEXT)
  const [audit] = collector.spans
  t.match(audit, { name: 'POST /audit', kind: 2, parentSpanId: 'b'.repeat(16), traceId: 'a'.repeat(32) })
  t.equal(audit?.attributes['phoenixnap.correlation_id'], 'an-audit-id')
  t.match(JSON.parse(payloads[0] ?? ''), {
    correlationIds: ['an-audit-id'],
    traceparents: [`00-${audit?.traceId}-${audit?.spanId}-01`],
  })
  await createReconcileHandler(host)(JSON.parse(payloads[0] ?? ''), CONTEXT)
  const reconcile = collector.spans.filter(({ name }) => name === 'reconcile')
  t.match(reconcile, [{ parentSpanId: audit?.spanId, traceId: audit?.traceId, failed: false }])
  t.match(reconcile[0]?.attributes, { 'k8s.service.name': 'web', 'phoenixnap.reconcile.result': 'changed' })
  await createResyncHandler(host)({}, CONTEXT)
  t.match(collector.spans.at(-1), { name: 'resync', kind: 1, links: [] })
})

t.test('a path with its secret is in no span', async t => {
  const { collector, host, event } = await createBench(t, toJson)
  await createAdmissionHandler(host)(event('/admission', review()), CONTEXT)
  t.match(collector.spans, [{ name: 'POST /admission', attributes: { 'http.route': '/admission' } }])
  const before = collector.spans.length
  const answer = await createAdmissionHandler(host)(
    event('/admission/guess', review(), { authorization: '' }),
    CONTEXT,
  )
  t.equal(answer.statusCode, 401)
  t.equal(collector.spans.length, before, 'who is not known makes none')
})

t.test('without an endpoint payloads are what they were', async t => {
  const { collector, host, event, payloads, lines } = await createBench(t, () => ({}))
  await createAuditHandler(host)(event('/audit', BATCH, { traceparent: FROM_APISERVER }), CONTEXT)
  t.strictSame(Object.keys(JSON.parse(payloads[0] ?? '') as object), ['keys', 'correlationIds'])
  t.strictSame([collector.requests, lines.filter(line => line.includes('TELEMETRY'))], [[], []])
})

t.test('a function answers as ever where its collector does not', async t => {
  const { collector, host, event, lines } = await createBench(t, toJson)
  collector.hangs = true
  const admission = createAdmissionHandler(host)
  for (let calls = 0; calls < 3; calls++) {
    const answer = await admission(event('/admission', review()), CONTEXT)
    t.equal(answer.statusCode, 200)
  }
  t.equal(collector.requests.length, 1, 'the others do not wait for it')
  t.equal(lines.filter(line => line.includes('TELEMETRY_FAILED')).length, 1)
})

t.test('a function with no time left does not wait for its collector', async t => {
  const { collector, host } = await createBench(t, toJson)
  collector.hangs = true
  const flushes: (number | undefined)[] = []
  const tracing = await host.tracing()
  if (tracing) tracing.flush = async mostMs => void flushes.push(mostMs)
  await createResyncHandler(host)({}, { getRemainingTimeInMillis: () => 700 })
  t.strictSame(flushes, [600], 'what is left, without the time for its answer')
})

t.test('settings that cannot be followed cost nothing but a warning', async t => {
  const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }
  const { host, event, lines } = await createBench(t, () => grpc)
  const admission = createAdmissionHandler(host)
  for (let calls = 0; calls < 2; calls++)
    t.equal((await admission(event('/admission', review()), CONTEXT)).statusCode, 200)
  t.equal(lines.filter(line => line.includes('TELEMETRY_UNUSABLE')).length, 1)
})
