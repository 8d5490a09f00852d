import type { Span as OtelSpan, Tracer } from '@opentelemetry/api'
import {
  type Attributes,
  type Context,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { parseTraceParent, setGlobalErrorHandler } from '@opentelemetry/core'
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import { type Log, redact, secretForms } from '../log.ts'
import type { Span, SpanAttributes, SpanStart, Tracing } from '../span.ts'
import { outOfTrace } from '../trace.ts'
import { builtVersion, VERSION } from '../version.ts'
import type { TelemetrySettings } from './settings.ts'

export interface TracingOptions extends TelemetrySettings {
  readonly log: Log
  readonly clock: Clock
  readonly mayFreeze?: boolean
}

const NAME = 'cloud-provider-phoenixnap'
/** Somebody waits for the answer of the function that flushes; a collector beside it answers within milliseconds. */
const FLUSH_MS = 1000
/** Of a process that may be frozen: what is not answered by then has ended by the time that nobody waits for it. */
const REQUEST_MS = FLUSH_MS - 100
/** A collector that did not answer is not waited for again within this time, and its failures are one line. */
const PATIENCE_MS = 60_000

/** Spans by the SDK of OpenTelemetry, which sends them in batches. Nothing global is set but where its troubles are told. */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const tell = createTell(options)
  const problems: unknown[] = []
  hearTroubles(problem => void problems.push(problem))
  const exporter = await createExporter(options)
  const provider = new BasicTracerProvider({
    resource: toResource(),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  tellIgnored(options, problems)
  hearTroubles(error => outOfTrace(() => tell(error)))
  // The provider's own waits for what is in its buffer alone, not for what is under way.
  const flush = (mostMs: number): Promise<void> =>
    atMost(mostMs, Promise.all([provider.forceFlush({ timeoutMillis: mostMs }), exporter.forceFlush?.()]))
  const tracer = provider.getTracer(NAME, VERSION)
  const patiently = createPatience(options.clock, tell)
  return {
    start: start => startUnit(tracer, start),
    flush: (mostMs = FLUSH_MS) => patiently(() => flush(Math.max(Math.min(mostMs, FLUSH_MS), 0))),
    async close() {
      await patiently(() => flush(FLUSH_MS))
      // What hangs on the collector still is ended by its own time limit (OTEL_EXPORTER_OTLP_TIMEOUT, 10 s).
      void provider.shutdown().catch(() => {})
    },
  }
}

/** Each protocol is a package of its own; only the one in use is loaded. */
async function createExporter({ url, protocol, mayFreeze = false }: TracingOptions): Promise<SpanExporter> {
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto')
  const once = { headers: { connection: 'close' }, timeoutMillis: REQUEST_MS }
  return new OTLPTraceExporter(mayFreeze ? { url, ...once } : { url })
}

/** What the environment says of the service comes before what we say. */
const toResource = (): Resource =>
  defaultResource()
    .merge(resourceFromAttributes({ 'service.name': NAME, 'service.version': builtVersion() ?? VERSION }))
    .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] }))

type Tell = (error: unknown) => void

/** One line for what happens again and again; what a collector answers stands in it. */
function createTell({ log, clock, secrets }: TracingOptions): Tell {
  const forms = secrets.flatMap(secretForms)
  let nextAt = Number.NEGATIVE_INFINITY
  return error => {
    if (clock.now() < nextAt) return
    nextAt = clock.now() + PATIENCE_MS
    const message = error instanceof Error ? error.message : String(error)
    const { code, action } = new CcmError('TELEMETRY_FAILED', message)
    log.warn({ code, why: redact(message, forms), action }, 'spans may be lost')
  }
}

const quiet = (): void => {}

/** Variables that the SDK reads by itself and cannot follow: it takes their defaults. */
function tellIgnored({ log, secrets }: TracingOptions, problems: readonly unknown[]): void {
  if (problems.length === 0) return
  const forms = secrets.flatMap(secretForms)
  const { code, message, action } = new CcmError('TELEMETRY_UNUSABLE', problems.map(String).join('; '))
  log.warn({ code, problems: redact(message, forms), action }, 'variables of OpenTelemetry have no effect')
}

/** @throws Error when `work` takes longer */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`the collector did not answer within ${ms} ms`)), ms)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The SDK tells of its troubles to the whole process, so there is one place for them. */
function hearTroubles(tell: Tell): void {
  // A component of the SDK puts its name before what it says.
  const join = (...said: unknown[]): void => tell(said.map(String).join(' '))
  const logger = { error: join, warn: join, info: quiet, debug: quiet, verbose: quiet }
  diag.setLogger(logger, { suppressOverrideMessage: true })
  setGlobalErrorHandler(tell)
}

/** Waits for `work` unless it failed a moment ago. */
function createPatience(
  { now }: Pick<Clock, 'now'>,
  tell: Tell,
): (work: () => Promise<void>) => Promise<void> {
  let nextAt = Number.NEGATIVE_INFINITY
  return async work => {
    if (now() < nextAt) return
    await work().catch((errors: unknown) => {
      nextAt = now() + PATIENCE_MS
      tell(Array.isArray(errors) ? errors[0] : errors)
    })
  }
}

function startUnit(tracer: Tracer, { name, isServer, parents, attributes }: SpanStart): Span {
  const [parent, ...links] = parents.flatMap(text => parseTraceParent(text) ?? [])
  const context = parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT
  const options = {
    kind: isServer ? SpanKind.SERVER : SpanKind.INTERNAL,
    attributes: toAttributes(attributes),
    links: links.map(link => ({ context: link })),
  }
  return wrap(tracer, tracer.startSpan(name, options, context))
}

function wrap(tracer: Tracer, span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  const context: Context = trace.setSpan(ROOT_CONTEXT, span)
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    request: (name, attributes) =>
      wrap(
        tracer,
        tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: toAttributes(attributes) }, context),
      ),
    end(attributes, failure) {
      span.setAttributes(toAttributes(attributes))
      if (failure !== undefined) {
        span.setAttribute('error.type', failure)
        span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    },
  }
}

/** Without those that are not known. */
const toAttributes = (attributes: SpanAttributes = {}): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
