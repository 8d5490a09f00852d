import { fieldsOf, isFields } from '../json.ts'
import { type KubeObject, nameOf, namespaceOf } from '../objects.ts'
import { apiVersionOf, type Resource, subjectOf } from '../resources.ts'
import { parseFieldSelector, parseLabelSelector } from '../selectors.ts'
import { ApiError, badRequest, forbiddenField, gone, invalid, notFound } from '../status.ts'
import type { ObjectStore } from '../store.ts'
import type { Answer, ApiRequest } from './request.ts'

/** A list as it was at one version. */
interface Snapshot {
  readonly version: number
  readonly objects: readonly KubeObject[]
}

/** The reading verbs besides watch. Each throws ApiError. */
export interface Reader {
  get(request: ApiRequest): Answer
  list(request: ApiRequest): Answer
  /** The objects that the request's namespace and selectors select, now. */
  select(request: ApiRequest): KubeObject[]
}

/** Continued lists read from a snapshot; this many are kept, older ones are expired. */
const MAX_SNAPSHOTS = 64

export function createReader(store: ObjectStore): Reader {
  const snapshots = new Map<string, Snapshot>()

  function get({ resource, namespace, name }: ApiRequest): Answer {
    const object = store.get(resource, namespace, name)
    if (object === undefined) throw notFound(subjectOf(resource), name)
    return { status: 200, body: object }
  }

  const select = (request: ApiRequest): KubeObject[] => current(request).filter(testOf(request))

  const current = ({ resource, namespace }: ApiRequest): KubeObject[] =>
    store.list(resource, namespace === '' ? undefined : namespace)

  function list(request: ApiRequest): Answer {
    const { query } = request.http
    const test = testOf(request)
    checkVersionOptions(query, store.version())
    const limit = parseLimit(query.get('limit'))
    const token = query.get('continue') ?? ''
    const { snapshot, start } = token === '' ? fresh(request) : resume(request, token)
    const rest = snapshot.objects.filter(object => keyOf(object) > start)
    const matching = rest.filter(test)
    const page = limit === 0 ? matching : matching.slice(0, limit)
    const last = page.at(-1)
    // Objects that do not match count as well: the last page of a selection may be empty.
    const more = limit > 0 && page.length === limit && last !== undefined && last !== rest.at(-1)
    if (more) remember(request.resource, request.namespace, snapshot)
    const filtered = query.has('labelSelector') || query.has('fieldSelector')
    const metadata = {
      resourceVersion: String(snapshot.version),
      ...(request.resource.custom ? { continue: '' } : {}),
      ...(more ? { continue: toToken(snapshot.version, keyOf(last)) } : {}),
      ...(more && !filtered ? { remainingItemCount: matching.length - page.length } : {}),
    }
    return { status: 200, body: listObject(request.resource, metadata, page) }
  }

  function fresh(request: ApiRequest): { snapshot: Snapshot; start: string } {
    return { snapshot: { version: store.version(), objects: current(request) }, start: '' }
  }

  function resume(request: ApiRequest, token: string): { snapshot: Snapshot; start: string } {
    const { version, start } = fromToken(token)
    const known = snapshots.get(snapshotKey(request.resource, request.namespace, version))
    if (known !== undefined && version >= store.oldestVersion()) return { snapshot: known, start }
    throw gone(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    )
  }

  function remember(resource: Resource, namespace: string, snapshot: Snapshot): void {
    const key = snapshotKey(resource, namespace, snapshot.version)
    snapshots.delete(key)
    snapshots.set(key, snapshot)
    const oldest = snapshots.keys().next().value
    if (snapshots.size > MAX_SNAPSHOTS && oldest !== undefined) snapshots.delete(oldest)
  }

  return { get, list, select }
}

const snapshotKey = ({ group, resource }: Resource, namespace: string, version: number): string =>
  `${group}/${resource}/${namespace}/${version}`

const keyOf = (object: KubeObject): string => `${namespaceOf(object)}/${nameOf(object)}`

/** Test of the request's label and field selectors. */
export function testOf({ resource, http }: ApiRequest): (object: KubeObject) => boolean {
  const labels = parseLabelSelector(http.query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(resource, http.query.get('fieldSelector') ?? '')
  return object => labels(object.metadata.labels ?? {}) && fields(object)
}

/** Items of built-in kinds carry neither kind nor apiVersion, those of custom resources do. */
export function listObject(resource: Resource, metadata: unknown, objects: readonly KubeObject[]): unknown {
  const items = resource.custom
    ? objects
    : objects.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest)
  return { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items }
}

function parseLimit(text: string | null): number {
  if (text === null || text === '') return 0
  if (!/^-?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/** @throws ApiError 400, 422, 504 */
function checkVersionOptions(query: URLSearchParams, current: number): void {
  const version = query.get('resourceVersion') ?? ''
  if (version === '') {
    if (query.has('resourceVersionMatch'))
      throw listOptionsInvalid('resourceVersionMatch is forbidden unless resourceVersion is provided')
    return
  }
  if (!/^\d+$/.test(version))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    )
  if (Number(version) > current) throw versionTooLarge(version, current)
}

export const listOptionsInvalid = (why: string): ApiError =>
  invalid({ group: 'meta.k8s.io', what: 'ListOptions' }, '', [forbiddenField('resourceVersionMatch', why)])

const versionTooLarge = (version: string, current: number): ApiError =>
  new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${version}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })

/** The real server's own form of the token. */
const toToken = (version: number, start: string): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: `${start}\u0000` })).toString(
    'base64url',
  )

function fromToken(token: string): { version: number; start: string } {
  const { rv, start } = fieldsOf(parseToken(token))
  if (typeof rv !== 'number' || typeof start !== 'string')
    throw badRequest(
      'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    )
  return { version: rv, start: start.replace(/\0$/, '') }
}

function parseToken(token: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    return isFields(value) ? value : {}
  } catch (error) {
    throw badRequest(
      `invalid continue token: continue key is not valid: ${error instanceof Error ? error.message : ''}`,
    )
  }
}
