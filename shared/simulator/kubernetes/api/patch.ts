import { copyOf, type Fields, isFields } from '../json.ts'
import { toObject } from '../lifecycle.ts'
import { type KubeObject, nameOf } from '../objects.ts'
import { applyJsonPatch, PatchError } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { applyStrategicMerge, StrategicMergeError } from '../patch/strategic-merge.ts'
import type { Resource } from '../resources.ts'
import {
  ApiError,
  badRequest,
  invalid,
  invalidValue,
  patchRejected,
  unsupportedMediaType,
} from '../status.ts'
import { toShown, toStored } from './body.ts'
import type { ApiRequest, HttpRequest } from './request.ts'

/** Turns the stored object into the wanted one, as often as the write is tried. */
export type Transform = (old: KubeObject) => KubeObject

const CUSTOM_ACCEPTED =
  'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml'

/**
 * The patch in the request's body, read once.
 *
 * @throws ApiError 400 and 415; the transform throws 400 and 422
 */
export function readPatch(request: ApiRequest): Transform {
  const { shown, http } = request
  switch (http.contentType) {
    case 'application/json-patch+json':
      return jsonPatch(request, parsePatch(http))
    case 'application/merge-patch+json': {
      const patch = expectFields(parsePatch(http))
      return old => decodePatched(request, old, applyMergePatch(copyOf(toShown(request, old)), patch))
    }
    case 'application/strategic-merge-patch+json': {
      if (shown.custom)
        throw unsupportedMediaType(
          `the body of the request was in an unknown format - accepted media types include: ${CUSTOM_ACCEPTED}`,
        )
      const patch = expectFields(parsePatch(http))
      return old => decodePatched(request, old, strategic(shown, toShown(request, old), patch))
    }
    default:
      throw new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
  }
}

function jsonPatch(request: ApiRequest, operations: unknown): Transform {
  if (!Array.isArray(operations))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    )
  return old => {
    try {
      return decodePatched(request, old, applyJsonPatch(toShown(request, old), operations))
    } catch (error) {
      if (error instanceof PatchError) throw patchRejected()
      throw error
    }
  }
}

function strategic(resource: Resource, old: KubeObject, patch: Fields): Fields {
  try {
    return applyStrategicMerge(resource.schema, copyOf(old), patch)
  } catch (error) {
    if (error instanceof StrategicMergeError) throw unusable(patch, error.message)
    throw error
  }
}

const unusable = (document: unknown, why: string): ApiError =>
  invalid({ group: '', what: '' }, '', [invalidValue('patch', JSON.stringify(document), why)])

function parsePatch(http: HttpRequest): unknown {
  try {
    return JSON.parse(http.body.toString())
  } catch {
    throw badRequest('error decoding patch: unexpected end of JSON input')
  }
}

function expectFields(patch: unknown): Fields {
  if (!isFields(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    )
  return patch
}

/** The patched document as an object again, unknown fields treated as the client asked. */
function decodePatched(request: ApiRequest, old: KubeObject, document: unknown): KubeObject {
  const { shown, http, warnings } = request
  const fields = expectFields(document)
  const { object, unknown } = decodeOr422(shown, fields)
  const complaints = unknown.map(path => `unknown field ${JSON.stringify(path)}`)
  const mode = http.query.get('fieldValidation') ?? 'Warn'
  if (complaints.length > 0 && mode === 'Strict')
    throw unusable(fields, `strict decoding error: ${complaints.join(', ')}`)
  if (mode === 'Warn') for (const text of complaints) if (!warnings.includes(text)) warnings.push(text)
  return sameIdentity(old, toStored(request, object))
}

function decodeOr422(resource: Resource, document: Fields): { object: KubeObject; unknown: string[] } {
  try {
    return toObject(resource, document)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw unusable(document, error.message.replace(/^.* cannot be handled as a \w+: /, ''))
  }
}

/** @throws ApiError 400 when the patch renames the object or moves it */
function sameIdentity(old: KubeObject, object: KubeObject): KubeObject {
  const [wanted, is] = [nameOf(object), nameOf(old)]
  if (wanted !== is)
    throw badRequest(`the name of the object (${wanted}) does not match the name on the URL (${is})`)
  if (object.metadata.namespace !== old.metadata.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  return object
}
