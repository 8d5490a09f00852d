/** Fields of a log line. The same key means the same thing everywhere: node, service, serverId, code, durationMs. */
export type LogFields = Readonly<Record<string, unknown>>

/** A constant message and fields, never a template. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Log
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

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

/** The secret itself, and as `encodeURIComponent` and a form body write it: an answer may repeat what was sent. */
export function secretForms(secret: string): readonly string[] {
  const inUrl = encodeURIComponent(secret.toWellFormed())
  const inForm = new URLSearchParams({ s: secret }).toString().slice(2)
  return [...new Set([secret, inUrl, inForm])]
}

/**
 * A JSON log on pino. pino is imported here on first use: a function that answers without logging
 * starts without it.
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const { pino } = await import('pino')
  const write = options.write ?? (line => void process.stderr.write(line))
  const secrets = options.secrets ?? (() => [])
  const log: Log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { error: describeError, err: describeError },
    },
    { write: line => write(redact(hideFields(line), secrets().map(toWritten))) },
  )
  return log
}

/**
 * Fields with their values in a finished line. pino's own redaction takes its paths one by one, each to a fixed depth,
 * and ten times the time of the whole line.
 */
const HIDDEN = new RegExp(`"(${SECRET_FIELDS.join('|')})":(?:"(?:[^"\\\\]|\\\\.)*"|[^"{}[\\],]+)`, 'g')

const hideFields = (line: string): string => line.replaceAll(HIDDEN, `"$1":"${REDACTED}"`)

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
