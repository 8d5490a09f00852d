import t from 'tap'
import {
  decodeBody,
  toBmcError,
  toDetail,
  toEnded,
  toInvalidResponse,
  toLimited,
} from '../../shared/bmc/failures.ts'
import type { Outcome } from '../../shared/bmc/transport.ts'
import type { CcmError } from '../../shared/errors.ts'

const READ = {
  operation: 'GET /bmc/v1/servers/{serverId}',
  what: 'GET /bmc/v1/servers/1',
  host: 'api.test',
  scope: 'bmc.read',
  repeatable: true,
}
const CHANGE = { ...READ, repeatable: false }
const MOMENT = { now: 1000, secrets: ['hidden-token'] }
const answered = (status: number, text = ''): Outcome => ({ kind: 'answered', status, text })

t.test('each status has its code', async t => {
  const codes: Record<number, string> = {
    301: 'BMC_RESPONSE_INVALID',
    400: 'BMC_BAD_REQUEST',
    401: 'BMC_CREDENTIALS_INVALID',
    403: 'BMC_FORBIDDEN',
    404: 'BMC_NOT_FOUND',
    406: 'BMC_OUT_OF_STOCK',
    409: 'BMC_CONFLICT',
    418: 'BMC_BAD_REQUEST',
    429: 'BMC_RATE_LIMITED',
    500: 'BMC_SERVER_ERROR',
    599: 'BMC_SERVER_ERROR',
  }
  for (const [status, code] of Object.entries(codes)) {
    t.match(toBmcError(READ, answered(Number(status), '{"message":"No."}'), MOMENT), {
      code,
      message: `GET /bmc/v1/servers/1: api.test answered ${status}: No.`,
      fields: { operation: READ.operation, host: 'api.test', status: Number(status) },
    })
  }
})

t.test('a failure of the transport says what happened, and keeps its cause', async t => {
  const cause = new Error('socket')
  t.match(toBmcError(READ, { kind: 'lost', why: 'ECONNRESET', cause }, MOMENT), {
    code: 'BMC_UNREACHABLE',
    message: 'GET /bmc/v1/servers/1: api.test cut the connection: ECONNRESET',
    cause,
  })
  t.match(toBmcError(CHANGE, { kind: 'not-sent', why: 'ENOTFOUND', permanent: false, cause }, MOMENT), {
    code: 'BMC_UNREACHABLE',
    message: /cannot be reached: ENOTFOUND/,
    cause,
  })
  t.match(toBmcError(READ, { kind: 'unreadable', why: 'too long' }, MOMENT), { code: 'BMC_RESPONSE_INVALID' })
})

t.test('a change that may have happened says so, whatever cut it off', async t => {
  const outcomes: Outcome[] = [
    { kind: 'lost', why: '', cause: 0 },
    { kind: 'timeout', limitMs: 1 },
    { kind: 'aborted', sent: true },
    { kind: 'unreadable', why: '' },
    answered(500),
  ]
  for (const outcome of outcomes) {
    const { code, cause } = toBmcError(CHANGE, outcome, MOMENT)
    t.equal(code, 'BMC_OUTCOME_UNKNOWN')
    t.match(cause, { name: 'CcmError' })
  }
  t.match(toBmcError(CHANGE, { kind: 'aborted', sent: false }, MOMENT), { code: 'BMC_TIMEOUT' })
})

t.test('a wish to wait is given as length and as time', async t => {
  const answer: Outcome = { kind: 'answered', status: 429, text: '', retryAfterMs: 500 }
  t.match(toBmcError(READ, answer, MOMENT).fields, { retryAfterMs: 500, retryAt: 1500 })
})

t.test('a scope is missing only where one is needed, and only with 403', async t => {
  const text = '{"message":"wrong scope"}'
  t.equal(toBmcError(READ, answered(403, text), MOMENT).code, 'BMC_SCOPE_MISSING')
  t.equal(toBmcError(READ, answered(400, text), MOMENT).code, 'BMC_BAD_REQUEST')
  t.equal(toBmcError(READ, answered(403, '{"message":"microscope"}'), MOMENT).code, 'BMC_FORBIDDEN')
  const { scope: _, ...token } = READ
  t.equal(toBmcError(token, answered(403, text), MOMENT).code, 'BMC_FORBIDDEN')
})

t.test('an answer that is no use, and a call that was ended, name the place', async t => {
  t.match(toInvalidResponse(READ, 'body is no array'), {
    code: 'BMC_RESPONSE_INVALID',
    message: 'GET /bmc/v1/servers/1: api.test answered with an unexpected body: body is no array',
  })
  t.match(toEnded(READ, 'deadline'), { code: 'BMC_TIMEOUT', fields: { reason: 'deadline' } })
})

t.test('a detail is one line without secrets', async t => {
  t.equal(
    toDetail('{"message":"a\\n b","validationErrors":["c hidden-token",1,""]}', MOMENT.secrets),
    'a b; c [redacted]',
  )
  t.equal(toDetail('{"error":"e","error_description":"d"}', []), 'e; d')
  t.equal(toDetail('', []), '')
  t.equal(toDetail('null', []), 'null')
})

t.test('a body is JSON, text, or nothing', async t => {
  t.equal(decodeBody(''), undefined)
  t.equal(decodeBody(' \n'), undefined)
  t.strictSame(decodeBody('[1]'), [1])
  t.equal(decodeBody('"text"'), 'text')
  t.equal(decodeBody('text'), 'text')
})

const WHAT = 'GET /bmc/v1/servers/1: api.test'
const AT = { operation: READ.operation, host: 'api.test' }
/** [what it is, the error, its code, message and fields] */
const WHOLE: readonly (readonly [string, CcmError, string, string, object])[] = [
  [
    'a call that was not sent, as the host asked',
    toLimited(READ, 61_000, 1000),
    'BMC_RATE_LIMITED',
    'GET /bmc/v1/servers/1: not sent, api.test asked to wait until 1970-01-01T00:01:01.000Z',
    { ...AT, retryAfterMs: 60_000, retryAt: 61_000 },
  ],
  [
    'an answer that is no use',
    toInvalidResponse(READ, 'x'),
    'BMC_RESPONSE_INVALID',
    `${WHAT} answered with an unexpected body: x`,
    AT,
  ],
  [
    'a call that met its deadline',
    toEnded(READ, 'deadline'),
    'BMC_TIMEOUT',
    `${WHAT} did not answer before the deadline`,
    { ...AT, reason: 'deadline' },
  ],
  [
    'a call that was ended while another answered',
    toEnded(READ, 'aborted', 'the token endpoint'),
    'BMC_TIMEOUT',
    'GET /bmc/v1/servers/1: the token endpoint was no longer waited for',
    { ...AT, reason: 'aborted' },
  ],
  [
    'a call that was ended',
    toBmcError(READ, { kind: 'aborted', sent: true }, MOMENT),
    'BMC_TIMEOUT',
    `${WHAT} was no longer waited for`,
    { ...AT, reason: 'aborted' },
  ],
  [
    'an attempt that took too long',
    toBmcError(READ, { kind: 'timeout', limitMs: 7 }, MOMENT),
    'BMC_TIMEOUT',
    `${WHAT} did not answer within 7 ms`,
    { ...AT, reason: 'timeout' },
  ],
  [
    'a change that may have happened',
    toBmcError(CHANGE, { kind: 'timeout', limitMs: 7 }, MOMENT),
    'BMC_OUTCOME_UNKNOWN',
    `${WHAT} did not answer within 7 ms; whether the change happened is unknown`,
    { ...AT, reason: 'timeout' },
  ],
  [
    'a refusal without a word',
    toBmcError(READ, answered(400), MOMENT),
    'BMC_BAD_REQUEST',
    `${WHAT} answered 400`,
    { ...AT, status: 400 },
  ],
  [
    'a refusal without a challenge',
    toBmcError(READ, answered(403, '{"message":"No."}'), MOMENT),
    'BMC_FORBIDDEN',
    `${WHAT} answered 403: No.`,
    { ...AT, status: 403 },
  ],
  [
    'a refusal whose challenge names the scope',
    toBmcError(
      READ,
      { kind: 'answered', status: 403, text: '', challenge: 'Bearer error="insufficient_scope"' },
      MOMENT,
    ),
    'BMC_SCOPE_MISSING',
    `${WHAT} answered 403: the scope bmc.read is missing`,
    { ...AT, status: 403, scope: 'bmc.read' },
  ],
]
for (const [what, error, code, message, fields] of WHOLE)
  t.test(`word by word: ${what}`, async t => {
    t.strictSame([error.code, error.message, error.fields], [code, message, fields])
  })

t.test('a detail ends somewhere, and begins and ends with a word', async t => {
  t.equal(toDetail('x'.repeat(501), []), 'x'.repeat(500))
  t.equal(toDetail(' a\n', []), 'a')
})
