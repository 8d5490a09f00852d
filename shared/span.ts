/** What a span says of its step; names are those of OpenTelemetry's semantic conventions where it has one. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>

/** A step of a unit of work as a tracing backend shows it. There is none while nothing is exported. */
export interface Span {
  /** Its W3C `traceparent`, by which others name it. */
  readonly traceparent: string
  /** A request that is sent within it. @param name of few kinds, as `GET /bmc/v1/servers` */
  request(name: string, attributes: SpanAttributes): Span
  /** @param failure what it failed with, a code or a status; absent when it did what it was to do */
  end(attributes: SpanAttributes, failure?: string): void
}

/** The beginning of a unit's span. */
export interface SpanStart {
  readonly name: string
  /** Whether somebody waits for the answer. */
  readonly isServer?: boolean | undefined
  /** `traceparent`s of what it was rung by: the first one is its parent, the others are linked. */
  readonly parents: readonly string[]
  readonly attributes?: SpanAttributes | undefined
}

/** Where spans go. */
export interface Tracing {
  start(start: SpanStart): Span
  /**
   * Sends what has ended, for a process that may be frozen once it has answered. Never throws.
   *
   * @param mostMs it gives up after a second, or sooner where there is less time
   */
  flush: (mostMs?: number) => Promise<void>
  /** Sends what is left and ends, as soon as `flush` does. Never throws. */
  close(): Promise<void>
}

const TRACEPARENT = /^[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

/** A `traceparent` that somebody sent, where it is one (W3C Trace Context, 3.2). */
export const readTraceparent = (sent: unknown): string | undefined =>
  typeof sent === 'string' && TRACEPARENT.test(sent) ? sent : undefined
