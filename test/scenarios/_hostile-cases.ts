import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { createFakeNode } from '../support/fake-kubelet.ts'
import { WEBHOOK_TOKEN } from '../support/served.ts'
import type { HostileCall } from './_hostile.ts'

/** The token before this one. */
export const PREVIOUS = 'webhook-token-of-yesterday'
export const LIMIT = 65_536
const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' })
const right = bearer(WEBHOOK_TOKEN)
const secretPath = `/admission/${admissionPathSecret(WEBHOOK_TOKEN)}`

/** An AdmissionReview of a Node CREATE, changed as given. */
export const review = (request: object = {}, envelope: object = {}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'review-1',
      resource: { group: '', version: 'v1', resource: 'nodes' },
      operation: 'CREATE',
      name: 'hostile',
      object: createFakeNode('hostile'),
      ...request,
    },
    ...envelope,
  })
const batch = (items: unknown = [], envelope: object = {}): string =>
  JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'EventList', items, ...envelope })
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

export interface HostileCase extends HostileCall {
  readonly name: string
  readonly status: number
  /** Of the error; absent: the answer is a review that lets its object through unchanged, or a count. */
  readonly code?: string
}

const UNAUTHENTICATED = { status: 401, code: 'WEBHOOK_UNAUTHENTICATED' } as const
const INVALID = { status: 400, code: 'WEBHOOK_BODY_INVALID' } as const
const VERSION = { status: 400, code: 'WEBHOOK_VERSION_UNSUPPORTED' } as const
const NOT_FOUND = { status: 404, code: 'WEBHOOK_NOT_FOUND' } as const
const TOO_LARGE = { status: 413, code: 'WEBHOOK_BODY_TOO_LARGE' } as const
export const METHOD = { status: 405, code: 'WEBHOOK_METHOD_NOT_ALLOWED' } as const

export const HOSTILE_CASES: readonly HostileCase[] = [
  { name: 'no token', path: '/admission', body: review(), ...UNAUTHENTICATED },
  { name: 'no token for audit', path: '/audit', body: batch(), ...UNAUTHENTICATED },
  { name: 'a wrong token', path: '/admission', headers: bearer('wrong'), body: review(), ...UNAUTHENTICATED },
  {
    name: 'half a token',
    path: '/admission',
    headers: bearer(WEBHOOK_TOKEN.slice(0, 9)),
    body: review(),
    ...UNAUTHENTICATED,
  },
  {
    name: 'another scheme',
    path: '/admission',
    headers: { authorization: `Basic ${WEBHOOK_TOKEN}` },
    body: review(),
    ...UNAUTHENTICATED,
  },
  { name: 'the token as a path', path: `/admission/${WEBHOOK_TOKEN}`, body: review(), ...UNAUTHENTICATED },
  {
    name: 'the token as a query',
    path: `/admission?token=${WEBHOOK_TOKEN}`,
    body: review(),
    ...UNAUTHENTICATED,
  },
  { name: 'a wrong path secret', path: `${secretPath}0`, body: review(), ...UNAUTHENTICATED },
  {
    name: 'the path secret as a bearer',
    path: '/admission',
    headers: bearer(admissionPathSecret(WEBHOOK_TOKEN)),
    body: review(),
    ...UNAUTHENTICATED,
  },
  {
    name: 'the path secret as a bearer of audit',
    path: '/audit',
    headers: bearer(admissionPathSecret(WEBHOOK_TOKEN)),
    body: batch(),
    ...UNAUTHENTICATED,
  },
  {
    name: 'the path secret behind audit',
    path: secretPath.replace('admission', 'audit'),
    body: batch(),
    ...NOT_FOUND,
  },
  {
    name: 'a body beyond the limit without a token',
    path: '/admission',
    body: ' '.repeat(LIMIT + 1),
    ...UNAUTHENTICATED,
  },
  {
    name: 'a body beyond the limit',
    path: '/admission',
    headers: right,
    body: review({ padding: 'x'.repeat(LIMIT) }),
    ...TOO_LARGE,
  },
  {
    name: 'a body beyond the limit for audit',
    path: '/audit',
    headers: right,
    body: batch([{ padding: 'x'.repeat(LIMIT) }]),
    ...TOO_LARGE,
  },
  { name: 'no body', path: '/admission', headers: right, ...INVALID },
  { name: 'no JSON', path: '/admission', headers: right, body: 'uid=1', ...INVALID },
  { name: 'half of its JSON', path: '/admission', headers: right, body: review().slice(0, 100), ...INVALID },
  { name: 'JSON that is no object', path: '/admission', headers: right, body: '[]', ...INVALID },
  { name: 'null', path: '/admission', headers: right, body: 'null', ...INVALID },
  { name: 'deep JSON', path: '/admission', headers: right, body: nested(30_000), ...INVALID },
  {
    name: 'deep JSON in a review',
    path: '/admission',
    headers: right,
    body: `{"kind":"AdmissionReview","request":${nested(30_000)}}`,
    ...VERSION,
  },
  { name: 'deep JSON for audit', path: '/audit', headers: right, body: nested(30_000), ...INVALID },
  {
    name: 'a review of another version',
    path: '/admission',
    headers: right,
    body: review({}, { apiVersion: 'admission.k8s.io/v1beta1' }),
    ...VERSION,
  },
  {
    name: 'events of another version',
    path: '/audit',
    headers: right,
    body: batch([], { apiVersion: 'audit.k8s.io/v1beta1' }),
    ...VERSION,
  },
  { name: 'a review sent to audit', path: '/audit', headers: right, body: review(), ...INVALID },
  { name: 'events sent to admission', path: '/admission', headers: right, body: batch(), ...INVALID },
  {
    name: 'a review without a uid',
    path: '/admission',
    headers: right,
    body: review({ uid: '' }),
    ...INVALID,
  },
  {
    name: 'a review of a Pod',
    path: '/admission',
    headers: right,
    body: review({ resource: { group: '', resource: 'pods' } }),
    status: 200,
  },
  {
    name: 'a review of a Node of somebody else',
    path: '/admission',
    headers: right,
    body: review({ resource: { group: 'x.io', resource: 'nodes' } }),
    status: 200,
  },
  {
    name: 'a review of an update',
    path: '/admission',
    headers: right,
    body: review({ operation: 'UPDATE' }),
    status: 200,
  },
  {
    name: 'a review without an object',
    path: '/admission',
    headers: right,
    body: review({ object: null }),
    status: 200,
  },
  {
    name: 'a review of a text',
    path: '/admission',
    headers: right,
    body: review({ object: 'node' }),
    status: 200,
  },
  {
    name: 'a Node with nothing as it should be',
    path: '/admission',
    headers: right,
    body: review({ object: { metadata: { name: 7, labels: [] }, spec: { taints: 'no' }, status: 3 } }),
    status: 200,
  },
  {
    name: 'a Node whose taints are null',
    path: '/admission',
    headers: right,
    body: review({ object: { metadata: { name: 'a' }, spec: { taints: [null] } } }),
    status: 200,
  },
  {
    name: 'a Node with the name of a prototype',
    path: '/admission',
    headers: right,
    body: review({ object: createFakeNode('__proto__') }),
    status: 200,
  },
  { name: 'a Node that no server is', path: secretPath, body: review(), status: 200 },
  {
    name: 'a Node with the token before',
    path: '/admission',
    headers: bearer(PREVIOUS),
    body: review(),
    status: 200,
  },
  {
    name: 'a Node with the path secret before',
    path: `/admission/${admissionPathSecret(PREVIOUS)}`,
    body: review(),
    status: 200,
  },
  {
    name: 'events that are none',
    path: '/audit',
    headers: right,
    body: batch([null, 7, 'a', [], {}, { objectRef: 'nodes' }]),
    status: 200,
  },
  { name: 'items that are no list', path: '/audit', headers: right, body: batch('all'), ...INVALID },
  { name: 'GET', method: 'GET', path: '/admission', headers: right, ...METHOD },
  { name: 'PUT', method: 'PUT', path: '/audit', headers: right, body: batch(), ...METHOD },
  { name: 'DELETE', method: 'DELETE', path: secretPath, ...METHOD },
  { name: 'an unknown path', path: '/', headers: right, ...NOT_FOUND },
  { name: 'a path beyond', path: `${secretPath}/more`, body: review(), ...NOT_FOUND },
  { name: 'a path that climbs', path: '/admission/..%2faudit', body: batch(), ...UNAUTHENTICATED },
  { name: 'a path that cannot be decoded', path: '/admission/%zz', body: review(), ...NOT_FOUND },
  { name: 'a secret to health', method: 'POST', path: '/healthz', headers: right, ...NOT_FOUND },
]
