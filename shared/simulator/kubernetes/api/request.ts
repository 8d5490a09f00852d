import type { User } from '../objects.ts'
import type { Resource, ResourceTable } from '../resources.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** An HTTP request as far as the API server cares. */
export interface HttpRequest {
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Buffer
  /** Lower-case media type without parameters; empty when there is none. */
  readonly contentType: string
  readonly accept: string
  readonly authorization: string
  readonly userAgent: string
  readonly sourceAddress: string
  readonly auditId: string
  /** Milliseconds since 1970 at which it arrived. */
  readonly at: number
  /** Aborts when the client has gone or the server closes. */
  readonly signal: AbortSignal
}

/** What a URL below /api or /apis names. */
export interface Target {
  readonly verb: Verb
  readonly group: string
  readonly version: string
  /** Plural name, as in the URL, whether it is served or not. */
  readonly plural: string
  readonly resource: Resource | undefined
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

/** A request for a resource that is served, by a user who may make it. */
export interface ApiRequest extends Target {
  /** What is stored. */
  readonly resource: Resource
  /** What the client sees: the same, or a view of it. */
  readonly shown: Resource
  readonly http: HttpRequest
  readonly user: User
  readonly dryRun: boolean
  /** Sent back as Warning headers. */
  readonly warnings: string[]
}

/** What is sent back. A stream writes its own body until it ends. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly contentType?: string
  readonly stream?: (write: (chunk: string) => void, signal: AbortSignal) => Promise<void>
}

const VERBS: Readonly<Record<string, readonly [collection: Verb | undefined, single: Verb | undefined]>> = {
  GET: ['list', 'get'],
  HEAD: ['list', 'get'],
  POST: ['create', 'create'],
  PUT: [undefined, 'update'],
  PATCH: [undefined, 'patch'],
  DELETE: ['deletecollection', 'delete'],
}

/**
 * What the request is about; undefined when the path names no resource (discovery, health, unknown).
 * `method` tells nothing for a collection when the verb is undefined: the caller answers 405.
 */
export function parseTarget(
  table: ResourceTable,
  http: HttpRequest,
): (Target | { verb: undefined }) | undefined {
  const parts = http.path
    .split('/')
    .filter(part => part !== '')
    .map(decodeURIComponent)
  const prefix = parts[0] === 'api' ? 2 : parts[0] === 'apis' ? 3 : undefined
  if (prefix === undefined || parts.length <= prefix) return undefined
  const [group, version] = prefix === 2 ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? '']
  const rest = parts.slice(prefix)
  const legacyWatch = rest[0] === 'watch'
  const place = placeOf(legacyWatch ? rest.slice(1) : rest)
  const verb = verbOf(http, place.name, legacyWatch)
  if (verb === undefined) return { verb: undefined }
  const resource = table.find(group, version, place.plural)
  const name =
    place.name === '' && (verb === 'list' || verb === 'watch') ? selectedName(http.query) : place.name
  return { ...place, verb, group, version, resource, name }
}

interface Place {
  readonly namespace: string
  readonly plural: string
  readonly name: string
  readonly subresource: string
}

function placeOf(parts: readonly string[]): Place {
  const [first = '', second = '', third, ...more] = parts
  const isNamespaceItself =
    first === 'namespaces' && (third === undefined || third === 'status' || third === 'finalize')
  if (first === 'namespaces' && !isNamespaceItself)
    return {
      namespace: second,
      plural: third ?? '',
      name: more[0] ?? '',
      subresource: more.slice(1).join('/'),
    }
  return {
    namespace: isNamespaceItself ? second : '',
    plural: first,
    name: second,
    subresource: [third ?? '', ...more].filter(part => part !== '').join('/'),
  }
}

function verbOf(http: HttpRequest, name: string, legacyWatch: boolean): Verb | undefined {
  const [collection, single] = VERBS[http.method] ?? []
  if (http.method === 'GET' && (legacyWatch || (name === '' && isTrue(http.query.get('watch')))))
    return 'watch'
  return name === '' ? collection : single
}

/** As Go's ParseBool, and a bare `?watch`. */
export const isTrue = (value: string | null): boolean =>
  value !== null && ['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)

/** A list or watch of a single name counts as a request for that name (Node authorizer, audit). */
function selectedName(query: URLSearchParams): string {
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? ''
}
