import { CcmError } from '../errors.ts'
import { toPrintable } from '../printable.ts'
import type { JsonPatch } from './types.ts'

/** The one version of reviews that is spoken; v1beta1 is gone since Kubernetes 1.22. */
const API_VERSION = 'admission.k8s.io/v1'
/** The API server cuts a longer warning, and drops all of them past 4,096 characters together. */
const MAX_WARNING = 256
const MAX_WARNINGS_TOTAL = 4096

/** What is used of an AdmissionReview's request. */
export interface ReviewRequest {
  /** Goes back in the answer; never empty. */
  readonly uid: string
  /** As in the API path: group '' for the core one. */
  readonly group: string
  readonly resource: string
  readonly subResource: string
  /** CREATE, UPDATE, DELETE or CONNECT. */
  readonly operation: string
  readonly dryRun: boolean
  /** Empty for what lies in no namespace. */
  readonly namespace: string
  /** May be empty: a CREATE with generateName has none yet. */
  readonly name: string
  /** undefined on DELETE. */
  readonly object: unknown
  /** undefined on CREATE. */
  readonly oldObject: unknown
}

/** What the API server is told: every review of ours is allowed, with or without a change. */
export interface ReviewVerdict {
  readonly patch?: JsonPatch | undefined
  readonly warnings?: readonly string[] | undefined
}

/** An AdmissionReview as it is answered. */
export interface ReviewAnswer {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'AdmissionReview'
  readonly response: {
    readonly uid: string
    readonly allowed: true
    readonly patchType?: 'JSONPatch'
    /** base64 of the JSON patch. */
    readonly patch?: string
    readonly warnings?: readonly string[]
  }
}

/**
 * The request in the text of an AdmissionReview.
 *
 * @throws CcmError WEBHOOK_BODY_INVALID, WEBHOOK_VERSION_UNSUPPORTED
 */
export function readReview(text: string): ReviewRequest {
  const review = readEnvelope(text, 'AdmissionReview', API_VERSION)
  const request = toRecord(review['request'])
  const uid = request['uid']
  if (typeof uid !== 'string' || uid === '') {
    throw new CcmError('WEBHOOK_BODY_INVALID', 'the AdmissionReview has no request.uid')
  }
  const resource = toRecord(request['resource'])
  return {
    uid,
    group: toText(resource['group']),
    resource: toText(resource['resource']),
    subResource: toText(request['subResource']),
    operation: toText(request['operation']),
    dryRun: request['dryRun'] === true,
    namespace: toText(request['namespace']),
    name: toText(request['name']),
    object: request['object'] ?? undefined,
    oldObject: request['oldObject'] ?? undefined,
  }
}

/** The answer to a review. No patch at all when there is nothing to change: an empty one costs a conversion. */
export function toReviewAnswer(uid: string, verdict: ReviewVerdict = {}): ReviewAnswer {
  const { patch = [] } = verdict
  const warnings = limitWarnings(verdict.warnings ?? [])
  return {
    apiVersion: API_VERSION,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      ...(patch.length === 0
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  }
}

/** Warnings that arrive whole: they travel in HTTP headers, and the API server drops one with a control character. */
function limitWarnings(warnings: readonly string[]): readonly string[] {
  let left = MAX_WARNINGS_TOTAL
  return warnings
    .map(warning => toPrintable(warning).replaceAll(/\s+/g, ' ').trim().slice(0, MAX_WARNING))
    .filter(warning => {
      left -= warning.length
      return warning !== '' && left >= 0
    })
}

/**
 * The JSON object in a webhook's body, of the given kind and version.
 *
 * @throws CcmError WEBHOOK_BODY_INVALID, WEBHOOK_VERSION_UNSUPPORTED; their messages repeat nothing of the body but
 *   its kind and version
 */
export function readEnvelope(text: string, kind: string, apiVersion: string): Record<string, unknown> {
  const body = toRecord(parseJson(text))
  if (body['kind'] !== kind) {
    throw new CcmError('WEBHOOK_BODY_INVALID', `the body is no ${kind}`)
  }
  if (body['apiVersion'] !== apiVersion) {
    const given = toText(body['apiVersion']).slice(0, 100) || 'none'
    throw new CcmError('WEBHOOK_VERSION_UNSUPPORTED', `the ${kind} is of version ${given}, not ${apiVersion}`)
  }
  return body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message repeats a piece of the body.
    throw new CcmError('WEBHOOK_BODY_INVALID', 'the body is no JSON')
  }
}

/** The value as an object; an empty one where it is something else. */
export const toRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}

/** The value as a text; an empty one where it is something else. */
export const toText = (value: unknown): string => (typeof value === 'string' ? value : '')
