import t from 'tap'
import { toKubeError } from '../../shared/kubernetes/errors.ts'

const REQUEST = { method: 'PATCH', path: '/api/v1/nodes/node-a' } as const
const status = (fields: object): string => JSON.stringify({ kind: 'Status', ...fields })

/** [HTTP status, reason of the Status, code] */
const STATUSES: readonly [number, string | undefined, string][] = [
  [400, 'BadRequest', 'KUBE_INVALID'],
  [401, 'Unauthorized', 'KUBE_CREDENTIALS_INVALID'],
  [403, 'Forbidden', 'KUBE_FORBIDDEN'],
  [404, 'NotFound', 'KUBE_NOT_FOUND'],
  [405, 'MethodNotAllowed', 'KUBE_INVALID'],
  [409, 'Conflict', 'KUBE_CONFLICT'],
  [409, 'AlreadyExists', 'KUBE_ALREADY_EXISTS'],
  [410, 'Expired', 'KUBE_GONE'],
  [410, 'Gone', 'KUBE_GONE'],
  [413, 'RequestEntityTooLarge', 'KUBE_INVALID'],
  [422, 'Invalid', 'KUBE_INVALID'],
  [429, 'TooManyRequests', 'KUBE_RATE_LIMITED'],
  [500, 'InternalError', 'KUBE_SERVER_ERROR'],
  [503, 'ServiceUnavailable', 'KUBE_SERVER_ERROR'],
  [504, 'Timeout', 'KUBE_TIMEOUT'],
  [502, undefined, 'KUBE_SERVER_ERROR'],
]
for (const [code, reason, expected] of STATUSES)
  t.test(`${code} ${reason ?? 'without a Status'}`, async t => {
    const error = toKubeError(REQUEST, code, reason ? status({ reason, message: 'because' }) : '', null)
    t.match(error, { code: expected, fields: { status: code } })
    t.match(error.message, 'PATCH /api/v1/nodes/node-a: ', 'says what was asked')
    t.match(error.message, reason ? 'because' : 'HTTP 502')
  })

for (const [name, body] of [
  ['nothing', ''],
  ['a page of a proxy', '<html>502</html>'],
  ['null', 'null'],
  ['a text', '"no"'],
  ['a Status of other types', '{"message":5,"reason":{},"details":{"retryAfterSeconds":[[]]}}'],
] as const)
  t.test(`a body that is ${name}`, async t => {
    t.match(toKubeError({ path: '/version' }, 502, body, null), {
      code: 'KUBE_SERVER_ERROR',
      message: 'GET /version: HTTP 502',
    })
  })

t.test('a message is cut: it may hold the whole object', async t => {
  const error = toKubeError(REQUEST, 422, status({ message: 'x'.repeat(100_000) }), null)
  t.ok(error.message.length < 600)
})

/** [header, seconds in the body, milliseconds] */
const RETRIES: readonly [string | null, number | undefined, number | undefined][] = [
  [null, undefined, undefined],
  ['5', undefined, 5000],
  [null, 7, 7000],
  ['5', 7, 5000],
  ['0', undefined, undefined],
  ['soon', undefined, undefined],
]
for (const [header, seconds, ms] of RETRIES)
  t.test(`Retry-After ${header}, in the body ${seconds}`, async t => {
    const details = seconds === undefined ? {} : { details: { retryAfterSeconds: seconds } }
    t.equal(toKubeError(REQUEST, 429, status(details), header).fields['retryAfterMs'], ms)
  })

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name })
const THROWN: readonly [name: string, thrown: unknown, code: string, message: string][] = [
  ['an abort', named('AbortError', 'aborted'), 'KUBE_TIMEOUT', 'no answer from https://cluster.test in time'],
  ['a timeout', named('TimeoutError', 'timed out'), 'KUBE_TIMEOUT', 'in time'],
  ['a refused connection', new Error('ECONNREFUSED'), 'KUBE_UNREACHABLE', 'cannot be reached: ECONNREFUSED'],
  ['a text', 'odd', 'KUBE_UNREACHABLE', 'odd'],
]
for (const [name, thrown, code, message] of THROWN)
  t.test(`the transport threw ${name}`, async t => {
    const error = toKubeError(REQUEST, thrown, 'https://cluster.test')
    t.match(error, { code, cause: thrown })
    t.match(error.message, message)
  })

t.test('what the transport threw, and a page, are told with what was asked', async t => {
  t.equal(
    toKubeError({ path: '/version' }, 'odd', 'https://cluster.test').message,
    'GET /version: https://cluster.test cannot be reached: odd',
  )
  t.equal(
    toKubeError(REQUEST, 404, '', null).message,
    'PATCH /api/v1/nodes/node-a: 404 by something in front of the API server, which would name what it does not find',
  )
  const text = '{"details":{"retryAfterSeconds":"7"}}'
  t.strictSame(toKubeError(REQUEST, 429, text, null).fields, { status: 429 }, 'seconds are a number')
})

const PAGE = '404 page not found\n'
/** [path, what a page without a Status means there] */
const PAGES: readonly [string, string][] = [
  ['/api/v1/nodes/node-a', 'KUBE_SERVER_ERROR'],
  ['/api/v1/namespaces/default/services/web', 'KUBE_SERVER_ERROR'],
  ['/api/v1/namespaces/default/services/web/status', 'KUBE_SERVER_ERROR'],
  ['/api/v1/namespaces/kube-system', 'KUBE_SERVER_ERROR'],
  ['/api/v1/nodes/node-a/status', 'KUBE_SERVER_ERROR'],
  ['/apis/networking.k8s.io/v1beta1/ipaddresses/198.51.100.4', 'KUBE_SERVER_ERROR'],
  ['/proxy/api/v1/nodes/node-a', 'KUBE_NOT_FOUND'],
  ['/version', 'KUBE_NOT_FOUND'],
  ['/apis/networking.k8s.io/v1/ipaddresses/198.51.100.4', 'KUBE_SERVER_ERROR'],
  ['/apis/apps/v1/namespaces/default/deployments/web', 'KUBE_SERVER_ERROR'],
  ['/apis/apps/v1/namespaces/default/deployments', 'KUBE_NOT_FOUND'],
  ['/apis/networking.k8s.io/v1/ipaddresses', 'KUBE_NOT_FOUND'],
  ['/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/ours', 'KUBE_NOT_FOUND'],
]
for (const [path, expected] of PAGES)
  t.test(`a 404 page for ${path}`, async t => {
    t.match(toKubeError({ path }, 404, PAGE, null), { code: expected, fields: { status: 404 } })
    const found = toKubeError({ path }, 404, status({ reason: 'NotFound', message: 'no' }), null)
    t.equal(found.code, 'KUBE_NOT_FOUND', 'an answer of the API server')
  })
