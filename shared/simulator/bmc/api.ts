import type { Account, World } from './store.ts'

/** Scopes of the official security sections; `bmc` includes `bmc.read`, `tags` includes `tags.read`. */
export const SCOPES = ['bmc', 'bmc.read', 'tags', 'tags.read'] as const
export type Scope = (typeof SCOPES)[number]

export type Query = Readonly<Record<string, string | string[] | undefined>>

/** One request as a route sees it: authorised, its path parameters decoded, its body parsed but not checked. */
export interface Call {
  readonly world: World
  readonly account: Account
  readonly params: Readonly<Record<string, string>>
  /** A parameter given several times is a list. */
  readonly query: Query
  readonly body: unknown
}

/** Without `body` the answer has none. A string is answered as a JSON string. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
}

/** One operation of the API. `path` as the OpenAPI files write it: `/bmc/v1/servers/{serverId}`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Scope that a token needs; `none`: open to everybody. */
  readonly scope: Scope | 'none'
  handle(call: Call): Answer
}

/** A refusal in the API's own form: `{message, validationErrors?}`. */
export class ApiError extends Error {
  readonly status: number
  readonly validationErrors: readonly string[] | undefined

  constructor(status: number, message: string, validationErrors?: readonly string[]) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.validationErrors = validationErrors
  }
}

/** What the API answers for an id that does not exist, or belongs to another account: never a 404. */
export const forbidden = (): ApiError => new ApiError(403, 'Access to the requested resource is denied.')

/** An operation that the object's present state does not allow. */
export const conflict = (message: string): ApiError => new ApiError(409, message)

/** Wrong data that only the store can tell. */
export const badRequest = (problem: string): ApiError =>
  new ApiError(400, 'The request contains invalid data.', [problem])

/** Row of `rows` by the path parameter `name`. @throws ApiError 403 */
export function rowOf<T>(rows: ReadonlyMap<string, T>, call: Call, name: string): T {
  const row = rows.get(call.params[name] ?? '')
  if (row === undefined) throw forbidden()
  return row
}

/** Whether the query has `force=true`. @throws ApiError 400 for anything but a boolean */
export function isForced(call: Call): boolean {
  const { force } = call.query
  if (force === undefined || force === 'false') return false
  if (force === 'true') return true
  throw badRequest('force must be a boolean')
}
