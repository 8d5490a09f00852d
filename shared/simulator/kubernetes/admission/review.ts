import { randomUUID } from 'node:crypto'
import { type Fields, fieldsOf, isFields, textOf, textsOf } from '../json.ts'
import type { AdmissionRequest } from './admission.ts'

/** The `request` of an admission.k8s.io/v1 AdmissionReview. */
export function reviewRequest(request: AdmissionRequest): Fields {
  const { group, version, kind, resource } = request.resource
  const groupVersionKind = { group, version, kind }
  const groupVersionResource = { group, version, resource }
  const subresource = request.subresource === '' ? {} : { subResource: request.subresource }
  const { uid, username, groups } = request.user
  return {
    uid: randomUUID(),
    kind: groupVersionKind,
    resource: groupVersionResource,
    ...subresource,
    requestKind: groupVersionKind,
    requestResource: groupVersionResource,
    ...(request.subresource === '' ? {} : { requestSubResource: request.subresource }),
    ...(request.name === '' ? {} : { name: request.name }),
    ...(request.namespace === '' ? {} : { namespace: request.namespace }),
    operation: request.operation,
    userInfo: { username, ...(uid === '' ? {} : { uid }), groups },
    object: request.object ?? null,
    oldObject: request.oldObject ?? null,
    dryRun: request.dryRun,
    options: request.options,
  }
}

const invalidResponse = (why: string): Error => new Error(`received invalid webhook response: ${why}`)
const callFailed = (why: string): Error => new Error(`failed to call webhook: ${why}`)

/** What a webhook said, checked for form. */
export interface ReviewResponse {
  readonly allowed: boolean
  /** status of a refusal. */
  readonly message: string
  readonly reason: string
  readonly code: number
  readonly warnings: readonly string[]
  /** Operations of the JSON patch; undefined when there is none. */
  readonly patch: readonly unknown[] | undefined
}

/**
 * The response of a webhook.
 *
 * @throws Error when it is no AdmissionReview for this request
 */
export function parseReviewResponse(text: string, uid: string): ReviewResponse {
  const { apiVersion, kind, response } = fieldsOf(parseJson(text))
  if (kind !== 'AdmissionReview' || apiVersion !== 'admission.k8s.io/v1')
    throw callFailed(
      `converting (${textOf(apiVersion).split('/').at(-1)}.${textOf(kind)}) to (v1.AdmissionReview): unknown conversion`,
    )
  if (!isFields(response)) throw invalidResponse('webhook response was absent')
  if (response.uid !== uid)
    throw invalidResponse(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(textOf(response.uid))}`,
    )
  const { message, reason, code } = fieldsOf(response.status)
  return {
    allowed: response.allowed === true,
    message: textOf(message),
    reason: textOf(reason),
    code: typeof code === 'number' ? code : 0,
    warnings: textsOf(response.warnings),
    patch: parsePatch(response),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw callFailed(`couldn't get version/kind; json parse error: no JSON in ${text.length} characters`)
  }
}

function parsePatch({ patch, patchType }: Fields): readonly unknown[] | undefined {
  if (textOf(patch) === '' && textOf(patchType) === '') return undefined
  if (textOf(patch) === '')
    throw invalidResponse('webhook returned response.patchType but not response.patch')
  if (textOf(patchType) === '')
    throw invalidResponse('webhook returned response.patch but not response.patchType')
  if (patchType !== 'JSONPatch')
    throw invalidResponse(`webhook returned invalid response.patchType of ${JSON.stringify(patchType)}`)
  const operations = parseJson(Buffer.from(textOf(patch), 'base64').toString())
  if (!Array.isArray(operations)) throw invalidResponse('the patch is no list')
  return operations
}
