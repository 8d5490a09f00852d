import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createLog } from '../../shared/log.ts'
import type { Tracing } from '../../shared/span.ts'
import { openTracing } from '../../shared/telemetry/open.ts'
import { startCollector } from '../support/collector.ts'

type Line = Readonly<Record<string, unknown>>

interface Opened {
  readonly tracing: Tracing | undefined
  readonly lines: Line[]
  readonly clock: { at: number }
}

/** The SDK reads its headers from the process's own environment. */
const KEY = 'key-of-a-vendor'
process.env['OTEL_EXPORTER_OTLP_HEADERS'] = `authorization=Bearer%20${KEY}`

async function open(t: Test, env: Record<string, string>, mayFreeze = false): Promise<Opened> {
  const lines: Line[] = []
  const log = await createLog({ level: 'debug', write: line => void lines.push(JSON.parse(line) as Line) })
  const clock = { at: 0 }
  const tracing = await openTracing({
    env: { ...env, OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${KEY}` },
    log,
    clock: { now: () => clock.at, sleep: async () => {} },
    mayFreeze,
  })
  t.teardown(() => tracing?.close())
  return { tracing, lines, clock }
}

const startOne = (tracing: Tracing | undefined, name = 'resync'): void =>
  tracing?.start({ name, parents: [] }).end({})

t.test('without a word of it nothing is opened', async t => {
  const { tracing, lines } = await open(t, {})
  t.equal(tracing, undefined)
  t.strictSame(lines, [])
})

t.test('what cannot be followed costs the spans and one warning', async t => {
  const { tracing, lines } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://collector' })
  t.equal(tracing, undefined)
  t.match(lines, [{ level: 'warn', code: 'TELEMETRY_UNUSABLE', problems: /OTEL_EXPORTER_OTLP_ENDPOINT/ }])
  t.equal(lines.length, 1)
})

t.test('a unit, what it sends and what rang it', async t => {
  const collector = await startCollector(t)
  const { tracing } = await open(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  })
  const [first, second] = ['1', '2'].map(digit => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`)
  const unit = tracing?.start({ name: 'reconcile', parents: [first ?? '', second ?? '', 'garbage'] })
  unit?.request('GET /bmc/v1/servers', { 'http.request.method': 'GET', none: undefined }).end({}, 'timeout')
  unit?.end({ 'phoenixnap.keys': 2 })
  t.match(unit?.traceparent, /^00-1{32}-[\da-f]{16}-01$/, 'it goes on with the trace of the first')
  await tracing?.flush()
  const [request, whole] = collector.spans
  t.match(request, { name: 'GET /bmc/v1/servers', kind: 3, failed: true, parentSpanId: whole?.spanId })
  t.strictSame(request?.attributes, { 'http.request.method': 'GET', 'error.type': 'timeout' })
  t.match(whole, { kind: 1, failed: false, parentSpanId: '1'.repeat(16), links: ['2'.repeat(16)] })
  t.match(whole?.resource, { 'service.name': 'cloud-provider-phoenixnap', 'service.version': /^\d/ })
  t.equal(collector.requests[0]?.authorization, `Bearer ${KEY}`)
})

t.test('what is not sampled by whoever rang is not sent', async t => {
  const collector = await startCollector(t)
  const { tracing } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  tracing?.start({ name: 'reconcile', parents: [`00-${'1'.repeat(32)}-${'1'.repeat(16)}-00`] }).end({})
  await tracing?.flush()
  t.strictSame(collector.requests, [])
})

t.test('protobuf unless JSON is asked for', async t => {
  const collector = await startCollector(t)
  const { tracing } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  startOne(tracing, 'resync of a test')
  await tracing?.flush()
  t.match(collector.requests, [{ path: '/v1/traces', type: 'application/x-protobuf' }])
  t.ok(collector.requests[0]?.text.includes('resync of a test'))
})

t.test('a collector that refuses costs a line a minute, without what it repeats', async t => {
  const collector = await startCollector(t)
  collector.status = 400
  const { tracing, lines, clock } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  for (const at of [0, 1000, 61_000]) {
    clock.at = at
    startOne(tracing)
    await tracing?.flush()
  }
  t.equal(lines.length, 2)
  for (const line of lines) t.match(line, { level: 'warn', code: 'TELEMETRY_FAILED' })
  t.notOk(JSON.stringify(lines).includes(KEY), 'its answer repeats the header that it was sent')
})

t.test('a flush waits for what is under way already', async t => {
  const collector = await startCollector(t)
  const { tracing } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  // A full batch is sent at once, and leaves the buffer.
  for (let spans = 0; spans < 512; spans++) startOne(tracing)
  await tracing?.flush()
  t.equal(collector.answered(), collector.requests.length)
  t.equal(collector.requests.length, 1)
})

t.test('variables that only the SDK reads are told of when it begins, and spans are sent', async t => {
  const collector = await startCollector(t)
  process.env['OTEL_TRACES_SAMPLER'] = 'garbage'
  t.teardown(() => delete process.env['OTEL_TRACES_SAMPLER'])
  const { tracing, lines } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  startOne(tracing)
  await tracing?.flush()
  t.match(lines, [{ level: 'warn', code: 'TELEMETRY_UNUSABLE', problems: /OTEL_TRACES_SAMPLER/ }])
  t.equal(lines.length, 1)
  t.equal(collector.requests.length, 1)
})

t.test('one that hangs is waited for once, and then not for a minute', async t => {
  const collector = await startCollector(t)
  collector.hangs = true
  const { tracing, clock } = await open(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, true)
  startOne(tracing)
  await tracing?.flush()
  t.equal(collector.requests.length, 1)
  // The other side hears of it some turns of the event loop later.
  for (let turns = 0; turns < 1000 && collector.open() > 0; turns++) await setImmediate()
  t.equal(collector.open(), 0, 'nothing of it is left under way')
  startOne(tracing)
  await tracing?.flush()
  t.equal(collector.requests.length, 1, 'the second flush asks nobody')
  collector.hangs = false
  clock.at = 61_000
  await tracing?.flush()
  t.equal(collector.requests.length, 2)
})
