import { CcmError, type ErrorCode } from '../errors.ts'
import { redact } from '../log.ts'
import { mayHaveApplied } from './retry.ts'
import type { Answered, Outcome } from './transport.ts'

/** What an error says about the call that failed. */
export interface Where {
  /** Key of the counter, as `GET /bmc/v1/servers/{serverId}`. */
  readonly operation: string
  /** Method and path with the ids filled in. */
  readonly what: string
  readonly host: string
  /** Scope that the call needs; none for the token endpoint. */
  readonly scope?: string
  /** True when a repetition does no harm. */
  readonly repeatable: boolean
}

/** What the moment adds: the time for a retry time, and the secrets that no message may hold. */
export interface Moment {
  readonly now: number
  readonly secrets: readonly string[]
}

/** Enough of an answer to see what is wrong; a proxy's page is longer. */
const MAX_DETAIL = 500
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'BMC_CREDENTIALS_INVALID',
  403: 'BMC_FORBIDDEN',
  404: 'BMC_NOT_FOUND',
  406: 'BMC_OUT_OF_STOCK',
  409: 'BMC_CONFLICT',
  429: 'BMC_RATE_LIMITED',
}

/** The error of a call that failed for good; BMC_OUTCOME_UNKNOWN (with it as cause) if a change may have happened. */
export function toBmcError(where: Where, outcome: Outcome, moment: Moment): CcmError {
  const error = describe(where, outcome, moment)
  return where.repeatable || !mayHaveApplied(outcome) ? error : toOutcomeUnknown(error)
}

/** For a change whose answer was lost or cannot be read. */
export function toOutcomeUnknown(error: CcmError): CcmError {
  const message = `${error.message}; whether the change happened is unknown`
  return new CcmError('BMC_OUTCOME_UNKNOWN', message, { fields: error.fields, cause: error })
}

/** For an answer that is not of the documented shape. */
export function toInvalidResponse(where: Where, why: string): CcmError {
  const message = `${where.what}: ${where.host} answered with an unexpected body: ${why}`
  return new CcmError('BMC_RESPONSE_INVALID', message, { fields: fieldsOf(where) })
}

/** For a call that its caller ended before the answer came: by its deadline, or by its signal; `who` did not answer. */
export function toEnded(where: Where, reason: 'deadline' | 'aborted', who = where.host): CcmError {
  const why = reason === 'deadline' ? 'did not answer before the deadline' : 'was no longer waited for'
  const fields = { ...fieldsOf(where), reason }
  return new CcmError('BMC_TIMEOUT', `${where.what}: ${who} ${why}`, { fields })
}

/** For a call that was not sent, because the host asked all to wait until a time (ms since 1970). */
export function toLimited(where: Where, until: number, now: number): CcmError {
  const message = `${where.what}: not sent, ${where.host} asked to wait until ${new Date(until).toISOString()}`
  const fields = { ...fieldsOf(where), retryAfterMs: until - now, retryAt: until }
  return new CcmError('BMC_RATE_LIMITED', message, { fields })
}

function describe(where: Where, outcome: Outcome, moment: Moment): CcmError {
  const at = `${where.what}: ${where.host}`
  const fields = fieldsOf(where)
  switch (outcome.kind) {
    case 'not-sent':
      return new CcmError('BMC_UNREACHABLE', `${at} cannot be reached: ${outcome.why}`, {
        fields,
        cause: outcome.cause,
      })
    case 'lost':
      return new CcmError('BMC_UNREACHABLE', `${at} cut the connection: ${outcome.why}`, {
        fields,
        cause: outcome.cause,
      })
    case 'timeout':
      return new CcmError('BMC_TIMEOUT', `${at} did not answer within ${outcome.limitMs} ms`, {
        fields: { ...fields, reason: 'timeout' },
      })
    case 'aborted':
      return toEnded(where, 'aborted')
    case 'unreadable':
      return toInvalidResponse(where, outcome.why)
    case 'answered':
      return refused(where, outcome, moment)
  }
}

function fieldsOf(where: Where): Record<string, unknown> {
  return { operation: where.operation, host: where.host }
}

function refused(where: Where, answer: Answered, moment: Moment): CcmError {
  const detail = toDetail(answer.text, moment.secrets)
  const scopeMissing = where.scope !== undefined && answer.status === 403 && pointsAtScope(answer, detail)
  const code = scopeMissing ? 'BMC_SCOPE_MISSING' : toCode(answer.status)
  const reason = scopeMissing ? `the scope ${where.scope} is missing` : detail
  const message = `${where.what}: ${where.host} answered ${answer.status}${reason === '' ? '' : `: ${reason}`}`
  const { retryAfterMs } = answer
  return new CcmError(code, message, {
    fields: {
      ...fieldsOf(where),
      status: answer.status,
      ...(scopeMissing ? { scope: where.scope } : {}),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs, retryAt: moment.now + retryAfterMs }),
    },
  })
}

function toCode(status: number): ErrorCode {
  if (status < 400) return 'BMC_RESPONSE_INVALID'
  return BY_STATUS[status] ?? (status >= 500 ? 'BMC_SERVER_ERROR' : 'BMC_BAD_REQUEST')
}

/** A missing scope shows in the challenge (RFC 6750, 3.1) or, with some gateways, in the body only. */
function pointsAtScope(answer: Answered, detail: string): boolean {
  return (
    /insufficient_scope|scope=/i.test(answer.challenge ?? '') ||
    /\bscopes?\b|insufficient_scope/i.test(detail)
  )
}

/**
 * What the body of a refusal says, on one line and without secrets: `message` and `validationErrors` of the
 * BMC API, `error` and `error_description` of the token endpoint, or the text itself.
 */
export function toDetail(text: string, secrets: readonly string[]): string {
  const body = decodeBody(text)
  const said = typeof body === 'object' && body !== null ? fromObject(body as Record<string, unknown>) : text
  return redact(said.replaceAll(/\s+/g, ' ').trim(), secrets).slice(0, MAX_DETAIL)
}

function fromObject(body: Record<string, unknown>): string {
  const { validationErrors } = body
  const list: unknown[] = Array.isArray(validationErrors) ? validationErrors : []
  return [body['message'], body['error'], body['error_description'], ...list]
    .filter(part => typeof part === 'string' && part !== '')
    .join('; ')
}

/** The parsed body; undefined when it is empty, the text itself when it is no JSON. */
export function decodeBody(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
