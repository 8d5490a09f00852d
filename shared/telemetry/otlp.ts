import type { Span as OtelSpan, Tracer } from '@opentelemetry/api'
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { parseTraceParent } from '@opentelemetry/core'
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
import type { Log } from '../log.ts'
import type { Span, SpanAttributes, SpanStart, Tracing } from '../span.ts'
import { outOfTrace } from '../trace.ts'
import { builtVersion, VERSION } from '../version.ts'
import type { TelemetrySettings } from './settings.ts'
import { createTroubles, hearTroubles } from './troubles.ts'

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

/** Spans by the SDK of OpenTelemetry, which sends them in batches. Nothing global is set but where its troubles are told. */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const troubles = createTroubles(options)
  const problems: unknown[] = []
  hearTroubles(problem => void problems.push(problem))
  const exporter = await createExporter(options)
  const provider = new BasicTracerProvider({
    resource: toResource(),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  if (problems.length > 0) troubles.tellIgnored(problems)
  hearTroubles(error => outOfTrace(() => troubles.tell(error)))
  // The provider's own waits for what is in its buffer alone, not for what is under way.
  const flush = (mostMs: number): Promise<void> =>
    orFail(mostMs, Promise.all([provider.forceFlush({ timeoutMillis: mostMs }), exporter.forceFlush?.()]))
  const tracer = provider.getTracer(NAME, VERSION)
  return {
    start: start => startUnit(tracer, start),
    flush: (mostMs = FLUSH_MS) => troubles.patiently(() => flush(Math.max(Math.min(mostMs, FLUSH_MS), 0))),
    async close() {
      await troubles.patiently(() => flush(FLUSH_MS))
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

/** @throws Error when `work` takes longer */
async function orFail(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`the collector did not answer within ${ms} ms`)), ms)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
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
