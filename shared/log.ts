import { toTraceFields } from './trace.ts'

/** Fields of a log line. The same key means the same thing everywhere: node, service, serverId, code, durationMs. */
export type LogFields = Readonly<Record<string, unknown>>

/** A constant message and fields, never a template. */
export interface Log {
  /** One line for each request that is sent. */
  trace(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Log
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** From which verbosity of klog on a level is told; below the first, and by default, it is info. */
const VERBOSITIES = [
  [6, 'trace'],
  [3, 'debug'],
] as const satisfies readonly (readonly [number, LogLevel])[]

/**
 * The level for klog's `--v`. 0 to 2: what is always to be seen and steady state (the Go program tells of what it did at 0);
 * 3 to 5: decisions to do nothing and what is tried again; from 6 on: each request, and never a header or body.
 */
export const toLogLevel = (verbosity: number): LogLevel =>
  VERBOSITIES.find(([least]) => verbosity >= least)?.[1] ?? 'info'

/** Where a log goes and what may never be in it. */
export interface LogOptions {
  readonly level: LogLevel
  /** Values (not names) that are cut out of every line, wherever they stand: secrets and tokens. */
  readonly secrets?: () => readonly string[]
  /** Receives each finished line with its newline; standard error by default. */
  readonly write?: (line: string) => void
}

const REDACTED = '[redacted]'
/** Names of fields whose value is never logged, however deep they lie. */
const SECRET_FIELDS = [
  'authorization',
  'clientSecret',
  'client_secret',
  'access_token',
  'token',
  'password',
  'webhookToken',
  'secret',
]
/** Shorter values would cut ordinary words out of log lines, and are no secret worth the name. */
const MIN_SECRET_LENGTH = 6

/** A log that keeps nothing; for code that runs without a host. */
export const silentLog: Log = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
}

/** `text` without any of the given secret values. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_LENGTH) clean = clean.replaceAll(secret, REDACTED)
  }
  return clean
}

/**
 * The secret itself, and as `encodeURIComponent`, a form body, base64 and hex write it: an answer may repeat what was
 * sent, and who repeats a whole header or body may encode it first.
 */
export function secretForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const inUrl = encodeURIComponent(secret.toWellFormed())
  const inForm = new URLSearchParams({ s: secret }).toString().slice(2)
  const inBase64 = [0, 1, 2].flatMap(before => toBase64Part(bytes, before))
  return [...new Set([secret, inUrl, inForm, bytes.toString('hex'), ...inBase64])]
}

/** The letters of base64, and of base64url, that depend on nothing else where so many bytes stand before the secret. */
function toBase64Part(bytes: Buffer, before: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
  const [first, end] = [Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)]
  const part = text.slice(first, end)
  return [part, part.replaceAll('+', '-').replaceAll('/', '_')]
}

/**
 * A JSON log on pino. pino is imported here on first use: a function that answers without logging
 * starts without it.
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const { pino } = await import('pino')
  const write = options.write ?? (line => void process.stderr.write(line))
  const secrets = options.secrets ?? (() => [])
  const written = remember(toWritten)
  const log: Log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      mixin: toTraceFields,
      serializers: { error: describeError, err: describeError },
    },
    { write: line => write(toShown(redact(hideFields(line), secrets().map(written)))) },
  )
  return log
}

/**
 * Fields with their values in a finished line. pino's own redaction takes its paths one by one, each to a fixed depth,
 * and ten times the time of the whole line.
 */
const HIDDEN = new RegExp(`"(${SECRET_FIELDS.join('|')})":(?:"(?:[^"\\\\]|\\\\.)*"|[^"{}[\\],]+)`, 'g')

const hideFields = (line: string): string => line.replaceAll(HIDDEN, `"$1":"${REDACTED}"`)

/** What JSON leaves as it is and a terminal obeys: DEL and C1, ends of line, and turned directions. */
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
/** Names and messages are short: a longer line repeats what somebody sent. */
const MAX_LINE = 16_384
const MAX_VALUE = 1000

/** A finished line as it may be shown: whoever wrote parts of it fills no disk and moves no cursor. */
const toShown = (line: string): string =>
  (line.length > MAX_LINE ? shorten(line) : line).replace(
    OBEYED,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

function shorten(line: string): string {
  const fields = JSON.parse(line) as Readonly<Record<string, unknown>>
  const short = `${JSON.stringify(fields, (_, value: unknown) => toShortValue(value))}\n`
  if (short.length <= MAX_LINE) return short
  const { level, time, correlationId, msg, code } = fields
  return `${JSON.stringify({ level, time, correlationId, msg, code, cut: line.length })}\n`
}

const toShortValue = (value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value

/** What `make` made of each text; secrets are few and live as long as the log. */
function remember(make: (text: string) => string): (text: string) => string {
  const made = new Map<string, string>()
  return text => {
    const known = made.get(text) ?? make(text)
    made.set(text, known)
    return known
  }
}

/** A text as it stands in a line of JSON: quotes and backslashes are escaped there. */
const toWritten = (text: string): string => JSON.stringify(text).slice(1, -1)

/** What a log line says of an error: no stack for errors of ours, whose code and message suffice. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code, fields } = error as { code?: unknown; fields?: unknown }
  return {
    message: error.message,
    ...(code === undefined ? { stack: error.stack } : { code }),
    ...(fields === undefined ? {} : { fields }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  }
}
