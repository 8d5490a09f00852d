import t from 'tap'
import { readTelemetry, type TelemetryReading } from '../../shared/telemetry/settings.ts'

const on = (url: string, protocol = 'http/protobuf'): TelemetryReading =>
  ({ state: 'on', settings: { url, protocol, secrets: [] } }) as TelemetryReading
const COLLECTOR = 'http://collector:4318'
const CASES: readonly [name: string, env: Record<string, string>, reading: TelemetryReading][] = [
  ['nothing', {}, { state: 'off' }],
  [
    'variables of others',
    { OTEL_SERVICE_NAME: 'ccm', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { state: 'off' },
  ],
  ['empty ones', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ', OTEL_TRACES_EXPORTER: '' }, { state: 'off' }],
  ['an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR }, on(`${COLLECTOR}/v1/traces`)],
  ['one below a path', { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/' }, on('https://c/otlp/v1/traces')],
  [
    "the signal's own, as it is",
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://own/in' },
    on('http://own/in'),
  ],
  [
    'an exporter without an endpoint',
    { OTEL_TRACES_EXPORTER: 'otlp' },
    on('http://localhost:4318/v1/traces'),
  ],
  [
    'JSON',
    { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    on(`${COLLECTOR}/v1/traces`, 'http/json'),
  ],
  [
    "the signal's own protocol",
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    },
    on(`${COLLECTOR}/v1/traces`),
  ],
  ['no traces', { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_TRACES_EXPORTER: 'none' }, { state: 'off' }],
  [
    'all switched off',
    { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_SDK_DISABLED: 'TRUE' },
    { state: 'off' },
  ],
  [
    'what cannot be followed, all at once',
    {
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    },
    {
      state: 'unusable',
      problems: [
        'OTEL_TRACES_EXPORTER: must be otlp or none',
        'OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL with http or https',
        'OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf or http/json',
      ],
    },
  ],
]

for (const [name, env, reading] of CASES)
  t.test(name, async t => {
    t.strictSame(readTelemetry(env), reading)
  })

t.test('values of headers are known as secrets, as they are written and as they are sent', async t => {
  const reading = readTelemetry({
    OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20key-of-a-vendor, tenant = blue%,empty=',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-key=other=key',
  })
  t.strictSame(reading.state === 'on' && [...new Set(reading.settings.secrets)].toSorted(), [
    'Bearer key-of-a-vendor',
    'Bearer%20key-of-a-vendor',
    'blue%',
    'other=key',
  ])
})
